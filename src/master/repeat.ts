import { FrostError, errorCode } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'

const repeatMaxMs = 30 * SECOND_MS
/** `upload-expired`: the process was expired meanwhile, and what it has asked for is not remembered any more, nor done again. */
const saysNothingOfOthers: ReadonlySet<ErrorCode> = new Set(['metadata-unavailable', 'overloaded', 'upload-expired'])

/**
 * Runs a metadata command until its outcome is known: each command says how a repeat recognises what has happened already. Gives up
 * with `outcome-unknown` after 30 s, and where a repeat comes too late to be recognised.
 */
export async function repeatUntilKnown<T>(clock: Clock, run: () => Promise<T>): Promise<T> {
  const startedMs = clock.monotonicMs()
  let lost: unknown
  for (let waitMs = 10; ; waitMs = Math.min(waitMs * 2, SECOND_MS)) {
    try {
      return await run()
    } catch (error) {
      const code = errorCode(error)
      if (code === 'outcome-unknown') lost = error
      // That a repeat did not happen says nothing of the attempt whose answer was lost.
      else if (lost === undefined || code === undefined || !saysNothingOfOthers.has(code)) throw error
      const isOver = clock.monotonicMs() - startedMs > repeatMaxMs
      if (isOver || code === 'upload-expired') {
        throw new FrostError('outcome-unknown', 'The metadata store did not say whether the change was made.', {
          cause: lost,
        })
      }
      await clock.sleep(waitMs)
    }
  }
}
