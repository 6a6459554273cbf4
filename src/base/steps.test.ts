import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { isSteps, runInTurns, runSteps } from './steps.ts'
import type { Steps } from './steps.ts'

const turns = { endOfTurn: (callback: () => void): unknown => setImmediate(callback) }

describe('steps', () => {
  test('run at once, or one a turn, to the same end', async () => {
    const seen: string[] = []
    function* count(name: string): Steps<number> {
      for (let step = 1; step <= 3; step++) {
        seen.push(`${name}${step}`)
        if (step < 3) yield
      }
      return 3
    }
    assert.equal(runSteps(count('a')), 3)
    assert.deepEqual(seen, ['a1', 'a2', 'a3'])
    seen.length = 0
    const both = Promise.all([runInTurns(count('a'), turns), runInTurns(count('b'), turns)])
    assert.deepEqual(seen, ['a1', 'b1'])
    assert.deepEqual(await both, [3, 3])
    assert.deepEqual(seen, ['a1', 'b1', 'a2', 'b2', 'a3', 'b3'])
  })

  test('throw what a step throws', async () => {
    function* fail(): Steps<number> {
      yield
      throw new RangeError('no')
    }
    assert.throws(() => runSteps(fail()), RangeError)
    await assert.rejects(runInTurns(fail(), turns), RangeError)
  })

  test('are told from what comes of them', () => {
    function* some(): Steps<string> {
      yield
      return ''
    }
    assert.ok(isSteps<string>(some()))
    for (const value of [undefined, null, '', 1, [], {}, { next: 'page' }]) assert.ok(!isSteps<unknown>(value))
  })
})
