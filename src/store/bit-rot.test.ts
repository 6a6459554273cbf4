// The matrix of what a disk can do to a record: every kind of damage in every part of a record, in both logs. None of it is ever served,
// all of it is found by one cycle of the scrubber, and a put of the right record mends it on the disk.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { decodeHeader, recordPrefixBytes } from '../codec/record.ts'
import type { FragmentStore } from './fragment-store.ts'
import { Machine } from './testing/machine.ts'
import { dataIdNumber, keyOf, makeRecord, payloadOf, type RecordOptions } from './testing/records.ts'

/** A part of a segment's file. */
interface Part {
  readonly name: string
  readonly offset: number
  readonly length: number
}

/** Does damage to `part` of one record; `other` is the same part of another record. */
type Damage = (machine: Machine, part: Part, other: Part) => void

const compute = new SimulatedCompute()
const logs = { small: 30_000, large: 150_000 } as const
const regions = ['header', 'CRC table', 'payload'] as const

function bytesOf(machine: Machine, { name, offset, length }: Part): Uint8Array {
  return defined(machine.medium.find(name), 'a file').cache.slice(offset, offset + length)
}

function flip(at: (length: number) => number): Damage {
  return (machine, { name, offset, length }) => machine.medium.flipBit(name, offset + at(length), 3)
}

function overwrite(machine: Machine, part: Part, content: Uint8Array): void {
  machine.medium.overwrite(part.name, part.offset, content)
}

const damages: Readonly<Record<string, Damage>> = {
  'the first byte flipped': flip(() => 0),
  'a byte in the middle flipped': flip((length) => length >>> 1),
  'the last byte flipped': flip((length) => length - 1),
  'the file cut in its middle': (machine, { name, offset, length }) =>
    machine.medium.truncate(name, offset + (length >>> 1)),
  'the file cut before its last byte': (machine, { name, offset, length }) =>
    machine.medium.truncate(name, offset + length - 1),
  'zeros': (machine, part) => overwrite(machine, part, new Uint8Array(part.length)),
  'exchanged with that of another record': (machine, part, other) => {
    const [mine, its] = [bytesOf(machine, part), bytesOf(machine, other)]
    overwrite(machine, part, its)
    overwrite(machine, other, mine)
  },
  'a duplicate of that of another record': (machine, part, other) => overwrite(machine, part, bytesOf(machine, other)),
  'written to another place, over others': (machine, part) => {
    const content = bytesOf(machine, part)
    overwrite(machine, part, new Uint8Array(part.length))
    overwrite(machine, { ...part, offset: part.offset + 4096 }, content)
  },
}

function partOf(store: FragmentStore, options: RecordOptions, region: (typeof regions)[number]): Part {
  const { fileName: name, offset } = defined(store.locate(keyOf(options)), 'a place')
  const { headerBytes, payloadBytes, checkTable } = decodeHeader(compute, makeRecord(options), 'protocol-error')
  switch (region) {
    case 'header':
      return { name, offset, length: recordPrefixBytes }
    case 'CRC table':
      return { name, offset: offset + recordPrefixBytes, length: checkTable.length }
    case 'payload':
      return { name, offset: offset + headerBytes, length: payloadBytes }
  }
}

/** Records in sealed segments of a store that was opened again, one of them damaged, and which ones are not as they were. */
async function damagedStore(
  payloadBytes: number,
  region: (typeof regions)[number],
  damage: Damage,
): Promise<{
  readonly machine: Machine
  readonly store: FragmentStore
  readonly records: readonly RecordOptions[]
  readonly changed: ReadonlySet<RecordOptions>
}> {
  const machine = new Machine()
  const first = await machine.open({ segmentBytesMax: 4 * 1024 * 1024 })
  const records = [1, 2, 3, 4].map((number) => ({ dataId: dataIdNumber(number), payloadBytes, seed: number }))
  for (const options of records) await first.store.put(makeRecord(options))
  await first.store.close()
  const { store } = await machine.open({ segmentBytesMax: 4 * 1024 * 1024 })
  const [, victim, other] = records
  const part = partOf(store, defined(victim, 'a record'), region)
  damage(machine, part, partOf(store, defined(other, 'a record'), region))
  const changed = records.filter((options) => {
    const { fileName: name, offset, recordBytes } = defined(store.locate(keyOf(options)), 'a place')
    return Buffer.compare(bytesOf(machine, { name, offset, length: recordBytes }), makeRecord(options)) !== 0
  })
  return { machine, store, records, changed: new Set(changed) }
}

async function outcomeOf(store: FragmentStore, options: RecordOptions): Promise<string> {
  try {
    const read = await store.read(keyOf(options))
    assert.deepEqual(read.bytes.slice(), payloadOf(options), 'wrong bytes were served')
    read.release()
    return 'right'
  } catch (error) {
    return errorCode(error) ?? String(error)
  }
}

for (const [log, payloadBytes] of Object.entries(logs)) {
  for (const region of regions) {
    describe(`Bit rot in the ${region} of a record of the ${log} log`, () => {
      for (const [name, damage] of Object.entries(damages)) {
        test(name, async () => {
          const served = await damagedStore(payloadBytes, region, damage)
          assert.ok(served.changed.size > 0, 'the damage changes something')
          for (const options of served.records) {
            const expected = served.changed.has(options) ? 'fragment-corrupt' : 'right'
            assert.equal(await outcomeOf(served.store, options), expected)
          }
          await served.store.close()

          const { machine, store, records, changed } = await damagedStore(payloadBytes, region, damage)
          await store.scrubOnce()
          for (const options of records) {
            const expected = changed.has(options) ? 'damaged' : 'good'
            assert.equal(store.stat(keyOf(options))?.state, expected)
          }
          assert.equal(machine.damaged.length, changed.size)
          for (const options of changed) assert.equal(await store.put(makeRecord(options)), 'stored')
          await store.scrubOnce()
          assert.equal(store.usage().damaged, 0)
          await store.close()
          // What was mended lies on the disk.
          machine.losePower()
          const again = await machine.open()
          for (const options of records) assert.equal(await outcomeOf(again.store, options), 'right')
          await again.store.scrubOnce()
          assert.equal(again.store.usage().damaged, 0)
          await again.store.close()
        })
      }
    })
  }
}
