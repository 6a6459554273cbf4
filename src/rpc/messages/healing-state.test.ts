import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { defined } from '../../base/assert.ts'
import { errorCode } from '../../base/errors.ts'
import { makeDataId, makeVersionId, parseGroupId, parseWorkerId } from '../../base/ids.ts'
import { decodeHealingState, encodeHealingState } from './healing-state.ts'
import type { HealingState } from './healing-state.ts'
import { decodeStates, decodeVerify, encodeStates, encodeVerify } from './verify.ts'

const group = defined(parseGroupId(7), 'group')
const worker = defined(parseWorkerId('a'.repeat(16)), 'worker')
const state: HealingState = {
  health: {
    fragmentsMissing: 3,
    filesAtRisk: 2,
    filesLost: 1,
    lost: [makeVersionId(1, new Uint8Array(10))],
    unknown: 4,
    comparedAgeMs: 5,
  },
  moves: [{ group, slot: 1, from: worker, to: worker, copied: 9 }],
  rebuilt: { fragments: 1, writtenBytes: 2, readBytes: 3 },
  bytesPerSecond: 1000,
}

describe('messages about healing', () => {
  test('say what is known, and leave away what is not', () => {
    assert.deepEqual(decodeHealingState(encodeHealingState(state)), state)
    const vague = {
      ...state,
      health: { ...state.health, filesAtRisk: undefined, filesLost: undefined, comparedAgeMs: undefined },
    }
    assert.deepEqual(decodeHealingState(encodeHealingState(vague)), vague)
  })

  test('of verification come one for each fragment', () => {
    const request = { group, fragments: [{ dataId: makeDataId(1, new Uint8Array(10)), block: 2, column: 3 }] }
    assert.deepEqual(decodeVerify(encodeVerify(request)), request)
    assert.deepEqual(decodeStates(encodeStates(['damaged']), 1), ['damaged'])
    assert.throws(
      () => decodeStates(encodeStates(['good']), 2),
      (error) => errorCode(error) === 'protocol-error',
    )
  })

  test('of rubbish are refused', () => {
    const decoders = [decodeHealingState, decodeVerify, (bytes: Uint8Array) => decodeStates(bytes, 1)]
    const rubbish = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
    )
    fc.assert(
      fc.property(rubbish, fc.constantFrom(...decoders), (bytes, decode) => {
        assert.throws(
          () => decode(bytes),
          (error) => errorCode(error) === 'protocol-error',
        )
      }),
    )
  })
})
