// Power losses during a recovery, which is then done again: what it had written before must not count as proof that it was complete.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { PowerSwitch } from '../../sim/ports/power.ts'
import { MIB } from '../base/units.ts'
import type { StoreOptions } from './contract.ts'
import type { FragmentStore } from './fragment-store.ts'
import { Machine } from './testing/machine.ts'
import { dataIdNumber, keyOf, makeRecord, type RecordOptions } from './testing/records.ts'

const readMemoryBytes = 4 * MIB
/** Batches of one segment size, to be recovered into segments of the smaller one. */
const large: StoreOptions = { segmentBytesMax: 4 * MIB, reserveBytes: 8 * MIB, readMemoryBytes }
const small: StoreOptions = { segmentBytesMax: 256 * 1024, readMemoryBytes }

interface Case {
  readonly records: readonly RecordOptions[]
  readonly options: StoreOptions
  readonly losesIndex: boolean
}

/** Acknowledged records in the last batch of a log, and the power gone. */
async function prepare({ records }: Case, cutAtStep: number): Promise<Machine> {
  const machine = new Machine(7)
  const { store } = await machine.open(large)
  await store.put(makeRecord({ dataId: dataIdNumber(1000), payloadBytes: records[0]?.payloadBytes ?? 0 }))
  await Promise.all(records.map((record) => store.put(makeRecord(record))))
  machine.losePower(new PowerSwitch({ cutAtStep }))
  return machine
}

/** False where the power went first. */
async function recover(machine: Machine, { options, losesIndex }: Case): Promise<boolean> {
  if (losesIndex) machine.indexes.damaged.add('index')
  return await Promise.race([machine.open(options).then(() => true), machine.power.off.then(() => false)])
}

function missingOf(store: FragmentStore, { records }: Case): number {
  return records.filter((record) => store.stat(keyOf(record))?.state !== 'good').length
}

const cases: readonly (readonly [string, Case])[] = [true, false].flatMap((losesIndex) => [
  [
    `large records${losesIndex ? ', without an index' : ''}`,
    {
      records: Array.from({ length: 10 }, (_, index) => ({ dataId: dataIdNumber(index), payloadBytes: 100_000 })),
      options: small,
      losesIndex,
    },
  ] as const,
  [
    `small records and many checkpoints${losesIndex ? ', without an index' : ''}`,
    {
      records: Array.from({ length: 60 }, (_, index) => ({ dataId: dataIdNumber(index), payloadBytes: 4000 })),
      options: { ...small, segmentBytesMax: 128 * 1024, memoryEntriesMax: 16 },
      losesIndex,
    },
  ] as const,
])

describe('A recovery that is cut short', () => {
  for (const [name, given] of cases) {
    test(`at any step, into smaller segments, loses nothing: ${name}`, async () => {
      for (let cut = 1, isOpened = false; !isOpened; cut += 2) {
        const machine = await prepare(given, cut)
        isOpened = await recover(machine, given)
        machine.losePower()
        if (given.losesIndex) machine.indexes.damaged.add('index')
        const { store } = await machine.open(given.options)
        assert.equal(missingOf(store, given), 0, `missing after a cut at step ${cut}`)
        await store.close()
      }
    })

    test(`and done again leaves everything in the log, should the index be lost later: ${name}`, async () => {
      for (let cut = 1, isOpened = false; !isOpened; cut += 3) {
        const machine = await prepare(given, cut)
        isOpened = await recover(machine, given)
        machine.losePower()
        const { store } = await machine.open(given.options)
        // Proves what the recovery's segments claim.
        for (const { payloadBytes } of given.records.slice(0, 1))
          await store.put(makeRecord({ dataId: dataIdNumber(1001), payloadBytes: payloadBytes ?? 0 }))
        machine.kill()
        machine.indexes.damaged.add('index')
        const rebuilt = await machine.open(given.options)
        assert.equal(missingOf(rebuilt.store, given), 0, `missing after a cut at step ${cut}`)
        await rebuilt.store.close()
      }
    })

    test(`twice loses nothing: ${name}`, async () => {
      for (let cut = 30; cut < 140; cut += 20) {
        for (let second = 20; second < 130; second += 15) {
          const machine = await prepare(given, cut)
          await recover(machine, given)
          machine.losePower(new PowerSwitch({ cutAtStep: second }))
          await recover(machine, given)
          machine.losePower()
          const { store } = await machine.open(given.options)
          assert.equal(missingOf(store, given), 0, `missing after cuts at steps ${cut} and ${second}`)
        }
      }
    })
  }
})
