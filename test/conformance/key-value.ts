// What every KeyValue must do. Run against memory, LMDB and MongoDB.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../src/base/errors.ts'
import type { Steps } from '../../src/base/steps.ts'
import type {
  ClaimedKeyValue,
  Decided,
  KeyRange,
  KeyValue,
  KeyValueChange,
  KeyValueView,
} from '../../src/ports/key-value.ts'

export interface KeyValueUnderTest<Map extends KeyValue = KeyValue> {
  /** Opens the same map once more, as another process would (or as this one after a restart). */
  open(): Promise<Map>
  /** Ends everything that was opened. */
  cleanUp(): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value)

function put(map: KeyValue, ...changes: readonly (readonly [string, string | undefined])[]): Promise<void> {
  const encoded = changes.map(([key, value]): KeyValueChange => [key, value === undefined ? undefined : bytes(value)])
  return map.decide(() => ({ changes: encoded, result: undefined }))
}

const get = async (map: KeyValue, key: string): Promise<string | undefined> =>
  await map.read((view) => text(view.get(key)))

type Body<Map extends KeyValue> = (map: Map, under: KeyValueUnderTest<Map>) => Promise<void>

function testsOn<Map extends KeyValue>(
  create: () => Promise<KeyValueUnderTest<Map>>,
): (title: string, body: Body<Map>) => void {
  return (title, body) => {
    test(title, async () => {
      const under = await create()
      try {
        const map = await under.open()
        if (isClaimed(map)) await map.claim()
        await body(map, under)
      } finally {
        await under.cleanUp()
      }
    })
  }
}

function isClaimed(map: KeyValue): map is ClaimedKeyValue {
  return 'claim' in map
}

