// Brings one version back from the manifest that lies in the fragments of its last block, where enough of it is held to read every block.
// The record of a copy, or of a multipart upload that was completed, has no bytes of its own but names those of others, which may be back
// already.

import { defined } from '../../base/assert.ts'
import { errorCode, FrostError } from '../../base/errors.ts'
import { dataIdTimeMs, parseEpoch } from '../../base/ids.ts'
import type { DataId, GroupId, WorkerId } from '../../base/ids.ts'
import { columnCount } from '../../base/scheme.ts'
import { SECOND_MS } from '../../base/units.ts'
import { dataCrcOfTable } from '../../codec/check-table.ts'
import { joinCrc32 } from '../../codec/crc32.ts'
import { blockCount } from '../../codec/geometry.ts'
import { decodeManifest } from '../../codec/manifest.ts'
import type { ManifestExtent } from '../../codec/manifest-lists.ts'
import type { Manifest } from '../../codec/manifest.ts'
import { decodeHeader } from '../../codec/record.ts'
import type { RecordHeader } from '../../codec/record.ts'
import { pageLimitMax } from '../../meta/contract/conventions.ts'
import type { Fence } from '../../meta/contract/conventions.ts'
import { seenSequenceMax } from '../../meta/contract/rebuild-metadata.ts'
import type { RecoveredData, RecoverVersion } from '../../meta/contract/rebuild-metadata.ts'
import { extentsMax } from '../../meta/contract/version-row.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import type { ClusterMap } from '../cluster-map.ts'
import { checkName } from '../names.ts'
import { versionOfManifest } from '../version-manifest.ts'
import { repeatUntilKnown } from '../repeat.ts'
import type { WorkerLinks } from '../worker-link.ts'
import { heldOf } from './held-data.ts'
import type { HeldData } from './held-data.ts'
import { firstLostBlock, repairsOf } from './judge-data.ts'

export interface RecoveryPorts {
  readonly metadata: MetadataStore
  readonly compute: Compute
  readonly clock: Clock
  readonly map: Pick<ClusterMap, 'group'>
  readonly links: Pick<WorkerLinks, 'link'>
}

/** The rebuild that it is for. */
export interface RecoveryRun {
  readonly rebuild: string
  readonly fence: Fence
  /** Who may hold anything of a group. */
  readonly holders: (group: GroupId) => readonly WorkerId[]
  readonly signal: AbortSignal
}

/** What became of the file that a data id ends. `unnamed`: it ends none. */
export type Recovery =
  | { readonly kind: 'unnamed' | 'known' }
  | { readonly kind: 'recovered'; readonly seenSequence: number; readonly repairs: number }
  | { readonly kind: 'incomplete'; readonly bucket: string; readonly key: string; readonly reason: string }

const inspectDeadlineMs = 10 * SECOND_MS
/** A copy that a rebuild brought back names what its source named: one step for each rebuild between copies. */
const copiesMax = 16
const firstEpoch = defined(parseEpoch(1), 'an epoch')

/**
 * What became of the version that the data id ends, and before it of those whose data it shares: data that has a row already is not looked
 * at for a version of its own.
 * @throws FrostError where a worker or metadata does not answer: nothing is known then.
 */
export async function recoverFile(
  ports: RecoveryPorts,
  run: RecoveryRun,
  held: HeldData,
): Promise<readonly Recovery[]> {
  const last = await readHeader(ports, run, held, Math.max(...held.blocks.keys()))
  const own = last === undefined ? undefined : manifestOf(last)
  if (last === undefined || own === undefined || own.partOf !== undefined) return [{ kind: 'unnamed' }]
  const manifest = await withSharedExtents(ports, run, own)
  const isShared = typeof manifest !== 'string' && manifest.extents.at(-1)?.length === 0
  const sources = isShared ? await recoverSources(ports, run, manifest, held) : []
  return [...sources, await recoverNamed(ports, run, { own, manifest, held, last })]
}

/** Versions that end with data ids which another one shares, where they have no row yet. */
async function recoverSources(
  ports: RecoveryPorts,
  run: RecoveryRun,
  { extents }: Manifest,
  { dataId: ownId }: HeldData,
): Promise<readonly Recovery[]> {
  const shared = distinct(extents).filter(({ dataId }) => dataId !== ownId)
  const recovered: Recovery[] = []
  for (let at = 0; at < shared.length; at += pageLimitMax) {
    const page = shared.slice(at, at + pageLimitMax)
    const rows = await ports.metadata.getDataRows(page.map(({ group, dataId }) => ({ group, dataId })))
    for (const [index, { group, dataId }] of page.entries()) {
      if (rows[index] !== undefined) continue
      const held = await heldOf(ports.links, { group, workers: run.holders(group), signal: run.signal }, dataId)
      const last =
        held.blocks.size === 0 ? undefined : await readHeader(ports, run, held, Math.max(...held.blocks.keys()))
      const own = last === undefined ? undefined : manifestOf(last)
      // The record of another copy shares nothing: its turn comes by itself.
      if (last === undefined || own === undefined || own.partOf !== undefined || own.extents.at(-1)?.length === 0)
        continue
      recovered.push(await recoverNamed(ports, run, { own, manifest: own, held, last }))
    }
  }
  return recovered
}

