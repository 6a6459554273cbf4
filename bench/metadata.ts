// Benchmark of the metadata store on LMDB, alone: `npx node bench/metadata.ts [keys] [directory]`. Fills a store with keys (one million
// unless told) under deep prefixes, through MetadataStore, and measures durable commits from 1, 16 and 64 clients, head reads, listing, and
// what a page of 1,000 names costs in it and among 1,000 keys. CPU is this process's, user and system together.

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { defined } from '../src/base/assert.ts'
import {
  clusterIdFromBytes,
  makeDataId,
  makeVersionId,
  parseEpoch,
  parseGroupId,
  parseWorkerId,
} from '../src/base/ids.ts'
import { defaultChunkSizeBytes, defaultScheme } from '../src/base/scheme.ts'
import { KIB, MIB } from '../src/base/units.ts'
import type { CommitVersion } from '../src/meta/contract/file-metadata.ts'
import { KeyValueMetadata, LocalRunner } from '../src/meta/key-value-metadata.ts'
import type { MetadataStore } from '../src/meta/metadata-store.ts'
import { LmdbKeyValue } from '../src/node/lmdb-key-value.ts'
import { NodeRandom } from '../src/node/random.ts'

const keyCount = Number(process.argv[2] ?? 1_000_000)
const runMs = 3_000
const groupCount = 50
const pageNames = 1_000
const random = new NodeRandom()
const groups = Array.from({ length: groupCount }, (_, index) => defined(parseGroupId(index + 1), 'group'))
const workers = [1, 2, 3, 4, 5].map((id) => defined(parseWorkerId(id.toString(16).padStart(16, '0')), 'worker'))
const epoch = defined(parseEpoch(1), 'epoch')

/** A thousand folders of a thousand files, five levels deep. */
function keyOf(index: number): string {
  const folder = index % 1_000
  return `projects/${folder % 10}/releases/${Math.floor(folder / 10) % 10}/${folder}/artifacts/file-${index}.bin`
}

function commitOf(key: string): CommitVersion {
  const nowMs = Date.now()
  const ref = { group: defined(groups[random.below(groupCount)], 'group'), dataId: makeDataId(nowMs, random.bytes(10)) }
  const data = { ...ref, scheme: defaultScheme, chunkSizeBytes: defaultChunkSizeBytes }
  const size = 10_240
  return {
    bucket: 'default',
    key,
    version: {
      version: makeVersionId(nowMs, random.bytes(10)),
      modifiedMs: nowMs,
      sizeBytes: size,
      crc32: random.below(2 ** 32),
      contentType: 'application/octet-stream',
      extents: [{ ...data, dataLengthBytes: size, offset: 0, length: size }],
    },
    newData: [{ ...data, lengthBytes: size, acknowledgedEpoch: epoch, repairs: [] }],
  }
}

async function openStore(directory: string): Promise<KeyValueMetadata> {
  const keyValue = await LmdbKeyValue.open({
    file: join(directory, 'metadata.mdb'),
    onFailure: (error) => {
      throw error
    },
  })
  await keyValue.claim()
  const store = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
  const identity = { cluster: clusterIdFromBytes(new Uint8Array(16)), history: 'a'.repeat(32), createdMs: Date.now() }
  await store.createCluster({ ...identity, defaultScheme, defaultChunkSizeBytes })
  for (const group of groups) await store.createGroup({ group, scheme: defaultScheme, workers })
  return store
}

interface Cost {
  readonly seconds: number
  readonly cpuSeconds: number
}

async function measure(run: () => Promise<void> | void): Promise<Cost> {
  const started = process.cpuUsage()
  const startedMs = performance.now()
  await run()
  const { user, system } = process.cpuUsage(started)
  return { seconds: (performance.now() - startedMs) / 1e3, cpuSeconds: (user + system) / 1e6 }
}

/** Runs `body` from so many clients at once, each one after the other, for a while; how often it ran. */
async function repeat(clients: number, body: () => Promise<unknown>): Promise<Cost & { readonly count: number }> {
  let count = 0
  const endMs = performance.now() + runMs
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await body()
      count++
    }
  }
  const cost = await measure(async () => {
    await Promise.all(Array.from({ length: clients }, client))
  })
  return { ...cost, count }
}

