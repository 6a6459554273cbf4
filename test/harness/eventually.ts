// Waits for what comes about by itself, within a bound.

import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is not `undefined`. */
export async function eventually<T>(
  what: string,
  maxMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + maxMs
  let last = ''
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
      last = ''
    } catch (error) {
      last = `: ${String(error)}`
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${maxMs / 1000} s${last}`)
    await sleep(100)
  }
}
