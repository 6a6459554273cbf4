// What every Index must do. Run against LMDB and the simulated one.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SeededRandom } from '../../src/base/random.ts'
import type { Index, IndexFactory } from '../../src/ports/index-store.ts'

export interface IndexUnderTest {
  readonly factory: IndexFactory
  readonly cleanUp: () => Promise<void>
}

type Change = readonly [Uint8Array, Uint8Array | undefined]

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value)
}

async function openSound(factory: IndexFactory, name = 'index'): Promise<Index> {
  const index = await factory.open(name)
  assert.notEqual(index, 'damaged')
  assert.ok(typeof index === 'object')
  return index
}

/** `make` gives a factory over an empty place. */
export function indexConformance(name: string, make: () => Promise<IndexUnderTest>): void {
  const withFactory = async (work: (factory: IndexFactory) => Promise<void>): Promise<void> => {
    const { factory, cleanUp } = await make()
    try {
      await work(factory)
    } finally {
      await cleanUp()
    }
  }

  describe(`${name} as Index`, () => {
    test('a new one is empty, and absence is undefined', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        assert.equal(index.get(bytes('a')), undefined)
        assert.deepEqual(index.range({ from: Uint8Array.of(0), limit: 10 }), [])
        assert.equal(index.count(), 0)
        await index.close()
      }))

    test('a checkpoint puts, replaces and removes', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        await index.checkpoint([
          [bytes('a'), bytes('1')],
          [bytes('b'), bytes('2')],
        ])
        await index.checkpoint([
          [bytes('a'), bytes('3')],
          [bytes('b'), undefined],
          [bytes('never there'), undefined],
        ])
        assert.equal(text(index.get(bytes('a'))), '3')
        assert.equal(index.get(bytes('b')), undefined)
        assert.equal(index.count(), 1)
        await index.close()
      }))

    test('nothing of a checkpoint is seen before it has finished, all of it at once afterwards', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        const pending = index.checkpoint([[bytes('a'), bytes('1')]])
        assert.equal(index.get(bytes('a')), undefined)
        await pending
        assert.equal(text(index.get(bytes('a'))), '1')
        await index.close()
      }))

    test('what is given away does not change afterwards', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        const value = bytes('first')
        const pending = index.checkpoint([[bytes('a'), value]])
        value.fill(0)
        await pending
        const got = index.get(bytes('a'))
        const [entry] = index.range({ from: bytes('a'), limit: 1 })
        await index.checkpoint([[bytes('a'), bytes('other')]])
        index.get(bytes('a'))
        assert.equal(text(got), 'first')
        assert.equal(text(entry?.[0]), 'a')
        assert.equal(text(entry?.[1]), 'first')
        got?.fill(7)
        assert.equal(text(index.get(bytes('a'))), 'other')
        await index.close()
      }))

    test('keys are ordered as unsigned bytes, shorter first', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        const keys = [[255], [0], [127, 0], [128], [127], [0, 0], [0, 255], [1]].map((key) => Uint8Array.from(key))
        await index.checkpoint(keys.map((key) => [key, bytes('v')]))
        const found = index.range({ from: Uint8Array.of(0), limit: 100 }).map(([key]) => [...key])
        assert.deepEqual(found, [[0], [0, 0], [0, 255], [1], [127], [127, 0], [128], [255]])
        await index.close()
      }))

    test('a range starts at its start, ends before its end, and keeps its limit', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        await index.checkpoint(['a', 'b', 'c', 'd'].map((key) => [bytes(key), bytes(key.toUpperCase())]))
        const keysOf = (from: string, to: string | undefined, limit: number): readonly (string | undefined)[] => {
          const options = to === undefined ? { from: bytes(from), limit } : { from: bytes(from), to: bytes(to), limit }
          return index.range(options).map(([key]) => text(key))
        }
        assert.deepEqual(keysOf('b', 'd', 10), ['b', 'c'])
        assert.deepEqual(keysOf('b', undefined, 2), ['b', 'c'])
        assert.deepEqual(keysOf('bb', undefined, 10), ['c', 'd'])
        assert.deepEqual(keysOf('e', undefined, 10), [])
        assert.deepEqual(keysOf('c', 'b', 10), [])
        await index.close()
      }))

    test('the longest keys and values fit', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        const key = new Uint8Array(255).fill(9)
        const value = new Uint8Array(4096).fill(8)
        await index.checkpoint([[key, value]])
        assert.deepEqual(index.get(key)?.length, 4096)
        await index.close()
      }))

    test('what was checkpointed is there after closing and opening again', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        await index.checkpoint([[bytes('a'), bytes('1')]])
        await index.close()
        await index.close()
        const again = await openSound(factory)
        assert.equal(text(again.get(bytes('a'))), '1')
        await again.close()
      }))

    test('indexes of different names are apart, and a removed one is empty', () =>
      withFactory(async (factory) => {
        const one = await openSound(factory, 'one')
        const two = await openSound(factory, 'two')
        await one.checkpoint([[bytes('a'), bytes('1')]])
        assert.equal(two.get(bytes('a')), undefined)
        await one.close()
        await two.close()
        await factory.remove('one')
        await factory.remove('never there')
        const again = await openSound(factory, 'one')
        assert.equal(again.count(), 0)
        await again.close()
      }))

    test('it equals a sorted map after many random checkpoints', () =>
      withFactory(async (factory) => {
        const index = await openSound(factory)
        const random = new SeededRandom(7)
        const expected = new Map<string, string>()
        for (let round = 0; round < 12; round++) {
          const changes = new Map<string, string | undefined>()
          for (let count = 0; count < 300; count++) {
            const key = `k${random.below(700).toString().padStart(5, '0')}`
            changes.set(key, random.below(4) === 0 ? undefined : `${round}/${count}`)
          }
          await index.checkpoint(
            [...changes].map(([key, value]): Change => [bytes(key), value === undefined ? undefined : bytes(value)]),
          )
          for (const [key, value] of changes) {
            if (value === undefined) expected.delete(key)
            else expected.set(key, value)
          }
        }
        const found = index.range({ from: bytes('k'), limit: 10_000 }).map(([key, value]) => [text(key), text(value)])
        assert.deepEqual(
          found,
          [...expected].toSorted(([left], [right]) => (left < right ? -1 : 1)),
        )
        assert.equal(index.count(), expected.size)
        await index.close()
      }))
  })
}