function print(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(52)} ${figure}\n`)
}

/** One append of 4 KiB with its sync, the median of 200. */
function syncMs(directory: string): number {
  const file = openSync(join(directory, 'sync'), 'w')
  const page = Buffer.alloc(4_096)
  const times = Array.from({ length: 200 }, () => {
    const startedMs = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return performance.now() - startedMs
  })
  closeSync(file)
  return times.toSorted((left, right) => left - right)[100] ?? 0
}

async function fill(store: MetadataStore, count: number): Promise<void> {
  let next = 0
  const client = async (): Promise<void> => {
    while (next < count) await store.commitVersion(commitOf(keyOf(next++)))
  }
  await Promise.all(Array.from({ length: 2_000 }, client))
}

async function benchCommits(store: MetadataStore, directory: string): Promise<void> {
  let fresh = keyCount
  for (const clients of [1, 16, 64]) {
    const before = syncMs(directory)
    const { seconds, cpuSeconds, count } = await repeat(clients, () =>
      store.commitVersion(commitOf(keyOf(fresh++ * 7_919))),
    )
    const sync = (before + syncMs(directory)) / 2
    const rate = `${Math.round(count / seconds)}/s, ${((cpuSeconds * 1e6) / count).toFixed(0)} µs CPU`
    print(
      `durable commits, ${clients} client${clients === 1 ? '' : 's'}`,
      `${rate}; one fdatasync ${sync.toFixed(2)} ms`,
    )
  }
}

async function benchReads(store: MetadataStore): Promise<void> {
  const reads = await repeat(1, async () => {
    for (let index = 0; index < 100; index++) await store.getHead('default', keyOf(random.below(keyCount)))
  })
  print('head reads, random keys', `${((reads.cpuSeconds * 1e6) / reads.count / 100).toFixed(1)} µs CPU`)
  let names = 0
  let after: string | undefined
  const listing = await measure(async () => {
    do {
      const page = await store.listNames({
        bucket: 'default',
        limit: pageNames,
        ...(after === undefined ? {} : { after }),
      })
      names += page.names.length
      JSON.stringify(page.names)
      after = page.next
    } while (after !== undefined)
  })
  print('listing, names with JSON', `${Math.round(names / listing.cpuSeconds)} per CPU-s (${names} names)`)
}

/** Microseconds of CPU for a page of 1,000 names under one prefix. */
async function pageCost(store: MetadataStore, folder: number): Promise<number> {
  const prefix = `projects/${folder % 10}/releases/${Math.floor(folder / 10) % 10}/${folder}/`
  const { cpuSeconds, count } = await repeat(1, async () => {
    const { names } = await store.listNames({ bucket: 'default', prefix, limit: pageNames })
    if (names.length < Math.min(pageNames, keyCount / 1_000)) throw new Error('the page is not full')
  })
  return (cpuSeconds * 1e6) / count
}

const directory = await mkdtemp(join(process.argv[3] ?? tmpdir(), 'frostbyte-metadata-'))
try {
  const few = await mkdtemp(join(directory, 'few-'))
  const fewStore = await openStore(few)
  await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => fewStore.commitVersion(commitOf(keyOf(index * 1_000 + 7)))),
  )
  const store = await openStore(directory)
  const filled = await measure(() => fill(store, keyCount))
  const { size } = await stat(join(directory, 'metadata.mdb'))
  const cpuEach = ((filled.cpuSeconds * 1e6) / keyCount).toFixed(0)
  const rate = Math.round(keyCount / filled.seconds)
  print(`fill ${keyCount} keys`, `${rate}/s, ${cpuEach} µs CPU each, ${Math.round(size / MIB)} MiB`)
  await benchCommits(store, directory)
  await benchReads(store)
  print('page of 1,000 names among 1,000 keys', `${(await pageCost(fewStore, 7)).toFixed(0)} µs CPU`)
  print(`page of 1,000 names among ${keyCount} keys`, `${(await pageCost(store, 7)).toFixed(0)} µs CPU`)
  const anonymous = /RssAnon:\s+(\d+)/.exec(await readFile('/proc/self/status', 'utf8'))
  print('memory without the mapped file', `${Math.round((Number(anonymous?.[1]) * KIB) / MIB)} MiB`)
  await fewStore.close()
  await store.close()
} finally {
  await rm(directory, { recursive: true })
}
