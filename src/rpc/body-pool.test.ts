import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { AssertionError } from '../base/assert.ts'
import { KIB, MIB } from '../base/units.ts'
import { FixedBodyPool, bodyBytesMax } from './body-pool.ts'
import type { BodyMemory } from './body-pool.ts'
import { SmallBodies } from './small-bodies.ts'

function createPool(bytes: number): FixedBodyPool {
  return new FixedBodyPool({ memory: new Uint8Array(bytes) })
}

describe('FixedBodyPool', () => {
  test('never lends a byte twice, and has all of it again when everything came back', () => {
    const steps = fc.array(
      fc.oneof(fc.record({ take: fc.integer({ min: 1, max: bodyBytesMax }) }), fc.record({ give: fc.nat(100) })),
      { maxLength: 100 },
    )
    fc.assert(
      fc.property(steps, (actions) => {
        const pool = createPool(8 * MIB)
        const loans: BodyMemory[] = []
        for (const action of actions) {
          if ('take' in action) {
            const loan = pool.acquire(action.take)
            if (loan === undefined) continue
            assert.equal(loan.bytes.length, action.take)
            assert.equal(loan.bytes.byteOffset % (64 * KIB), 0)
            const end = loan.bytes.byteOffset + loan.bytes.length
            for (const { bytes } of loans) {
              assert.ok(bytes.byteOffset >= end || bytes.byteOffset + bytes.length <= loan.bytes.byteOffset)
            }
            loans.push(loan)
          } else {
            loans.splice(action.give % Math.max(1, loans.length), 1)[0]?.release()
          }
        }
        for (const loan of loans) loan.release()
        assert.equal(pool.loanedBytes, 0)
        for (let index = 0; index < 4; index++) assert.ok(pool.acquire(bodyBytesMax) !== undefined)
        assert.equal(pool.acquire(1), undefined)
      }),
    )
  })

  test('holds sixteen 1,004 KiB records in 16 MiB', () => {
    const pool = createPool(16 * MIB)
    for (let index = 0; index < 16; index++) assert.ok(pool.acquire(1004 * KIB) !== undefined)
    assert.equal(pool.acquire(64 * KIB), undefined)
  })

  test('touches only as much memory as was ever on loan at once', () => {
    const pool = createPool(8 * MIB)
    for (let round = 0; round < 20; round++) {
      const loans = [pool.acquire(MIB), pool.acquire(64 * KIB), pool.acquire(MIB)]
      for (const loan of loans) assert.ok(loan !== undefined && loan.bytes.byteOffset + loan.bytes.length <= 4 * MIB)
      for (const loan of round % 2 === 0 ? loans : loans.toReversed()) loan?.release()
    }
  })

  test('grants wishes in order, also where a later one would fit first', async () => {
    const pool = createPool(2 * MIB)
    const [left, right] = [pool.acquire(MIB), pool.acquire(MIB)]
    const granted: string[] = []
    pool.whenFree(2 * MIB, (memory) => {
      granted.push('large')
      memory.release()
    })
    pool.whenFree(64 * KIB, (memory) => {
      granted.push('small')
      memory.release()
    })
    left?.release()
    await Promise.resolve()
    assert.deepEqual(granted, [])
    assert.equal(pool.acquire(64 * KIB), undefined, 'nobody passes those who wait')
    right?.release()
    assert.deepEqual(granted, [], 'not from inside the release')
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    assert.deepEqual(granted, ['large', 'small'])
    assert.equal(pool.loanedBytes, 0)
  })

  test('a wish taken back is not granted, and holds up nobody', async () => {
    const pool = createPool(2 * MIB)
    const [held] = [pool.acquire(MIB), pool.acquire(512 * KIB)]
    const granted: string[] = []
    const takeBack = pool.whenFree(2 * MIB, () => granted.push('large'))
    pool.whenFree(64 * KIB, () => granted.push('small'))
    await Promise.resolve()
    assert.deepEqual(granted, [])
    takeBack()
    takeBack()
    await Promise.resolve()
    assert.deepEqual(granted, ['small'])
    held?.release()
    await Promise.resolve()
    assert.deepEqual(granted, ['small'])
  })

  test('memory given back twice, and a body that no frame can have, are defects', () => {
    const pool = createPool(2 * MIB)
    const loan = pool.acquire(100)
    loan?.release()
    assert.throws(() => loan?.release(), AssertionError)
    assert.throws(() => pool.acquire(bodyBytesMax + 1), AssertionError)
    assert.throws(() => pool.acquire(0), AssertionError)
    assert.throws(() => createPool(MIB), AssertionError)
  })
})

describe('SmallBodies', () => {
  test('uses memory again, and gives each body exactly its length', () => {
    const bodies = new SmallBodies()
    const first = bodies.acquire(10_400)
    assert.equal(first.bytes.length, 10_400)
    const { buffer } = first.bytes
    first.release()
    const second = bodies.acquire(12_000)
    assert.equal(second.bytes.buffer, buffer)
    assert.notEqual(bodies.acquire(12_000).bytes.buffer, buffer)
    for (const length of [1, 256, 257, 65_535, 65_536]) assert.equal(bodies.acquire(length).bytes.length, length)
  })

  test('memory given back twice, and a body that is too long, are defects', () => {
    const bodies = new SmallBodies()
    const body = bodies.acquire(1)
    body.release()
    assert.throws(() => body.release(), AssertionError)
    assert.throws(() => bodies.acquire(65_537), AssertionError)
  })
})
