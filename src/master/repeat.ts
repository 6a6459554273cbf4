import { errorCode } from '../base/errors.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'

const repeatMaxMs = 30 * SECOND_MS

/**
 * Runs a metadata command until its outcome is known: each command says how a repeat recognises what has happened already. Gives up
 * with `outcome-unknown` after 30 s.
 */
export async function repeatUntilKnown<T>(clock: Clock, run: () => Promise<T>): Promise<T> {
  const startedMs = clock.monotonicMs()
  for (let waitMs = 10; ; waitMs = Math.min(waitMs * 2, SECOND_MS)) {
    try {
      return await run()
    } catch (error) {
      if (errorCode(error) !== 'outcome-unknown' || clock.monotonicMs() - startedMs > repeatMaxMs) throw error
      await clock.sleep(waitMs)
    }
  }
}
