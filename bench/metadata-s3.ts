// Benchmark of what S3 asks of the metadata store, on LMDB, alone: `npx node bench/metadata-s3.ts [keys] [directory]`. Commits and listings
// with checksums against those without; pages of 1,000 entries with a delimiter, of names and of versions, among as many keys as told (one
// million unless told, a thousand to a folder); 10,000 parts completed, copied and removed. CPU is this process's, user and system; the
// longest turn is the CPU of the main thread in one turn of the event loop, during which it serves nobody else.

import { mkdtemp, rm } from 'node:fs/promises'
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
import type { VersionId } from '../src/base/ids.ts'
import { defaultChunkSizeBytes, defaultScheme } from '../src/base/scheme.ts'
import type { NewData } from '../src/meta/contract/file-metadata.ts'
import { partsMax } from '../src/meta/contract/multipart-metadata.ts'
import type { Extent, NewVersion } from '../src/meta/contract/version-row.ts'
import { KeyValueMetadata, LocalRunner } from '../src/meta/key-value-metadata.ts'
import { LmdbKeyValue } from '../src/node/lmdb-key-value.ts'
import { NodeRandom } from '../src/node/random.ts'

const keyCount = Number(process.argv[2] ?? 1_000_000)
const runMs = 2_000
const random = new NodeRandom()
const group = defined(parseGroupId(1), 'group')
const workers = [1, 2, 3, 4, 5].map((id) => defined(parseWorkerId(id.toString(16).padStart(16, '0')), 'worker'))
const epoch = defined(parseEpoch(1), 'epoch')
const bucket = 'default'

const checksums = [{ algorithm: 'crc32', value: random.bytes(4) }]

/** As current SDKs upload: an MD5 as ETag, an owner, a CRC-32. */
const ofS3 = { etag: '0123456789abcdef0123456789abcdef', owner: 'a'.repeat(64) }

const keyOf = (index: number): string => `data/${Math.floor(index / 1_000)}/file-${index % 1_000}.bin`
const versionId = (): VersionId => makeVersionId(Date.now(), random.bytes(10))

interface Data {
  readonly extent: Extent
  readonly newData: NewData
}

function makeData(size = 10_240): Data {
  const ref = { group, dataId: makeDataId(Date.now(), random.bytes(10)) }
  const data = { ...ref, scheme: defaultScheme, chunkSizeBytes: defaultChunkSizeBytes }
  return {
    extent: { ...data, dataLengthBytes: size, offset: 0, length: size },
    newData: { ...data, lengthBytes: size, acknowledgedEpoch: epoch, repairs: [] },
  }
}

async function put(store: KeyValueMetadata, key: string, more: Partial<NewVersion> = {}): Promise<unknown> {
  const { extent, newData } = makeData()
  const fixed = { version: versionId(), modifiedMs: Date.now(), sizeBytes: 10_240, crc32: 1, extents: [extent] }
  return await store.commitVersion({ bucket, key, version: { ...fixed, ...more }, newData: [newData] })
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
  await store.createGroup({ group, scheme: defaultScheme, workers })
  return store
}

/** Runs `body` from so many clients for a while; milliseconds of CPU each. */
async function cpuOf(clients: number, body: () => Promise<unknown>): Promise<number> {
  let count = 0
  const started = process.cpuUsage()
  const endMs = performance.now() + runMs
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await body()
      count++
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1e3 / count
}

