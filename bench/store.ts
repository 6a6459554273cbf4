// What the store costs by itself on the real disk: one process, no network, no coding.  node bench/store.ts [--seconds 3] [--data DIR]
// [--at-once 64]
//
//   put-small    10 KiB records, 64 (`--at-once`) at once: puts a second, puts in a batch
//   read-small   the same records in random order, 64 at once, page cache warm
//   put-large    1,000 KiB records from aligned memory, 8 at once (making their headers, 2 % of it, is in the figure)
//   read-large   the same records, 8 at once
//   floor        bare appends of 1,000 KiB with one fdatasync each, and of 640 KiB: what the disk itself gives
//   drop, open   tombstones a second; a start that replays what came after the last checkpoint
//
// CPU is user and system of this process, thread pool included.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { defined } from '../src/base/assert.ts'
import { SeededRandom } from '../src/base/random.ts'
import { GIB, KIB, MIB } from '../src/base/units.ts'
import { maskedTable, plainChecks } from '../src/codec/check-table.ts'
import type { BlockGeometry } from '../src/codec/geometry.ts'
import { decodeHeader, encodeHeaders } from '../src/codec/record.ts'
import { NodeClock } from '../src/node/clock.ts'
import { NodeCompute } from '../src/node/compute.ts'
import { NodeDisk } from '../src/node/disk.ts'
import { NodeFaults } from '../src/node/faults.ts'
import { LmdbIndexFactory } from '../src/node/index-lmdb.ts'
import { createLog } from '../src/node/log.ts'
import { NodeRandom } from '../src/node/random.ts'
import type { FragmentKey } from '../src/store/contract.ts'
import { FragmentStore } from '../src/store/fragment-store.ts'
import { dataIdNumber, keyOf, makeRecord, payloadOf } from '../src/store/testing/records.ts'

const smallBytes = 10 * KIB
const largeBytes = 1000 * KIB
const groups = 50

const { values: flags } = parseArgs({
  options: {
    'seconds': { type: 'string', default: '3' },
    'data': { type: 'string', default: tmpdir() },
    'at-once': { type: 'string', default: '64' },
  },
})
const durationMs = 1000 * Number(flags.seconds)

interface Load {
  readonly name: string
  readonly bytes: number
  readonly atOnce: number
  /** Does the `index`-th operation. */
  readonly run: (index: number) => Promise<unknown>
  /** At most so many operations. */
  readonly countMax?: number
}

function print(name: string, fields: Readonly<Record<string, number | string>>): void {
  const shown = Object.entries(fields).map(
    ([key, value]) => `${key} ${typeof value === 'number' ? value.toPrecision(4) : value}`,
  )
  process.stdout.write(`${name.padEnd(12)} ${shown.join('   ')}\n`)
}

/** Keeps `atOnce` operations going until the time is up; returns how many were done. */
async function measure(load: Load): Promise<number> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const endMs = start + durationMs
  let next = 0
  const latencies: number[] = []
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs && next < (load.countMax ?? Number.POSITIVE_INFINITY)) {
      const startMs = performance.now()
      await load.run(next++)
      latencies.push(performance.now() - startMs)
    }
  }
  await Promise.all(Array.from({ length: load.atOnce }, lane))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const bytes = next * load.bytes
  latencies.sort((left, right) => left - right)
  print(load.name, {
    'per s': next / seconds,
    'MiB/s': bytes / MIB / seconds,
    'CPU-s/GiB': (user + system) / 1e6 / (bytes / GIB),
    '(system': `${(system / 1e6 / (bytes / GIB)).toPrecision(3)})`,
    'CPU-ms each': (user + system) / 1000 / next,
    'p50 ms': defined(latencies[Math.floor(latencies.length / 2)], 'latencies'),
    'p99 ms': defined(latencies[Math.floor(latencies.length * 0.99)], 'latencies'),
  })
  return next
}

const compute = new NodeCompute()

function makeDisk(directory: string): NodeDisk {
  return new NodeDisk({ directory, faults: new NodeFaults('') })
}

async function openStore(directory: string): Promise<FragmentStore> {
  const ports = {
    clock: new NodeClock(),
    random: new NodeRandom(),
    compute,
    disk: makeDisk(directory),
    indexes: new LmdbIndexFactory(directory),
    log: createLog({ level: 'error' }),
  }
  const store = new FragmentStore(ports)
  const startMs = performance.now()
  const report = await store.open()
  print('open', {
    ms: performance.now() - startMs,
    replayed: report.replayedEntries,
    fragments: store.usage().fragments,
  })
  return store
}

