// What a 201 promises, seen from outside: strace on the master and all workers shows, for uploads of every kind of size, one after the
// other and many at once, that a sync of all their pieces had ended on the workers that the layout names, and then one of the
// metadata, before the answer was written. With the sync taken away by a switch the same check must find fault.

import assert from 'node:assert/strict'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'

import { openMetadata } from '../../bench/frostbyte/open-metadata.ts'
import { defined } from '../../src/base/assert.ts'
import type { GroupId, WorkerId } from '../../src/base/ids.ts'
import { BlockGeometry, blockCount, blockDataBytes, slotOf } from '../../src/codec/geometry.ts'
import type { GroupRow } from '../../src/meta/contract/group-metadata.ts'
import type { VersionRow } from '../../src/meta/contract/version-row.ts'
import type { MetadataStore } from '../../src/meta/metadata-store.ts'
import { FileClient, seededBytes } from '../harness/file-client.ts'
import { layoutPieces } from '../harness/layout.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import { listSegmentFiles } from '../harness/segment-files.ts'
import { straceIsMissing, SystemCallTrace } from '../harness/system-calls.ts'
import type { SystemCall } from '../harness/system-calls.ts'
import { DurabilityCheck } from './durable-uploads.ts'
import type { AcknowledgedUpload, ExpectedPiece, TracedFiles } from './durable-uploads.ts'

const sizes = [0, 1, 10_240, 10_241, 30_721, 300_000, 3_072_000, 3_072_001, 10_000_000]
const together = 24
const flagDsync = 0o10_000

const missing = straceIsMissing()

test('strace is there where everything is run', { skip: process.env['CI'] === undefined && (missing ?? false) }, () => {
  assert.equal(missing, undefined)
})

describe('before a 201', { skip: missing ?? false }, () => {
  let traced: Traced

  before(async () => {
    traced = await trace({ files: 40 })
  })

  test('a sync has ended on every worker concerned and in the metadata', () => {
    const { uploads } = traced
    assert.deepEqual(findFaults(traced), [])
    assert.equal(uploads.length, sizes.length + 40)
    assert.ok(uploads.every(({ pieces }) => pieces.length >= 2))
    assert.equal(new Set(uploads.flatMap(({ pieces }) => pieces.map(({ directory }) => directory))).size, 5)
  })

  test('the check finds whatever is taken out of the trace', () => {
    const { calls, uploads, files } = traced
    const isSync = ({ name }: SystemCall): boolean => name.endsWith('sync')
    const withoutCalls = (isLeftOut: (call: SystemCall) => boolean): number =>
      faultyNames({ ...traced, calls: calls.filter((call) => !isLeftOut(call)) }).size
    assert.equal(
      withoutCalls((call) => isSync(call) && call.path === files.metadataFile),
      uploads.length,
    )
    assert.equal(
      withoutCalls(({ descriptor, path }) => path === files.metadataFile && files.syncingDescriptors.has(descriptor)),
      uploads.length,
    )
    assert.ok(withoutCalls((call) => isSync(call) && call.path.includes('/worker-3/')) > uploads.length / 3)
    assert.ok(
      withoutCalls((call) => isSync(call) && !call.path.endsWith('.seg') && call.path !== files.metadataFile) > 0,
    )
    const early = calls.map((call) =>
      call.buffers.some((bytes) => bytes.includes('HTTP/1.1 201 ')) ? { ...call, start: 0, end: 0 } : call,
    )
    assert.equal(faultyNames({ ...traced, calls: early }).size, uploads.length)
  })

  test('a worker that leaves its sync out is found', async () => {
    const unsynced = await trace({ files: 0, env: { FROSTBYTE_FAULTS: 'disk.skip-sync' } })
    const faults = findFaults(unsynced)
    for (const { name } of unsynced.uploads) {
      assert.ok(
        faults.some((fault) => fault.startsWith(`${name}: `) && fault.endsWith('and not synced')),
        name,
      )
    }
  })
})

interface Traced {
  readonly calls: readonly SystemCall[]
  readonly files: TracedFiles
  readonly uploads: readonly AcknowledgedUpload[]
}

/** Uploads of every size one by one, then `files` of them by several clients at once, on a fresh cluster. */
async function trace(options: {
  readonly files: number
  readonly env?: Readonly<Record<string, string>>
}): Promise<Traced> {
  const cluster = await RealCluster.start(options.env === undefined ? {} : { workerEnv: options.env })
  let system: SystemCallTrace | undefined
  try {
    await cluster.untilWorkersUp(5)
    const files = await lookAtFiles(cluster)
    const pids = cluster.nodes.map((node) => node.pid)
    system = await SystemCallTrace.attach(pids, join(cluster.directory, 'system-calls'))
    const client = new FileClient(cluster.url)
    const names: string[] = []
    const upload = async (name: string, size: number): Promise<void> => {
      const response = await client.upload(name, seededBytes(names.push(name), size))
      assert.equal(response.status, 201, await response.text())
    }
    for (const size of sizes) await upload(`alone-${size}-bytes`, size)
    let next = 0
    const drive = async (): Promise<void> => {
      for (let file = next++; file < options.files; file = next++) await upload(`together-${file}-of-many`, file * 1500)
    }
    await Promise.all(Array.from({ length: together }, drive))
    const calls = await system.finish()
    const uploads = await expectedPieces(cluster, client, names)
    return { calls, files, uploads }
  } finally {
    await system?.end()
    await cluster.remove()
  }
}