export function keyValueConformance(name: string, create: () => Promise<KeyValueUnderTest>): void {
  const testOn = testsOn(create)

  describe(`${name} as a KeyValue: reading`, () => {
    testOn('what was decided is read back, and absence is undefined', async (map) => {
      assert.equal(await get(map, 'a'), undefined)
      await put(map, ['a', '1'], ['b', ''])
      assert.equal(await get(map, 'a'), '1')
      assert.equal(await get(map, 'b'), '')
      await put(map, ['a', undefined])
      assert.equal(await get(map, 'a'), undefined)
    })

    testOn('keys sort as unsigned bytes, shorter first', async (map) => {
      const keys = [
        '\x00',
        '\x01',
        '\x01\x00',
        '\x01\xff',
        'a',
        'a\x00',
        'a\x00b',
        'ab',
        'b',
        '\x7f',
        '\x80',
        '\xff',
        '\xff\x00',
      ]
      await put(map, ...keys.toReversed().map((key) => [key, 'x'] as const))
      const found = await map.read((view) => view.range({ from: '\x00', to: '\xff\xff', limit: 100 }))
      assert.deepEqual(
        found.map(([key]) => key),
        keys,
      )
    })

    testOn('a range takes its start, leaves its end, keeps its limit and runs backwards', async (map) => {
      await put(map, ['a', '1'], ['b', '2'], ['c', '3'], ['d', '4'])
      const keys = async (range: KeyRange): Promise<string> => {
        const entries = await map.read((view) => view.range(range))
        return entries.map(([key, value]) => key + (text(value) ?? '')).join(' ')
      }
      assert.equal(await keys({ from: 'b', to: 'd', limit: 10 }), 'b2 c3')
      assert.equal(await keys({ from: 'a', to: 'z', limit: 2 }), 'a1 b2')
      assert.equal(await keys({ from: 'a', to: 'd', limit: 2, reverse: true }), 'c3 b2')
      assert.equal(await keys({ from: 'b', to: 'z', limit: 9, reverse: true }), 'd4 c3 b2')
      assert.equal(await keys({ from: 'aa', to: 'ab', limit: 10 }), '')
      assert.equal(await keys({ from: 'c', to: 'b', limit: 10 }), '')
    })

    testOn('texts are the ends of the keys as UTF-8', async (map) => {
      const key = (name_: string): string => `xx${Buffer.from(name_).toString('latin1')}`
      await put(map, [key('ä/€'), '1'], [key('plain'), '2'], [key('😀'), '3'])
      const texts = await map.read((view) => view.texts({ from: 'xx', to: 'xy', limit: 10 }, 2))
      assert.deepEqual(texts, ['plain', 'ä/€', '😀'])
    })

    testOn('a value handed out is a copy', async (map) => {
      await put(map, ['a', 'abc'])
      await map.read((view) => view.get('a')?.fill(0))
      await map.read((view) => view.range({ from: 'a', to: 'b', limit: 1 })[0]?.[1].fill(0))
      assert.equal(await get(map, 'a'), 'abc')
    })

    testOn('long keys and long values pass', async (map) => {
      const key = 'k'.repeat(1_500)
      await put(map, [key, 'v'.repeat(1_000_000)])
      assert.equal(await get(map, key), 'v'.repeat(1_000_000))
      const [entry] = await map.read((view) => view.range({ from: 'k', to: 'l', limit: 1 }))
      assert.equal(entry?.[1].length, 1_000_000)
      await put(map, ['short', 'x'])
      assert.equal(await get(map, 'short'), 'x')
    })
  })

  describe(`${name} as a KeyValue: deciding`, () => {
    testOn('a decision sees every decision before it, its own results come back in order', async (map) => {
      const increment = (): Promise<number> =>
        map.decide((view) => {
          const next = Number(text(view.get('n')) ?? '0') + 1
          return { changes: [['n', bytes(String(next))]], result: next }
        })
      const results = await Promise.all(Array.from({ length: 300 }, increment))
      assert.deepEqual(
        results,
        Array.from({ length: 300 }, (_, index) => index + 1),
      )
      assert.equal(await get(map, 'n'), '300')
    })

    testOn('a decision sees ranges as decisions before it left them', async (map) => {
      await put(map, ['a', '1'], ['b', '2'], ['c', '3'])
      const removed = put(map, ['a', undefined], ['bb', 'new'], ['c', 'changed'])
      const read = map.decide((view) => ({
        changes: [],
        result: {
          forward: view.range({ from: 'a', to: 'z', limit: 2 }).map(([key, value]) => key + (text(value) ?? '')),
          backward: view.range({ from: 'a', to: 'z', limit: 2, reverse: true }).map(([key]) => key),
          texts: view.texts({ from: 'a', to: 'z', limit: 9 }, 0),
        },
      }))
      await removed
      assert.deepEqual(await read, { forward: ['b2', 'bbnew'], backward: ['c', 'bb'], texts: ['b', 'bb', 'c'] })
    })

    testOn('a decision that throws changes nothing, and those beside it happen', async (map) => {
      const before = put(map, ['a', '1'])
      const failed = map.decide(() => {
        throw new RangeError('no')
      })
      const after = put(map, ['b', '2'])
      await assert.rejects(failed, RangeError)
      await Promise.all([before, after])
      assert.equal(await get(map, 'a'), '1')
      assert.equal(await get(map, 'b'), '2')
    })

    testOn('a decision in steps sees one state, and those after it see what it changed', async (map) => {
      await put(map, ['a', '1'], ['b', '1'])
      let isRead = false
      function* swap(view: KeyValueView): Steps<Decided<string>> {
        const first = text(view.get('a'))
        for (let step = 0; step < 3; step++) yield
        return {
          changes: [
            ['a', undefined],
            ['c', bytes('3')],
          ],
          result: `${first} ${text(view.get('b'))}`,
        }
      }
      const before = put(map, ['b', '2'])
      const swapped = map.decide(swap)
      const after = map.decide((view) => ({
        changes: [['b', undefined]],
        result: view.range({ from: 'a', to: 'z', limit: 9 }).map(([key, value]) => key + (text(value) ?? '')),
      }))
      const read = get(map, 'a').then(() => {
        isRead = true
      })
      assert.equal(await swapped, '1 2')
      assert.deepEqual(await after, ['b2', 'c3'])
      await Promise.all([before, read])
      assert.ok(isRead)
      assert.equal(await get(map, 'b'), undefined)
      assert.equal(await get(map, 'c'), '3')
    })

    testOn('of a decision that throws in a later step nothing happens, and what waited for it happens', async (map) => {
      function* fail(view: KeyValueView): Steps<Decided<string>> {
        yield
        throw new RangeError(text(view.get('a')))
      }
      const failed = map.decide(fail)
      const after = [put(map, ['a', '1']), put(map, ['b', '1'])]
      await assert.rejects(failed, RangeError)
      await Promise.all(after)
      assert.equal(await get(map, 'b'), '1')
    })

    testOn('a closing map still ends what it was asked, step by step', async (map, under) => {
      function* slow(view: KeyValueView): Steps<Decided<string>> {
        yield
        yield
        return { changes: [['a', bytes('1')]], result: text(view.get('a')) ?? 'none' }
      }
      const results = Promise.all([map.decide(slow), map.decide(slow), put(map, ['b', '1'])])
      await map.close()
      assert.deepEqual((await results).slice(0, 2), ['none', '1'])
      assert.equal(await get(await under.open(), 'b'), '1')
    })

    testOn('the changes of one decision are seen together or not at all', async (map) => {
      let torn = 0
      let isOver = false
      const reader = (async () => {
        while (!isOver) {
          const [left, right] = await map.read((view) => [text(view.get('left')), text(view.get('right'))] as const)
          if (left !== right) torn++
          await new Promise(setImmediate)
        }
      })()
      for (let index = 0; index < 50; index++) await put(map, ['left', String(index)], ['right', String(index)])
      isOver = true
      await reader
      assert.equal(torn, 0)
    })

    testOn('what is acknowledged is read at once, also by another instance', async (map, under) => {
      const other = await under.open()
      for (let index = 0; index < 50; index++) {
        await put(map, ['n', String(index)])
        assert.equal(await get(map, 'n'), String(index))
        assert.equal(await get(other, 'n'), String(index))
      }
    })

    testOn('what is acknowledged is there after closing and opening', async (map, under) => {
      const last = put(map, ['a', '1'])
      await map.close()
      await last
      const again = await under.open()
      assert.equal(await get(again, 'a'), '1')
    })

    testOn('after close nothing is decided, and it can be closed twice', async (map) => {
      await map.close()
      await map.close()
      await assert.rejects(put(map, ['a', '1']), (error) => errorCode(error) === 'metadata-unavailable')
    })
  })
}

