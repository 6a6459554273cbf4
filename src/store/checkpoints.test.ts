import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import { defined } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { parseDataId, parseGroupId, parseWorkerId } from '../base/ids.ts'
import type { Index } from '../ports/index-store.ts'
import { Checkpoints } from './checkpoints.ts'
import { EntryTable } from './entry-table.ts'
import { fragmentText } from './fragment-key.ts'
import { Ledger } from './ledger.ts'
import { SegmentTable } from './segment-table.ts'

/** Each checkpoint ends when the test says so. */
class HeldIndex implements Index {
  readonly held: { readonly end: () => void; readonly fail: (error: Error) => void; readonly changes: number }[] = []

  get(): undefined {
    return undefined
  }

  range(): readonly [] {
    return []
  }

  count(): number {
    return 0
  }

  checkpoint(changes: readonly unknown[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.held.push({ end: resolve, fail: reject, changes: changes.length })
    return promise
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function open(): { index: HeldIndex; checkpoints: Checkpoints; change: () => void } {
  const index = new HeldIndex()
  const table = new EntryTable(index, assert.fail, '')
  const ledger = new Ledger(table, new SegmentTable())
  const position = { segment: 0, offset: 0, nextBatch: 1 }
  const checkpoints = new Checkpoints(
    {
      indexes: { open: () => Promise.resolve(index), remove: () => Promise.resolve() },
      ledger,
      worker: defined(parseWorkerId('00000000000000a1'), 'a worker'),
      entriesMax: 1,
      positions: () => ({ small: position, large: position }),
      sequence: () => 1,
      appendedBytes: () => 0,
      freeBytes: () => Promise.resolve(2 ** 30),
      noSpace: () => Promise.resolve(),
      failed: assert.fail,
    },
    index,
  )
  let changes = 0
  const change = (): void => {
    const dataId = defined(parseDataId((++changes).toString(16).padStart(32, '0')), 'a data id')
    const text = fragmentText({ group: defined(parseGroupId(1), 'a group'), dataId, block: 0, column: 0 })
    table.set(text, { state: 'good', segment: 1, offset: 4096, bytes: 100, sequence: changes, headerCrc: 5 })
  }
  return { index, checkpoints, change }
}

describe('checkpoints', () => {
  test('run one at a time, also where several wait for the one before', async () => {
    const { index, checkpoints, change } = open()
    change()
    const first = checkpoints.store()
    await setImmediate()
    change()
    const waiting = [checkpoints.room(), checkpoints.store(), checkpoints.room(), checkpoints.store()]
    await setImmediate()
    assert.equal(index.held.length, 1)
    index.held[0]?.end()
    await first
    await setImmediate()
    assert.equal(index.held.length, 2)
    index.held[1]?.end()
    await Promise.all(waiting)
    assert.equal(checkpoints.count, 2)
  })

  test('go on after one that found no space while another one waited for it', async () => {
    const { index, checkpoints, change } = open()
    const full = new FrostError('insufficient-storage', 'The file system is full.')
    change()
    const first = assert.rejects(checkpoints.store(), full)
    await setImmediate()
    const second = checkpoints.store()
    for (const attempt of [0, 1]) {
      index.held[attempt]?.fail(full)
      await setImmediate()
    }
    await first
    index.held[2]?.end()
    await second
    const third = checkpoints.store()
    await setImmediate()
    const fourth = checkpoints.store()
    index.held[3]?.end()
    await third
    await setImmediate()
    index.held[4]?.end()
    await fourth
    assert.equal(checkpoints.count, 3)
  })
})
