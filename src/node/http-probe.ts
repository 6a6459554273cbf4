// Asks a server on this machine whether it is ready, again and again. With node:http as `require` gives it: `fetch` and an import
// would each load megabytes for a question that is asked once.

import { setTimeout as sleep } from 'node:timers/promises'

const tryEveryMs = 100
const requestTimeoutMs = 2000

/**
 * Resolves to whether `url` answered 200 within `timeoutMs`, `times` times in a row: each question is a connection of its own, which
 * another of several processes may take.
 */
export async function probeUntilOk(url: string, timeoutMs: number, times: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  let answers = 0
  while (performance.now() < deadline) {
    if (await answersOk(url)) {
      answers++
      if (answers >= times) return true
      continue
    }
    answers = 0
    await sleep(tryEveryMs)
  }
  return false
}

async function answersOk(url: string): Promise<boolean> {
  const { get } = process.getBuiltinModule('node:http')
  return await new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: requestTimeoutMs }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })
}
