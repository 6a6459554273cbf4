import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryMap } from '../../../sim/ports/key-value.ts'
import type { KeyValueChange } from '../../ports/key-value.ts'
import { followedMax, followersMax } from '../contract/change-metadata.ts'
import { changeKey, sequenceKey } from '../encoding/keys.ts'
import { encodeNumbers } from '../encoding/plain-rows.ts'
import { errorCode } from '../../base/errors.ts'
import { putFollower, trimChanges } from './change-decisions.ts'
import { Draft } from './draft.ts'

const empty = new Uint8Array(0)

function draftOn(map: MemoryMap): Draft {
  return new Draft(map, { gathersRecent: true })
}

test('a follower that is too far behind holds nothing back any more', () => {
  const map = new MemoryMap()
  const last = followedMax + 100
  const changes = [1, 99, 100, 101, 200].map((sequence): KeyValueChange => [changeKey(sequence), empty])
  map.apply({ changes: [...changes, [sequenceKey, encodeNumbers([last])]], result: undefined })
  const follow = draftOn(map)
  putFollower(follow, { name: 'lost', sequence: 0 })
  map.apply(follow.finish(undefined, { unrecorded: true }))
  const trim = draftOn(map)
  assert.equal(trimChanges(trim, { through: 150 }), 3)
  const left = trim.finish(undefined, { unrecorded: true }).changes.map(([key]) => key)
  assert.deepEqual(left, [1, 99, 100].map(changeKey))
})

test('there are so many followers and no more', () => {
  const map = new MemoryMap()
  for (let index = 0; index < followersMax; index++) {
    const draft = draftOn(map)
    putFollower(draft, { name: `f${index}`, sequence: index })
    map.apply(draft.finish(undefined, { unrecorded: true }))
  }
  const isRefused = (error: unknown): boolean => errorCode(error) === 'bad-request'
  assert.throws(() => {
    putFollower(draftOn(map), { name: 'one more', sequence: 1 })
  }, isRefused)
  putFollower(draftOn(map), { name: 'f1', sequence: 500 })
})