async function recoverNamed(
  ports: RecoveryPorts,
  run: RecoveryRun,
  of: { readonly own: Manifest; readonly manifest: Manifest | string } & Pick<FoundFile, 'held' | 'last'>,
): Promise<Recovery> {
  const { own, manifest, held, last } = of
  const { bucket, key } = own
  const found = typeof manifest === 'string' ? manifest : await prepare(ports, run, { manifest, held, last })
  if (typeof found === 'string') return { kind: 'incomplete', bucket, key, reason: found }
  try {
    const outcome = await repeatUntilKnown(ports.clock, async () => await ports.metadata.recoverVersion(found))
    if (outcome === 'known') return { kind: 'known' }
    if (outcome === 'gone') return { kind: 'incomplete', bucket, key, reason: 'Data that it shares was deleted.' }
  } catch (error) {
    const isUnfit = errorCode(error) === 'bad-request' || errorCode(error) === 'name-invalid'
    if (!isUnfit || !(error instanceof FrostError)) throw error
    return { kind: 'incomplete', bucket, key, reason: error.message }
  }
  const repairs = found.data.reduce((sum, data) => sum + data.repairs.length + data.slots.length, 0)
  return { kind: 'recovered', seenSequence: found.seenSequence, repairs }
}

interface FoundFile {
  readonly manifest: Manifest
  readonly held: HeldData
  /** Of the file's last block. */
  readonly last: RecordHeader
}

/** The command that brings it back, or why it cannot be. */
async function prepare(ports: RecoveryPorts, run: RecoveryRun, found: FoundFile): Promise<RecoverVersion | string> {
  const { manifest, held } = found
  const refusal = refusalOf(manifest)
  if (refusal !== undefined) return refusal
  const data: RecoveredData[] = []
  for (const extent of distinct(manifest.extents)) {
    const isLast = extent.dataId === held.dataId && extent.group === held.group
    const judged = await judge(ports, run, extent, isLast ? held : undefined)
    if (typeof judged === 'string') return judged
    data.push(judged)
  }
  const crc32 = manifest.crc32 ?? (await crcOf(ports, run, found))
  if (crc32 === undefined) return 'The header of one of its blocks cannot be read.'
  const { bucket, key } = manifest
  // Manifests from before the number was in them are older than those with it, and ordered by the versions of their key.
  const seenSequence = Math.min(manifest.seenSequence ?? manifest.headSequence, seenSequenceMax)
  const { rebuild, fence } = run
  // When its last data id was begun: the time of the commit is lost. The clock of ids can be ahead, and nothing was stored in the future.
  const modifiedMs = Math.min(dataIdTimeMs(held.dataId), ports.clock.wallMs())
  const version = versionOfManifest(manifest, { crc32, modifiedMs })
  const ends = { group: held.group, dataId: held.dataId }
  return { rebuild, fence, bucket, key, version, seenSequence, ends, data }
}

/** The manifest of a copy of a long list says whose extents and parts its are. Or why it cannot be known. */
async function withSharedExtents(
  ports: RecoveryPorts,
  run: RecoveryRun,
  manifest: Manifest,
  depth = 0,
): Promise<Manifest | string> {
  const { extentsOf } = manifest
  if (extentsOf === undefined) return manifest
  const { group, dataId } = extentsOf
  const held = await heldOf(ports.links, { group, workers: run.holders(group), signal: run.signal }, dataId)
  const last = held.blocks.size === 0 ? undefined : await readHeader(ports, run, held, Math.max(...held.blocks.keys()))
  const found = last === undefined || depth === copiesMax ? undefined : manifestOf(last)
  if (found === undefined) return 'What it is a copy of cannot be read.'
  const source = await withSharedExtents(ports, run, found, depth + 1)
  if (typeof source === 'string') return source
  const { parts } = source
  // Its records of no bytes are its own.
  const extents = [...source.extents.filter(({ length }) => length > 0), ...manifest.extents]
  return { ...manifest, extents, ...(parts === undefined ? {} : { parts }) }
}

