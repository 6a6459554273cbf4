import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { parseDataId, parseGroupId } from '../base/ids.ts'
import { defined } from '../base/assert.ts'
import type { Index, IndexEntry } from '../ports/index-store.ts'
import { EntryTable } from './entry-table.ts'
import { fragmentText } from './fragment-key.ts'
import type { Entry } from './index-rows.ts'

/** Holds what checkpoints bring, and counts how often it is asked. */
class CountingIndex implements Index {
  asked = 0
  readonly #rows = new Map<string, Uint8Array>()

  get(key: Uint8Array): Uint8Array | undefined {
    this.asked++
    return this.#rows.get(Buffer.from(key).toString('hex'))
  }

  range(): readonly IndexEntry[] {
    return []
  }

  count(): number {
    return this.#rows.size
  }

  checkpoint(changes: readonly (readonly [Uint8Array, Uint8Array | undefined])[]): Promise<void> {
    for (const [key, value] of changes) {
      if (value !== undefined) this.#rows.set(Buffer.from(key).toString('hex'), value)
    }
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function textOf(id: number, group = 1): string {
  const dataId = defined(parseDataId(id.toString(16).padStart(32, '0')), 'a data id')
  return fragmentText({ group: defined(parseGroupId(group), 'a group'), dataId, block: 0, column: 0 })
}

const entry: Entry = { state: 'good', segment: 1, offset: 4096, bytes: 100, sequence: 1, headerCrc: 5 }

async function store(table: EntryTable, index: Index): Promise<void> {
  await index.checkpoint(table.freeze())
  table.dropFrozen()
}

describe('the entry table', () => {
  test('does not ask the index for ids above all that it holds, in any group', async () => {
    const index = new CountingIndex()
    const table = new EntryTable(index, assert.fail, '')
    assert.equal(table.get(textOf(7)), undefined)
    table.set(textOf(7), entry)
    await store(table, index)
    assert.equal(table.get(textOf(8)), undefined)
    assert.equal(table.get(textOf(8, 200)), undefined)
    assert.equal(index.asked, 0)
  })

  test('finds what a checkpoint has taken, and asks for every id that is not above it', async () => {
    const index = new CountingIndex()
    const table = new EntryTable(index, assert.fail, '')
    table.set(textOf(7, 300), entry)
    table.set(textOf(5), entry)
    await store(table, index)
    assert.deepEqual(table.get(textOf(7, 300)), entry)
    assert.deepEqual(table.get(textOf(5)), entry)
    assert.equal(table.get(textOf(6)), undefined)
    assert.equal(index.asked, 3)
  })

  test('asks for everything where nobody knows what the index holds', () => {
    const index = new CountingIndex()
    const table = new EntryTable(index, assert.fail)
    const highest = defined(parseDataId('f'.repeat(32)), 'a data id')
    assert.equal(table.get(textOf(1).replace(/0{31}1/, highest)), undefined)
    assert.equal(index.asked, 1)
  })
})
