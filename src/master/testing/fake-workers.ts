// Workers in memory for tests of the master's data path: they keep records as sent, prove them as a store does, and can be away, slow,
// full, or have bytes changed.

import { assert, defined } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { parseEpoch, parseGroupId, parseWorkerId } from '../../base/ids.ts'
import type { DataId, GroupId, WorkerId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { PlacementGroup } from '../../cluster/placement-group.ts'
import { partLength } from '../../codec/erasure-coder.ts'
import { bucketOf, FragmentDigest } from '../../codec/fragment-digest.ts'
import { slotOf } from '../../codec/geometry.ts'
import { checksOf, decodeHeader } from '../../codec/record.ts'
import type { RecordHeader } from '../../codec/record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import type { FragmentKey } from '../../rpc/messages/fragment.ts'
import { fragmentsPerPage } from '../../rpc/messages/fragment-sets.ts'
import type { FragmentId, FragmentPage, ListFragmentsRequest, NamedRecord } from '../../rpc/messages/fragment-sets.ts'
import type { HeldGroup } from '../../rpc/messages/group-usage.ts'
import type { RebuildOutcome, RebuildRequest } from '../../rpc/messages/rebuild.ts'
import type { FragmentState, VerifyFragmentsRequest } from '../../rpc/messages/verify.ts'
import type {
  CallOptions,
  FragmentChunks,
  FragmentRange,
  GetOptions,
  PutOptions,
  WorkerLink,
  WorkerLinks,
} from '../worker-link.ts'

export type WorkerMood = 'up' | 'away' | 'failing' | 'full' | 'slow' | 'silent' | 'unaware'

/** How long a slow one takes. */
const slowMs = 5000

export class FakeWorkers implements WorkerLinks {
  readonly compute: Compute
  /** For deadlines. */
  readonly clock: Clock
  readonly ids: readonly WorkerId[]
  readonly moods = new Map<WorkerId, WorkerMood>()
  readonly records = new Map<WorkerId, Map<string, Uint8Array>>()
  /** How many more puts a worker refuses because it does not know the group's epoch yet. */
  readonly epochRefusals = new Map<WorkerId, number>()
  bytesRead = 0

  constructor(ports: { readonly compute: Compute; readonly clock: Clock }, count: number) {
    this.compute = ports.compute
    this.clock = ports.clock
    this.ids = Array.from({ length: count }, (_, index) => workerId(index + 1))
    for (const id of this.ids) {
      this.moods.set(id, 'up')
      this.records.set(id, new Map())
    }
  }

  /** A group over the first workers. */
  group(scheme: Scheme): PlacementGroup {
    const epoch = defined(parseEpoch(1), 'epoch')
    const slots = this.ids.slice(0, scheme.dataColumns + scheme.parityColumns)
    return {
      group: defined(parseGroupId(1), 'group'),
      epoch,
      scheme,
      slots: slots.map((worker) => ({ worker, holderSinceEpoch: epoch })),
      state: 'writable',
    }
  }

  setMood(index: number, mood: WorkerMood): void {
    this.moods.set(defined(this.ids[index], 'worker'), mood)
  }

  /** Workers that hold a column. */
  holders(key: Omit<FragmentKey, 'group'>): readonly WorkerId[] {
    return this.ids.filter((id) => this.records.get(id)?.has(nameOf(key)))
  }

  link(worker: WorkerId): WorkerLink | undefined {
    return this.moods.get(worker) === 'away' ? undefined : new FakeLink(this, worker)
  }

  isReadable(worker: WorkerId): boolean {
    return this.moods.get(worker) !== 'away'
  }

  isWritable(worker: WorkerId): boolean {
    return this.isReadable(worker)
  }

  writable(): readonly WorkerId[] {
    return this.ids.filter((id) => this.isWritable(id))
  }
}

function workerId(number: number): WorkerId {
  return defined(parseWorkerId(number.toString(16).padStart(16, '0')), 'worker id')
}

function compareIds(left: FragmentId, right: FragmentId): number {
  if (left.dataId !== right.dataId) return left.dataId < right.dataId ? -1 : 1
  return left.block - right.block || left.column - right.column
}

export function nameOf(key: Omit<FragmentKey, 'group'>): string {
  return `${key.dataId} ${key.block} ${key.column}`
}

class FakeLink implements WorkerLink {
  readonly worker: WorkerId
  readonly #workers: FakeWorkers

  constructor(workers: FakeWorkers, worker: WorkerId) {
    this.#workers = workers
    this.worker = worker
  }

  async put(parts: readonly Uint8Array[], options: PutOptions): Promise<void> {
    const record = new Uint8Array(Buffer.concat(parts))
    options.sent()
    await this.#act(options)
    const refusals = this.#workers.epochRefusals.get(this.worker) ?? 0
    this.#workers.epochRefusals.set(this.worker, refusals - 1)
    if (refusals > 0) throw new FrostError('epoch-stale', 'The worker did not know the group yet.')
    const mood = this.#workers.moods.get(this.worker)
    if (mood === 'full') throw new FrostError('insufficient-storage', 'Full.')
    if (mood === 'unaware') {
      this.#workers.moods.set(this.worker, 'up')
      throw new FrostError('group-not-adopted', 'Not known yet.')
    }
    const header = decodeHeader(this.#workers.compute, record, 'protocol-error')
    this.#workers.records.get(this.worker)?.set(nameOf(header), record)
  }

  async get(range: FragmentRange, options: GetOptions): Promise<FragmentChunks> {
    await this.#act(options)
    const record = this.#record(range.key)
    const header = decodeHeader(this.#workers.compute, record, 'store-corrupt')
    const { geometry, headerBytes, column } = header
    if (range.endChunk > geometry.chunkCount(column)) throw new FrostError('fragment-missing', 'No such chunks.')
    const stripes = { firstStripe: range.firstChunk, endStripe: range.endChunk }
    const start = headerBytes + geometry.columnOffset(column, range.firstChunk)
    const bytes = record.slice(start, start + partLength(geometry, column, stripes))
    this.#workers.bytesRead += bytes.length
    if (options.onBytes !== undefined) {
      for (let at = 0; at < bytes.length; at += 1000) options.onBytes(bytes.subarray(at, at + 1000))
    }
    const { dataColumns, parityColumns } = geometry.scheme
    const { chunkSizeBytes, dataBytes } = geometry
    const checks = checksOf(header, column, stripes)
    return {
      reply: { blockDataBytes: dataBytes, dataColumns, parityColumns, chunkSizeBytes, checks },
      bytes: options.onBytes === undefined ? bytes : new Uint8Array(0),
      release: () => undefined,
    }
  }

  async inspect(key: FragmentKey): Promise<Uint8Array> {
    await Promise.resolve()
    return this.#record(key)
  }

  async drop(_group: unknown, _epoch: unknown, dataIds: readonly DataId[]): Promise<void> {
    await Promise.resolve()
    const records = this.#workers.records.get(this.worker)
    for (const name of records?.keys() ?? []) if (dataIds.some((id) => name.startsWith(id))) records?.delete(name)
  }

  async listIds(): Promise<readonly DataId[]> {
    await Promise.resolve()
    return []
  }

  async groupUsage(): Promise<readonly HeldGroup[]> {
    await Promise.resolve()
    return []
  }

  async digest(group: GroupId, scheme: Scheme, slot: number): Promise<FragmentDigest> {
    const digest = new FragmentDigest()
    const { fragments } = await this.listFragments({ group, place: { scheme, slot }, limit: fragmentsPerPage })
    for (const { dataId, block, column } of fragments) digest.add(dataId, block, column)
    return digest
  }

  async listFragments({ group, place, buckets, after, limit }: ListFragmentsRequest): Promise<FragmentPage> {
    await Promise.resolve()
    const held = this.#headers()
      .filter((header) => header.group === group && (after === undefined || compareIds(header, after) > 0))
      .filter(
        ({ dataId, block, column }) =>
          place === undefined || slotOf(place.scheme, dataId, block, column) === place.slot,
      )
      .filter(({ dataId }) => buckets === undefined || buckets.includes(bucketOf(dataId)))
      .toSorted(compareIds)
    const fragments = held.slice(0, limit)
    return { fragments, next: held.length > limit ? fragments.at(-1) : undefined }
  }

  async dropFragments(_group: unknown, _epoch: unknown, fragments: readonly NamedRecord[]): Promise<number> {
    await Promise.resolve()
    const held = this.#headers()
    const dropped = fragments.filter((fragment) =>
      held.some((header) => compareIds(header, fragment) === 0 && header.headerCrc === fragment.headerCrc),
    )
    for (const fragment of dropped) this.#workers.records.get(this.worker)?.delete(nameOf(fragment))
    return dropped.length
  }

  /** Takes what another one holds of the very column. */
  async rebuild({ fragments }: RebuildRequest, options: CallOptions): Promise<readonly RebuildOutcome[]> {
    await this.#act(options)
    const own = this.#workers.records.get(this.worker)
    return fragments.map((fragment): RebuildOutcome => {
      const name = nameOf(fragment)
      if (own?.has(name) === true) return { state: 'exists' }
      const record = [...this.#workers.records.values()].find((records) => records.has(name))?.get(name)
      if (record === undefined) return { state: 'unavailable', code: 'fragment-missing' }
      own?.set(name, record)
      return { state: 'stored', bytes: record.length, readBytes: record.length }
    })
  }

  async startScrub(): Promise<void> {
    await Promise.resolve()
  }

  #headers(): readonly RecordHeader[] {
    const records = this.#workers.records.get(this.worker)?.values() ?? []
    return [...records].map((record) => decodeHeader(this.#workers.compute, record, 'store-corrupt'))
  }

  async verify({ fragments }: VerifyFragmentsRequest): Promise<readonly FragmentState[]> {
    await Promise.resolve()
    const records = this.#workers.records.get(this.worker)
    return fragments.map((fragment) => (records?.has(nameOf(fragment)) === true ? 'good' : 'missing'))
  }

  async adoptedGroups(): Promise<readonly PlacementGroup[]> {
    await Promise.resolve()
    return []
  }

  #record(key: FragmentKey): Uint8Array {
    const record = this.#workers.records.get(this.worker)?.get(nameOf(key))
    if (record === undefined) throw new FrostError('fragment-missing', 'Not here.')
    return record
  }

  async #act({ deadlineMs, signal }: { readonly deadlineMs: number; readonly signal?: AbortSignal }): Promise<void> {
    await Promise.resolve()
    const mood = this.#workers.moods.get(this.worker)
    if (mood === 'failing') throw new FrostError('disk-failed', 'The disk is broken.')
    if (mood === 'away') throw new FrostError('peer-unreachable', 'Away.')
    if (mood !== 'silent' && mood !== 'slow') return
    assert(deadlineMs > 0, 'a deadline')
    const { clock } = this.#workers
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    signal?.addEventListener('abort', () => reject(new FrostError('cancelled', 'Cancelled.')), { once: true })
    if (mood === 'slow') clock.startTimer(slowMs, resolve)
    clock.startTimer(deadlineMs, () => reject(new FrostError('deadline-exceeded', 'Too late.')))
    await promise
  }
}