function findFaults({ calls, files, uploads }: Traced): readonly string[] {
  const check = new DurabilityCheck(calls, files)
  return uploads.flatMap((upload) => check.missing(upload))
}

function faultyNames(traced: Traced): ReadonlySet<string> {
  return new Set(findFaults(traced).map((fault) => fault.slice(0, fault.indexOf(':'))))
}

async function lookAtFiles(cluster: RealCluster): Promise<TracedFiles> {
  const metadataFile = join(cluster.directory, 'metadata', 'metadata.mdb')
  const directory = `/proc/${defined(cluster.masters[0], 'master').pid}/fd`
  const syncingDescriptors = new Set<number>()
  for (const descriptor of await readdir(directory)) {
    if ((await readlink(join(directory, descriptor)).catch(() => '')) !== metadataFile) continue
    const info = await readFile(`${directory}info/${descriptor}`, 'utf8')
    const flags = Number.parseInt(/flags:\s+(\d+)/.exec(info)?.[1] ?? '0', 8)
    if ((flags & flagDsync) !== 0) syncingDescriptors.add(Number(descriptor))
  }
  assert.equal(syncingDescriptors.size, 1, 'the metadata is made valid through a descriptor of its own')
  const segments = await Promise.all(cluster.workers.map(async (worker) => await listSegmentFiles(worker)))
  return { metadataFile, syncingDescriptors, oldSegments: new Set(segments.flat().map(({ path }) => path)) }
}

/**
 * Which worker must hold what: geometry and group say it, unless metadata knows of a stand-in. The layout, asked before the end, must
 * say the same. A column that was not durable at the write deadline (a slow disk) is recorded as repair work, and not promised.
 */
async function expectedPieces(
  cluster: RealCluster,
  client: FileClient,
  names: readonly string[],
): Promise<readonly AcknowledgedUpload[]> {
  const directories = await cluster.workerDirectories()
  const layouts = new Map<string, readonly string[]>()
  for (const name of names) {
    const pieces = await layoutPieces(client, name)
    layouts.set(
      name,
      [...new Set(pieces.map(({ block, column, worker }) => `${block} ${column} ${worker}`))].toSorted(),
    )
  }
  await cluster.stop()
  const metadata = await openMetadata(cluster.directory)
  try {
    const { groups } = await metadata.listGroups({ since: 0, limit: 1000 })
    const uploads: AcknowledgedUpload[] = []
    for (const name of names) {
      const row = defined(await metadata.getHead('default', name), name)
      const placed = await withStandIns(metadata, placePieces(row, groups))
      if (row.sizeBytes > 0) {
        const expected = placed.map(({ block, column, worker }) => `${block} ${column} ${worker}`)
        assert.deepEqual(layouts.get(name), expected.toSorted(), `layout of ${name}`)
      }
      const pieces = placed
        .filter(({ isPromised }) => isPromised)
        .map((piece) => ({ ...piece, directory: defined(directories.get(piece.worker), piece.worker) }))
      uploads.push({ name, pieces })
    }
    return uploads
  } finally {
    await metadata.close()
  }
}

interface PlacedPiece extends Omit<ExpectedPiece, 'directory'> {
  readonly group: GroupId
  readonly worker: WorkerId
  readonly isPromised: boolean
}

async function withStandIns(metadata: MetadataStore, pieces: readonly PlacedPiece[]): Promise<readonly PlacedPiece[]> {
  const moved: PlacedPiece[] = []
  for (const piece of pieces) {
    const { group, dataId, block, column } = piece
    const repairs = await metadata.listRepairs({ group, dataId, limit: 1000 })
    const repair = repairs.find((one) => one.kind === 'fragment' && one.block === block && one.column === column)
    const standIn = repair?.kind === 'fragment' ? repair.standIn : undefined
    moved.push({ ...piece, worker: standIn ?? piece.worker, isPromised: repair === undefined || standIn !== undefined })
  }
  return moved
}

function placePieces(row: VersionRow, groups: readonly GroupRow[]): readonly PlacedPiece[] {
  return row.extents.flatMap(({ group, dataId, scheme, chunkSizeBytes, dataLengthBytes }) => {
    const { slots } = defined(
      groups.find((other) => other.group === group),
      `group ${group}`,
    )
    return Array.from({ length: blockCount(scheme, chunkSizeBytes, dataLengthBytes) }, (_, block) => {
      const dataBytes = blockDataBytes(scheme, chunkSizeBytes, dataLengthBytes, block)
      return new BlockGeometry(scheme, chunkSizeBytes, dataBytes).columns().map((column) => ({
        group,
        dataId,
        block,
        column,
        isPromised: true,
        worker: defined(slots[slotOf(scheme, dataId, block, column)], 'slot').worker,
      }))
    }).flat()
  })
}
