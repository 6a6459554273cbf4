import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../base/assert.ts'
import { errorCode } from '../../base/errors.ts'
import { parseGroupId } from '../../base/ids.ts'
import { SeededRandom } from '../../base/random.ts'
import { decodeHeartbeatReply, decodeRegisterReply, encodeHeartbeatReply } from './membership.ts'
import { decodeAdoptedGroups, encodeAdoptedGroups } from './recovery.ts'

const group = defined(parseGroupId(7), 'group')
const history = 'a'.repeat(32)
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const isRefused = (error: unknown): boolean => errorCode(error) === 'protocol-error'

describe('the messages of a rebuild of metadata', () => {
  test('come back as they were', () => {
    for (const request of [{ limit: 128 }, { after: group, limit: 1 }])
      assert.deepEqual(decodeAdoptedGroups(encodeAdoptedGroups(request)), request)
  })

  test('ask for a page at most, and for something', () => {
    assert.equal(decodeAdoptedGroups(bytesOf({ limit: 1e9 })).limit, 128)
    assert.throws(() => decodeAdoptedGroups(bytesOf({ limit: 0 })), isRefused)
  })

  test('are refused where they are rubbish', () => {
    for (const after of ['x', 0, {}]) assert.throws(() => decodeAdoptedGroups(bytesOf({ after, limit: 1 })), isRefused)
    const random = new SeededRandom(1)
    for (let round = 0; round < 200; round++) {
      const bytes = random.bytes(random.below(100))
      assert.throws(() => decodeAdoptedGroups(bytes), isRefused)
    }
  })
})

describe('what masters tell of the history of the metadata', () => {
  test('comes back as it was, also where there is nothing to tell', () => {
    for (const reply of [
      { masters: ['m'] },
      { masters: [], history: { history, counter: 3, predecessors: [history] } },
    ])
      assert.deepEqual(decodeHeartbeatReply(encodeHeartbeatReply(reply)), reply)
  })

  test('is refused where it is rubbish', () => {
    const rubbish = [
      'x',
      {},
      { history: 'A'.repeat(32), counter: 1, predecessors: [] },
      { history, counter: -1, predecessors: [] },
      { history, counter: 1 },
      { history, counter: 1, predecessors: Array.from({ length: 65 }, () => history) },
    ]
    for (const told of rubbish) {
      assert.throws(() => decodeHeartbeatReply(bytesOf({ masters: [], history: told })), isRefused)
      const reply = { clusterId: 'c'.repeat(32), masters: [], heartbeatMs: 1, history: told }
      assert.throws(() => decodeRegisterReply(bytesOf(reply)), isRefused)
    }
  })
})
