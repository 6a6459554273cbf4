import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../base/assert.ts'
import { errorCode } from '../../base/errors.ts'
import { parseDataId, parseGroupId } from '../../base/ids.ts'
import { SeededRandom } from '../../base/random.ts'
import { decodeHeartbeatReply, decodeRegisterReply, encodeHeartbeatReply } from './membership.ts'
import {
  decodeAdoptedGroups,
  decodeHeld,
  decodeListHeld,
  encodeAdoptedGroups,
  encodeHeld,
  encodeListHeld,
  heldPerPage,
} from './recovery.ts'

const group = defined(parseGroupId(7), 'group')
const dataId = defined(parseDataId('0123456789abcdef0123456789abcdef'), 'data id')
const history = 'a'.repeat(32)
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const isRefused = (error: unknown): boolean => errorCode(error) === 'protocol-error'

describe('the messages of a rebuild of metadata', () => {
  test('come back as they were', () => {
    const after = { dataId, block: 0xffff_ffff, column: 15 }
    for (const request of [
      { group, limit: 1 },
      { group, after, limit: heldPerPage },
    ])
      assert.deepEqual(decodeListHeld(encodeListHeld(request)), request)
    for (const request of [{ limit: 128 }, { after: group, limit: 1 }])
      assert.deepEqual(decodeAdoptedGroups(encodeAdoptedGroups(request)), request)
    const held = Array.from({ length: heldPerPage }, (_, index) => ({
      dataId,
      block: index,
      column: index % 16,
      recordBytes: 2 * index,
    }))
    assert.deepEqual(decodeHeld(encodeHeld(held)), held)
  })

  test('are these bytes', () => {
    const bytes = encodeHeld([{ dataId, block: 0x0102_0304, column: 5, recordBytes: 6 }])
    assert.equal(Buffer.from(bytes).toString('hex'), `${dataId}040302010506000000`)
    const request = encodeListHeld({ group, after: { dataId, block: 1, column: 2 }, limit: 3 })
    const text = `{"group":7,"after":{"dataId":"${dataId}","block":1,"column":2},"limit":3}`
    assert.equal(Buffer.from(request).toString(), text)
  })

  test('ask for a page at most, and for something', () => {
    assert.equal(decodeListHeld(bytesOf({ group, limit: 1e9 })).limit, heldPerPage)
    assert.equal(decodeAdoptedGroups(bytesOf({ limit: 1e9 })).limit, 128)
    assert.throws(() => decodeListHeld(bytesOf({ group, limit: 0 })), isRefused)
    assert.throws(() => decodeAdoptedGroups(bytesOf({ limit: 0 })), isRefused)
  })

  test('are refused where they are rubbish', () => {
    for (const after of ['x', {}, { dataId }, { dataId, block: 2 ** 32, column: 0 }, { dataId, block: 0, column: 256 }])
      assert.throws(() => decodeListHeld(bytesOf({ group, after, limit: 1 })), isRefused, JSON.stringify(after))
    assert.throws(() => decodeHeld(new Uint8Array(24)), isRefused)
    assert.throws(() => decodeHeld(new Uint8Array(25 * (heldPerPage + 1))), isRefused)
    const random = new SeededRandom(1)
    for (let round = 0; round < 200; round++) {
      const bytes = random.bytes(random.below(100))
      assert.throws(() => decodeListHeld(bytes), isRefused)
      assert.throws(() => decodeAdoptedGroups(bytes), isRefused)
      if (bytes.length % 25 !== 0) assert.throws(() => decodeHeld(bytes), isRefused)
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