export function claimedKeyValueConformance(
  name: string,
  create: () => Promise<KeyValueUnderTest<ClaimedKeyValue>>,
): void {
  keyValueConformance(name, create)
  const testOn = testsOn(create)

  describe(`${name} as a KeyValue: claiming`, () => {
    testOn('an instance that has claimed nothing decides nothing', async (map, under) => {
      const other = await under.open()
      await assert.rejects(put(other, ['a', '1']), (error) => errorCode(error) === 'metadata-unavailable')
      await put(map, ['b', '1'])
      assert.equal(await get(map, 'a'), undefined)
    })

    testOn(
      'a claim takes it away from a decision in the middle of its steps, and from those after it',
      async (map, under) => {
        await put(map, ['a', '1'])
        const other = await under.open()
        function* late(): Steps<Decided<undefined>> {
          for (let step = 0; step < 3; step++) yield
          return { changes: [['a', bytes('late')]], result: undefined }
        }
        const claimed = other.claim()
        const settled = await Promise.allSettled([map.decide(late), put(map, ['b', 'late']), claimed])
        const codes = settled.map((each) => (each.status === 'rejected' ? errorCode(each.reason) : 'done'))
        assert.deepEqual(codes, ['metadata-unavailable', 'metadata-unavailable', 'done'])
        assert.deepEqual([await get(other, 'a'), await get(other, 'b')], ['1', undefined])
      },
    )

    testOn('no step of a decision sees what another instance changes after its claim', async (map, under) => {
      await put(map, ['a', '1'])
      const other = await under.open()
      const seen = new Set<string | undefined>()
      let isOver = false
      function* slow(view: KeyValueView): Steps<Decided<undefined>> {
        for (let step = 0; step < 10_000 && !isOver; step++) {
          seen.add(text(view.get('a')))
          yield
        }
        seen.add(text(view.get('a')))
        return { changes: [['b', bytes('late')]], result: undefined }
      }
      const slowed = map.decide(slow).catch(errorCode)
      await other.claim()
      await put(other, ['a', '2'])
      assert.equal(await get(map, 'a'), '2')
      isOver = true
      await slowed
      assert.ok(!seen.has('2'), [...seen].join())
    })

    testOn('a claim takes the deciding away from the former instance', async (map, under) => {
      await put(map, ['a', '1'])
      const other = await under.open()
      await other.claim()
      const late = put(map, ['a', 'late'])
      await assert.rejects(late, (error) => errorCode(error) === 'metadata-unavailable')
      await put(other, ['b', '2'])
      assert.equal(await get(other, 'a'), '1')
      assert.equal(await get(other, 'b'), '2')
    })
  })
}
