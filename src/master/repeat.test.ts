import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { FrostError, errorCode } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { repeatUntilKnown } from './repeat.ts'

/** Fails with each code in turn, then succeeds, or goes on with the last one. */
async function outcomeOf(codes: readonly ErrorCode[], ends: 'succeeds' | 'goes on' = 'succeeds'): Promise<string> {
  const time = new VirtualTime()
  let count = 0
  const run = async (): Promise<string> => {
    await Promise.resolve()
    const code = codes[count++] ?? (ends === 'goes on' ? codes.at(-1) : undefined)
    if (code !== undefined) throw new FrostError(code, 'Planted.')
    return `done after ${count}`
  }
  return await time.run(
    repeatUntilKnown(time.createClock(), run).catch((error: unknown) => errorCode(error) ?? 'no FrostError'),
  )
}

describe('a command to metadata', () => {
  test('is repeated while its outcome is unknown, and only then', async () => {
    assert.equal(await outcomeOf([]), 'done after 1')
    assert.equal(await outcomeOf(['outcome-unknown', 'outcome-unknown']), 'done after 3')
    assert.equal(await outcomeOf(['metadata-unavailable']), 'metadata-unavailable')
    assert.equal(await outcomeOf(['precondition-failed']), 'precondition-failed')
    assert.equal(await outcomeOf(['outcome-unknown', 'precondition-failed']), 'precondition-failed')
  })

  test('is not called undone because a repeat of it was', async () => {
    assert.equal(await outcomeOf(['outcome-unknown', 'metadata-unavailable', 'overloaded']), 'done after 4')
    assert.equal(await outcomeOf(['outcome-unknown', 'metadata-unavailable'], 'goes on'), 'outcome-unknown')
  })

  test('is not called undone because a repeat of it came too late to be recognised', async () => {
    assert.equal(await outcomeOf(['upload-expired']), 'upload-expired')
    assert.equal(await outcomeOf(['metadata-unavailable', 'upload-expired']), 'metadata-unavailable')
    assert.equal(await outcomeOf(['outcome-unknown', 'upload-expired']), 'outcome-unknown')
    assert.equal(await outcomeOf(['outcome-unknown', 'overloaded', 'upload-expired']), 'outcome-unknown')
  })

  test('is given up as unknown after a while', async () => {
    assert.equal(await outcomeOf(['outcome-unknown'], 'goes on'), 'outcome-unknown')
  })
})