function refusalOf(manifest: Manifest): string | undefined {
  try {
    checkName(manifest)
  } catch (error) {
    if (error instanceof FrostError) return error.message
    throw error
  }
  const bytes = manifest.extents.reduce((sum, extent) => sum + extent.length, 0)
  const isWhole = manifest.extents.length <= extentsMax && bytes === (manifest.storedSizeBytes ?? manifest.sizeBytes)
  return isWhole ? undefined : 'Its manifest contradicts itself.'
}

async function judge(
  ports: RecoveryPorts,
  run: RecoveryRun,
  extent: ManifestExtent,
  known: HeldData | undefined,
): Promise<RecoveredData | string> {
  const { group, dataId, scheme, chunkSizeBytes, dataLengthBytes: lengthBytes } = extent
  const row = ports.map.group(group)
  if (row === undefined || row.slots.length !== columnCount(scheme)) return `Its placement group ${group} is not known.`
  const walk = { group, workers: run.holders(group), signal: run.signal }
  const held = known ?? (await heldOf(ports.links, walk, dataId))
  const shape = { scheme, chunkSizeBytes, lengthBytes }
  const lost = firstLostBlock(held, shape)
  if (lost !== undefined) return `Too few fragments of block ${lost} of ${dataId} were found.`
  const isThere = (worker: WorkerId): boolean => ports.links.link(worker) !== undefined
  return { group, dataId, ...shape, ...repairsOf(held, shape, { group: row, isThere }) }
}

/** Of the whole file: from the manifest and the last block's checks, or, where the manifest is old, from those of all blocks. */
async function crcOf(
  ports: RecoveryPorts,
  run: RecoveryRun,
  { manifest, last }: FoundFile,
): Promise<number | undefined> {
  const { crcBefore } = manifest
  if (crcBefore !== undefined) return joinBlock(crcBefore, last)
  let crc = 0
  for (const { group, dataId, scheme, chunkSizeBytes, dataLengthBytes } of distinct(manifest.extents)) {
    const walk = { group, workers: run.holders(group), signal: run.signal }
    const held = await heldOf(ports.links, walk, dataId)
    const blocks = blockCount(scheme, chunkSizeBytes, dataLengthBytes)
    for (let block = 0; block < blocks; block++) {
      const header = await readHeader(ports, run, held, block)
      if (header === undefined) return undefined
      crc = joinBlock(crc, header)
    }
  }
  return crc
}

function joinBlock(crc: number, { geometry, dataId, block, checkTable }: RecordHeader): number {
  return joinCrc32(crc, dataCrcOfTable(geometry, { dataId, block }, checkTable), geometry.dataBytes)
}

/** Of any column of the block; `undefined`: none can be read. */
async function readHeader(
  ports: RecoveryPorts,
  { signal }: RecoveryRun,
  held: HeldData,
  block: number,
): Promise<RecordHeader | undefined> {
  const { group, dataId, blocks } = held
  // Reads of what is there are answered under any epoch.
  const epoch = ports.map.group(group)?.epoch ?? firstEpoch
  for (const [column, holders] of blocks.get(block) ?? []) {
    for (const worker of holders) {
      const link = ports.links.link(worker)
      if (link === undefined) throw new FrostError('peer-unreachable', `Worker ${worker} is not connected.`)
      try {
        const key = { group, dataId, block, column }
        const bytes = await link.inspect(key, epoch, { deadlineMs: inspectDeadlineMs, signal })
        const header = decodeHeader(ports.compute, bytes, 'protocol-error')
        if (header.group === group && header.dataId === dataId && header.block === block) return header
      } catch (error) {
        if (!isOneFragments(error)) throw error
      }
    }
  }
  return undefined
}

/** Whether another fragment of the block may do. */
function isOneFragments(error: unknown): boolean {
  const code = errorCode(error)
  return (
    code === 'fragment-missing' || code === 'fragment-corrupt' || code === 'disk-failed' || code === 'protocol-error'
  )
}

/** Of the file that ends with this record. */
function manifestOf(header: RecordHeader): Manifest | undefined {
  if (!header.isLastBlock || header.manifest.length === 0) return undefined
  try {
    const manifest = decodeManifest(header.manifest, 'protocol-error')
    return manifest.extents.some((extent) => extent.dataId === header.dataId) ? manifest : undefined
  } catch (error) {
    if (error instanceof FrostError) return undefined
    throw error
  }
}

function distinct(extents: readonly ManifestExtent[]): readonly ManifestExtent[] {
  const known = new Map<string, ManifestExtent>()
  for (const extent of extents) if (!known.has(keyOf(extent))) known.set(keyOf(extent), extent)
  return [...known.values()]
}

function keyOf({ group, dataId }: { readonly group: GroupId; readonly dataId: DataId }): string {
  return `${group}/${dataId}`
}