/** Records of one size in memory that is used again and again: only what names the fragment is written anew. */
class Records {
  readonly #free: Uint8Array<ArrayBuffer>[] = []
  readonly #plain: Uint32Array
  readonly #geometry: BlockGeometry
  readonly #firstId: number

  constructor(
    disk: NodeDisk,
    options: { readonly payloadBytes: number; readonly count: number; readonly firstId: number },
  ) {
    const record = makeRecord({ dataId: dataIdNumber(0), payloadBytes: options.payloadBytes })
    const header = decodeHeader(compute, record, 'store-corrupt')
    this.#geometry = header.geometry
    const payload = payloadOf({ dataId: dataIdNumber(0), payloadBytes: options.payloadBytes })
    this.#plain = plainChecks(compute, header.geometry, [payload, payload])
    this.#firstId = options.firstId
    for (let index = 0; index < options.count; index++) {
      const memory = disk.allocateAligned(record.length)
      memory.set(record)
      this.#free.push(memory)
    }
  }

  key(index: number): FragmentKey {
    return keyOf({ dataId: dataIdNumber(this.#firstId + index), group: 1 + (index % groups) })
  }

  /** Lends `use` the record of number `index`. */
  async lend(index: number, use: (record: Uint8Array) => Promise<unknown>): Promise<void> {
    const memory = defined(this.#free.pop(), 'a free record')
    const { group, dataId, block } = this.key(index)
    const checkTable = maskedTable(this.#geometry, { dataId, block }, this.#plain)
    const content = {
      group,
      dataId,
      block,
      geometry: this.#geometry,
      checkTable,
      manifest: noManifest,
      isLastBlock: false,
    }
    memory.set(defined(encodeHeaders(compute, content, [0])[0], 'a header'))
    await use(memory)
    this.#free.push(memory)
  }
}

const noManifest = new Uint8Array(0)

async function benchRecords(store: FragmentStore, disk: NodeDisk, size: 'small' | 'large'): Promise<void> {
  const bytes = size === 'small' ? smallBytes : largeBytes
  const atOnce = size === 'small' ? Number(flags['at-once']) : 8
  const records = new Records(disk, { payloadBytes: bytes, count: atOnce, firstId: size === 'small' ? 0 : 10_000_000 })
  const before = store.counters()
  const put = async (index: number): Promise<void> => records.lend(index, (record) => store.put(record))
  const count = await measure({ name: `put-${size}`, bytes, atOnce, run: put })
  const after = store.counters()
  print('', {
    'puts a batch': count / (after.batches - before.batches),
    'checkpoints': after.checkpoints - before.checkpoints,
  })
  const random = new SeededRandom(1)
  const read = async (): Promise<void> => {
    const found = await store.read(records.key(random.below(count)))
    found.release()
  }
  await measure({ name: `read-${size}`, bytes, atOnce, run: read })
  const dropped = Array.from({ length: Math.min(4096, count) }, (_, index) => records.key(index))
  const startMs = performance.now()
  await store.dropFragments(dropped)
  print(`drop-${size}`, { 'per s': dropped.length / ((performance.now() - startMs) / 1000) })
}

async function benchFloor(directory: string): Promise<void> {
  const disk = makeDisk(directory)
  await disk.lock()
  for (const [name, bytes, direct] of [
    ['floor-direct', largeBytes, true],
    ['floor', largeBytes, false],
    ['floor-small', 64 * smallBytes, false],
  ] as const) {
    const memory = disk.allocateAligned(bytes).fill(7)
    const file = await disk.create(name, { direct })
    await measure({ name, bytes, atOnce: 1, run: () => file.append([memory]) })
    await file.close()
    await disk.remove(name)
  }
  await disk.close()
}

const directory = await mkdtemp(join(flags.data, 'frostbyte-bench-store-'))
try {
  await benchFloor(join(directory, 'floor'))
  const store = await openStore(join(directory, 'store'))
  const memory = makeDisk(join(directory, 'store'))
  await benchRecords(store, memory, 'small')
  await benchRecords(store, memory, 'large')
  await store.close()
  const again = await openStore(join(directory, 'store'))
  const { rss } = process.memoryUsage()
  print('', { 'RSS MiB': rss / MIB })
  await again.close()
} finally {
  await rm(directory, { recursive: true, force: true })
}
