import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { MemoryMap } from '../../../sim/ports/key-value.ts'
import type { KeyRange, KeyValueView } from '../../ports/key-value.ts'
import { PartialView } from './partial-view.ts'

const nothing = (): undefined => undefined

/** Runs a look on a partial view of a map until it is answered; how many times it had to fetch. */
function answer<T>(map: MemoryMap, look: (view: KeyValueView) => T): { readonly result: T; readonly fetches: number } {
  const view = new PartialView(nothing)
  for (let fetches = 0; ; fetches++) {
    let result: T | undefined
    try {
      result = look(view)
    } catch {
      // On a guess.
    }
    const missing = view.takeMissing()
    if (missing === undefined) return { result: result as T, fetches }
    const rows = missing.keys.flatMap((key) => {
      const row = map.get(key)
      return row === undefined ? [] : [[key, row] as const]
    })
    view.learn(missing.keys, new Map(rows))
    for (const query of missing.ranges) {
      const entries = map.range(query)
      view.learnRange(query, query.keysOnly ? entries.map(([key]) => [key, new Uint8Array(0)]) : entries)
    }
  }
}

function mapOf(keys: readonly string[]): MemoryMap {
  const map = new MemoryMap()
  map.apply({ changes: keys.map((key) => [key, Buffer.from(key)]), result: undefined })
  return map
}

describe('a partial view', () => {
  test('goes on after what is missing, so that all of it is fetched at once', () => {
    const { result, fetches } = answer(mapOf(['a', 'b', 'c']), (view) => [
      view.get('a')?.length,
      view.get('z'),
      view.range({ from: 'b', to: 'd', limit: 9 }).length,
    ])
    assert.deepEqual(result, [1, undefined, 2])
    assert.equal(fetches, 1)
  })

  test('fetches a scan at once that says how far it goes', () => {
    const keys = Array.from({ length: 100 }, (_, index) => String(index).padStart(3, '0'))
    const scan = (view: KeyValueView): readonly string[] => {
      const found: string[] = []
      for (let from = ''; ;) {
        const rows = view.range({ from, to: '~', limit: 7, ahead: 1_000 })
        found.push(...rows.map(([key]) => key))
        if (rows.length < 7) return found
        from = `${found.at(-1)}\0`
      }
    }
    assert.deepEqual(answer(mapOf(keys), scan), { result: keys, fetches: 1 })
  })

  test('follows a link in a second step, unless it was guessed', () => {
    const map = mapOf(['a', 'b'])
    const follow = (view: KeyValueView): number | undefined => {
      const first = view.get('a')
      return first === undefined ? undefined : view.get(first[0] === 97 ? 'b' : 'a')?.length
    }
    assert.deepEqual(answer(map, follow), { result: 1, fetches: 2 })
  })

  test('does not believe what was thrown on a guess', () => {
    const { result } = answer(mapOf(['a']), (view) => {
      if (view.get('a') === undefined) throw new Error('not there')
      return 'there'
    })
    assert.equal(result, 'there')
  })

  test('reads ahead where a scan jumps from place to place', () => {
    const map = mapOf(Array.from({ length: 60 }, (_, index) => `k${String(index).padStart(3, '0')}`))
    const { result, fetches } = answer(map, (view) => {
      let count = 0
      for (let from = 'k'; ; count++) {
        const [entry] = view.range({ from, to: 'l', limit: 1 })
        if (entry === undefined) return count
        from = `${entry[0]}\0`
      }
    })
    assert.equal(result, 60)
    assert.ok(fetches <= 4, `${fetches} fetches`)
  })

  test('answers any ranges and keys as the map itself does', () => {
    const key = fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', '\xff', '\0') })
    const range = fc.record({
      from: key,
      to: key,
      limit: fc.integer({ min: 1, max: 5 }),
      reverse: fc.boolean(),
    })
    const asked = fc.array(fc.oneof(key, range), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(key, { maxLength: 30 }), asked, (keys, questions) => {
        const map = mapOf(keys)
        const look = (view: KeyValueView): unknown =>
          questions.map((question: string | KeyRange) =>
            typeof question === 'string'
              ? view.get(question)?.length
              : [view.range(question).map(([found, row]) => [found, row.length]), view.texts(question, 0)],
          )
        assert.deepEqual(answer(map, look).result, look(map))
      }),
    )
  })
})
