// An upload by a client that sends at a steady slow rate, and waits whenever the server does not take more.

import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { seededSlices } from './file-client.ts'

export interface SlowUpload {
  readonly url: string
  readonly name: string
  readonly seed: number
  readonly bytes: number
  readonly bytesPerSecond: number
}

/** The status of the answer. */
export async function uploadSlowly(upload: SlowUpload): Promise<number> {
  const { url, name, seed, bytes, bytesPerSecond } = upload
  const outgoing = request(`${url}/upload?filename=${encodeURIComponent(name)}`, {
    method: 'PUT',
    headers: { 'content-length': bytes },
    agent: false,
  })
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.once('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    outgoing.once('error', reject)
  })
  answered.catch(() => undefined)
  const started = performance.now()
  let sent = 0
  for (const slice of seededSlices(seed, bytes)) {
    if (outgoing.destroyed) break
    if (!outgoing.write(slice)) await Promise.race([once(outgoing, 'drain'), answered])
    sent += slice.length
    const waitMs = started + (sent / bytesPerSecond) * 1000 - performance.now()
    if (waitMs > 0) await sleep(waitMs)
  }
  outgoing.end()
  return await answered
}