function print(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(60)} ${figure}\n`)
}

async function once(what: string, body: () => Promise<unknown>): Promise<void> {
  const started = process.cpuUsage()
  const startedMs = performance.now()
  const turns = watchTurns()
  await body()
  const { user, system } = process.cpuUsage(started)
  const turn = turns.end()
  print(
    what,
    `${(performance.now() - startedMs).toFixed(0)} ms, ${((user + system) / 1e3).toFixed(0)} ms CPU, longest turn ${turn.toFixed(0)}`,
  )
}

/** Watches how much CPU each turn of the event loop takes, from now on; `end` gives the most, in milliseconds. */
function watchTurns(): { readonly end: () => number } {
  let longestMs = 0
  let isOver = false
  let before = process.threadCpuUsage()
  const note = (): void => {
    const { user, system } = process.threadCpuUsage(before)
    longestMs = Math.max(longestMs, (user + system) / 1e3)
    before = process.threadCpuUsage()
    if (!isOver) setImmediate(note)
  }
  setImmediate(note)
  return {
    end: () => {
      isOver = true
      return longestMs
    },
  }
}

async function fill(store: KeyValueMetadata): Promise<void> {
  let next = 0
  const client = async (): Promise<void> => {
    while (next < keyCount) await put(store, keyOf(next++), { ...ofS3, checksums })
  }
  await Promise.all(Array.from({ length: 2_000 }, client))
}

async function benchChecksums(store: KeyValueMetadata): Promise<void> {
  const forms = { 'plain': {}, 'ETag and owner': ofS3, 'and CRC-32': { ...ofS3, checksums } } as const
  let fresh = 0
  for (let round = 0; round < 2; round++)
    for (const [form, fields] of Object.entries(forms)) {
      const cpuMs = await cpuOf(64, async () => await put(store, `fresh/${fresh++}`, fields))
      print(`commit, 64 clients: ${form}`, `${(cpuMs * 1_000).toFixed(0)} µs CPU`)
    }
  for (const form of Object.keys(forms))
    for (let index = 0; index < 1_000; index++)
      await put(store, `list ${form}/${index}`, forms[form as keyof typeof forms])
  for (const form of Object.keys(forms))
    for (const more of [{}, { details: true as const }]) {
      const request = { bucket, prefix: `list ${form}/`, limit: 1_000, ...more }
      const cpuMs = await cpuOf(1, async () => await store.list(request))
      print(`page of 1,000: ${form}${'details' in more ? ', details' : ''}`, `${cpuMs.toFixed(2)} ms CPU`)
    }
}

async function benchDelimiter(store: KeyValueMetadata, what: string): Promise<void> {
  for (const [form, prefix] of [
    ['1,000 common prefixes', 'data/'],
    ['1,000 keys', 'data/7/'],
  ] as const) {
    const request = { bucket, prefix, delimiter: '/', limit: 1_000 }
    const list = await cpuOf(1, async () => await store.list(request))
    const versions = await cpuOf(1, async () => await store.listVersions(request))
    print(`page with delimiter, ${form}, ${what}`, `${list.toFixed(1)} ms CPU; versions ${versions.toFixed(1)} ms`)
  }
}

async function benchMultipart(store: KeyValueMetadata): Promise<void> {
  const name = { bucket, key: 'large', upload: versionId() }
  await store.createMultipart({ ...name, createdMs: Date.now(), template: {} })
  const parts = Array.from({ length: partsMax }, (_, index) => {
    const { extent, newData } = makeData(5 * 2 ** 20)
    const fixed = { number: index + 1, id: versionId(), modifiedMs: Date.now(), crc32: 1, etag: ofS3.etag, checksums }
    return { ...name, part: { ...fixed, sizeBytes: extent.length, extents: [extent] }, newData: [newData] }
  })
  await once('10,000 parts put', async () => await Promise.all(parts.map(async (part) => await store.putPart(part))))
  const sizeBytes = parts.length * 5 * 2 ** 20
  const version = {
    version: versionId(),
    modifiedMs: Date.now(),
    sizeBytes,
    crc32: 1,
    parts: parts.map(({ part: { number, sizeBytes: length, etag } }) => ({ number, length, etag, checksums })),
  }
  const named = parts.map(({ part: { number, id } }) => ({ number, id }))
  const newData = [makeData(0).newData] as const
  await once('completed', async () => await store.completeMultipart({ ...name, parts: named, version, newData }))
  await once('its head read', async () => await store.getHead(bucket, 'large'))
  for (const key of ['copy', 'second copy'])
    await once(`${key} made`, async () => {
      const copy = { version: versionId(), modifiedMs: Date.now(), sizeBytes, crc32: 1, extents: [] }
      const commandId = makeDataId(Date.now(), random.bytes(10))
      await store.commitVersion({ bucket, key, version: copy, newData: [], shareExtents: version.version, commandId })
    })
  for (const key of ['copy', 'second copy', 'large'])
    await once(`${key} removed`, async () => {
      const marker = { version: versionId(), modifiedMs: Date.now() }
      await store.deleteKey({ bucket, key, commandId: makeDataId(Date.now(), random.bytes(10)), marker })
    })
}

const directory = await mkdtemp(join(process.argv[3] ?? tmpdir(), 'frostbyte-metadata-'))
try {
  const store = await openStore(directory)
  await benchChecksums(store)
  await benchMultipart(store)
  await once(`fill ${keyCount} keys`, async () => {
    await fill(store)
  })
  await benchDelimiter(store, 'never versioned')
  await store.changeBucket({ name: bucket, versioning: 'enabled' })
  for (let index = 0; index < keyCount; index += 997) await put(store, keyOf(index))
  for (let index = 0; index < 1_000; index++) await put(store, keyOf(7_000 + index))
  await benchDelimiter(store, 'versioned')
  await store.close()
} finally {
  await rm(directory, { recursive: true, force: true })
}
