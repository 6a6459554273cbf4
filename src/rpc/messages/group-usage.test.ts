// The messages byte by byte, as docs/design/messages.md describes them, and what is refused.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../base/assert.ts'
import { errorCode } from '../../base/errors.ts'
import { parseGroupId } from '../../base/ids.ts'
import type { GroupId } from '../../base/ids.ts'
import {
  decodeGroupUsageRequest,
  decodeHeldGroups,
  encodeGroupUsageRequest,
  encodeHeldGroups,
  groupsPerUsagePage,
} from './group-usage.ts'

const groupId = (value: number): GroupId => defined(parseGroupId(value), 'group')
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const isRefused = (error: unknown): boolean => errorCode(error) === 'protocol-error'

describe('the messages about the usage of groups', () => {
  test('are these bytes', () => {
    assert.equal(text(encodeGroupUsageRequest({ after: undefined, limit: 1000 })), '{"limit":1000}')
    assert.equal(text(encodeGroupUsageRequest({ after: groupId(7), limit: 10 })), '{"after":7,"limit":10}')
    const held = [
      { group: groupId(1), bytes: 0 },
      { group: groupId(4_000_000_000), bytes: 2 ** 45 },
    ]
    assert.equal(
      text(encodeHeldGroups(held)),
      '{"groups":[{"group":1,"bytes":0},{"group":4000000000,"bytes":35184372088832}]}',
    )
  })

  test('come back as they were', () => {
    for (const request of [
      { after: undefined, limit: 1000 },
      { after: groupId(7), limit: 10 },
    ])
      assert.deepEqual(decodeGroupUsageRequest(encodeGroupUsageRequest(request)), request)
    const held = Array.from({ length: groupsPerUsagePage }, (_, index) => ({ group: groupId(index + 1), bytes: index }))
    assert.deepEqual(decodeHeldGroups(encodeHeldGroups(held)), held)
  })

  test('ask for no more than a page, and hold no more', () => {
    assert.equal(decodeGroupUsageRequest(bytesOf({ limit: 1_000_000 })).limit, groupsPerUsagePage)
    const groups = Array.from({ length: groupsPerUsagePage + 1 }, (_, index) => ({ group: index + 1, bytes: 0 }))
    assert.throws(() => decodeHeldGroups(bytesOf({ groups })), isRefused)
  })

  test('are refused where a field is missing or wrong', () => {
    for (const request of [{}, { limit: -1 }, { limit: 1, after: 'x' }, { limit: 1, after: -1 }])
      assert.throws(() => decodeGroupUsageRequest(bytesOf(request)), isRefused, JSON.stringify(request))
    for (const reply of [{}, { groups: [1] }, { groups: [{ group: 1 }] }, { groups: [{ group: 2 ** 32, bytes: 1 }] }])
      assert.throws(() => decodeHeldGroups(bytesOf(reply)), isRefused, JSON.stringify(reply))
    assert.throws(() => decodeHeldGroups(bytesOf({ groups: [{ group: 1, bytes: 0.5 }] })), isRefused)
  })
})
