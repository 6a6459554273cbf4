// Fetches chunks of single columns of one block from workers, and checks every chunk against its place. What turns out missing or
// corrupt is reported as damage here, once, whoever asked.

import { assert } from '../base/assert.ts'
import { FrostError, errorCode } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { CheckRun, firstDamagedStripe } from '../codec/checks.ts'
import { PositionMasks } from '../codec/crc32.ts'
import { partLength } from '../codec/erasure-coder.ts'
import { pieceSizeBytes, slotOf } from '../codec/geometry.ts'
import type { BlockGeometry, StripeRange } from '../codec/geometry.ts'
import type { DataRef } from '../meta/contract/conventions.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { FragmentKey, GetReply } from '../rpc/messages/fragment.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'
import { spanned } from './spanned.ts'
import type { RecentLatency } from './latency.ts'
import type { PromptWorkers } from './prompt-workers.ts'
import type { FragmentChunks, GetOptions, WorkerLinks } from './worker-link.ts'

export interface FragmentFetcherPorts {
  readonly clock: Clock
  readonly compute: Compute
  readonly links: WorkerLinks
  readonly latency: RecentLatency
  readonly prompt: PromptWorkers
  /** A fragment that should be there is missing or corrupt: to be recorded as repair work. Must not throw. */
  readonly onDamage: (damage: FragmentDamage) => void
  /** Of the request that reads. */
  readonly trail?: RequestTrail
}

export interface FragmentDamage {
  readonly key: FragmentKey
  readonly worker: WorkerId
  readonly code: 'fragment-missing' | 'fragment-corrupt'
  /** The worker holds the column's slot; otherwise it stands in. */
  readonly isHolder: boolean
}

/** Bytes `from` to `end - 1` of the data of one block. */
export interface BlockPart {
  readonly ref: DataRef
  readonly block: number
  readonly geometry: BlockGeometry
  readonly from: number
  readonly end: number
}

/** A column and a worker to have it from. */
export interface Source {
  readonly column: number
  readonly worker: WorkerId
}

export interface FetchOptions {
  readonly stripes: StripeRange
  readonly deadlineMs: number
  readonly signal?: AbortSignal
}

export interface FetchTarget {
  readonly output: Uint8Array
  /** Where in `output` the column's chunk of a stripe belongs. */
  readonly placeOf: (stripe: number) => number
}

/** What came of one column, not checked yet. */
export interface ReceivedColumn {
  readonly source: Source
  readonly stripes: StripeRange
  /** The stored checks of the chunks in `stripes`. */
  readonly checks: DataView
  readonly chunkOf: (stripe: number) => Uint8Array
}

export class FragmentFetcher {
  readonly #ports: FragmentFetcherPorts
  readonly #part: BlockPart
  readonly #group: PlacementGroup
  /** Found missing or corrupt already; they are not asked again. */
  readonly #damaged: Source[] = []
  /** Workers that did not answer in time, and are asked last from now on. */
  readonly #slow = new Set<WorkerId>()

  constructor(ports: FragmentFetcherPorts, part: BlockPart, group: PlacementGroup) {
    this.#ports = ports
    this.#part = part
    this.#group = group
  }

  /** Who holds a column by the map. */
  holderOf(column: number): WorkerId {
    const { geometry, ref, block } = this.#part
    const worker = this.#group.slots[slotOf(geometry.scheme, ref.dataId, block, column)]?.worker
    assert(worker !== undefined, 'every column has a slot')
    return worker
  }

  /** Who is to hold it next, and may have it already. */
  nextHolderOf(column: number): WorkerId | undefined {
    const { geometry, ref, block } = this.#part
    return this.#group.slots[slotOf(geometry.scheme, ref.dataId, block, column)]?.pendingWorker
  }

  isDamaged(source: Source): boolean {
    return this.#damaged.some(({ column, worker }) => column === source.column && worker === source.worker)
  }

  /** It was late here, or lately elsewhere. */
  isSlow(worker: WorkerId): boolean {
    return this.#slow.has(worker) || !this.#ports.prompt.isPrompt(worker)
  }

  isReadable(worker: WorkerId): boolean {
    return this.#ports.links.isReadable(worker)
  }

  /** The column's chunks in `stripes`, contiguous, in the connection's memory until `release`. */
  async fetch(source: Source, options: FetchOptions): Promise<FragmentChunks> {
    const chunks = await this.#get(source, options)
    const { geometry, ref, block } = this.#part
    const damaged = firstDamagedStripe(this.#ports.compute, {
      geometry,
      dataId: ref.dataId,
      block,
      column: source.column,
      stripes: options.stripes,
      bytes: chunks.bytes,
      checks: chunks.reply.checks,
    })
    if (damaged === undefined) return chunks
    chunks.release()
    throw this.#corrupt(source, `stripe ${damaged}`)
  }

  /** Puts the chunks straight from the socket to where they belong: `placeOf(stripe)` bytes into `output`. */
  async fetchInto(source: Source, options: FetchOptions, target: FetchTarget): Promise<void> {
    this.#check(await this.receiveInto(source, options, target))
  }

  /** As `fetchInto`, but the bytes are **not checked** yet: `checkRun` is for that. */
  async receiveInto(source: Source, options: FetchOptions, target: FetchTarget): Promise<ReceivedColumn> {
    const { geometry } = this.#part
    const { chunkSizeBytes } = geometry
    const { output, placeOf } = target
    const { stripes } = options
    const expected = partLength(geometry, source.column, stripes)
    let received = 0
    const onBytes = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length && received < expected;) {
        const inChunk = received % chunkSizeBytes
        const count = Math.min(bytes.length - at, chunkSizeBytes - inChunk, expected - received)
        const place = placeOf(stripes.firstStripe + (received - inChunk) / chunkSizeBytes) + inChunk
        output.set(count === bytes.length ? bytes : bytes.subarray(at, at + count), place)
        received += count
        at += count
      }
    }
    const { reply } = await this.#get(source, options, onBytes)
    if (received !== expected) throw this.#corrupt(source, `${received} of ${expected} bytes`)
    const checks = new DataView(reply.checks.buffer, reply.checks.byteOffset, reply.checks.byteLength)
    const chunkOf = (stripe: number): Uint8Array => {
      const place = placeOf(stripe)
      return output.subarray(place, place + geometry.chunkLength(stripe, source.column))
    }
    return { source, stripes, checks, chunkOf }
  }

  /**
   * Checks what was received of several columns, whose chunks lie in `bytes` one after the other in file order from chunk `firstChunk`
   * on: all at once, and where that fails, chunk by chunk.
   * @throws FrostError `fragment-corrupt`, for the first column with a damaged chunk.
   */
  checkRun(received: readonly ReceivedColumn[], bytes: Uint8Array, firstChunk: number): void {
    const { geometry, ref, block } = this.#part
    const { dataColumns } = geometry.scheme
    const masks = new PositionMasks(ref.dataId, block)
    const columns: (ReceivedColumn | undefined)[] = []
    for (const column of received) columns[column.source.column] = column
    const run = new CheckRun(geometry)
    let chunk = firstChunk
    for (let at = 0; at < bytes.length; chunk++) {
      const stripe = Math.floor(chunk / dataColumns)
      const column = chunk - stripe * dataColumns
      const from = columns[column]
      if (from === undefined || !run.add(from.checks, { column, stripe, first: from.stripes.firstStripe, masks })) break
      at += geometry.chunkLength(stripe, column)
    }
    if (run.bytes === bytes.length && run.crc === this.#ports.compute.crc32(bytes)) return
    for (const column of received) this.#check(column)
    const [first] = received
    if (first !== undefined) throw this.#corrupt(first.source, 'its chunks and their checks do not fit together')
  }

  #check({ source, stripes, checks, chunkOf }: ReceivedColumn): void {
    const { ref, block } = this.#part
    const masks = new PositionMasks(ref.dataId, block)
    let check = 0
    for (let stripe = stripes.firstStripe; stripe < stripes.endStripe; stripe++) {
      const chunk = chunkOf(stripe)
      for (let at = 0, piece = 0; at < chunk.length; at += pieceSizeBytes, piece++) {
        const bytes = chunk.length <= pieceSizeBytes ? chunk : chunk.subarray(at, at + pieceSizeBytes)
        const isIntact =
          check + 4 <= checks.byteLength &&
          checks.getUint32(check, true) ===
            (this.#ports.compute.crc32(bytes) ^ masks.of(source.column, stripe, piece)) >>> 0
        if (!isIntact) throw this.#corrupt(source, `stripe ${stripe}`)
        check += 4
      }
    }
  }

  async #get(source: Source, options: FetchOptions, onBytes?: (bytes: Uint8Array) => void): Promise<FragmentChunks> {
    const link = this.#ports.links.link(source.worker)
    if (link === undefined) throw new FrostError('peer-unreachable', `Worker ${source.worker} is not connected.`)
    const { stripes, deadlineMs, signal } = options
    const startedMs = this.#ports.clock.monotonicMs()
    const { trail } = this.#ports
    const attributes = { 'frostbyte.worker': source.worker, 'frostbyte.column': source.column }
    const span = trail?.span?.child('get', { kind: 'client', attributes })
    const getOptions: GetOptions = {
      deadlineMs,
      ...(trail === undefined ? {} : { extension: trail.extension(span) }),
      ...(signal === undefined ? {} : { signal }),
      ...(onBytes === undefined ? {} : { onBytes }),
    }
    try {
      const range = {
        key: this.#keyOf(source.column),
        epoch: this.#group.epoch,
        firstChunk: stripes.firstStripe,
        // A column can end before the others do, in a short last stripe.
        endChunk: Math.min(stripes.endStripe, this.#part.geometry.chunkCount(source.column)),
      }
      const chunks = await spanned(span, link.get(range, getOptions))
      this.#ports.latency.add(this.#ports.clock.monotonicMs() - startedMs)
      this.#ports.prompt.answered(source.worker)
      if (this.#isOfThisBlock(chunks.reply)) return chunks
      chunks.release()
    } catch (error) {
      // What came too late is no measure of what is normal: deadlines that follow it would only grow.
      const code = errorCode(error)
      if (code === 'deadline-exceeded') {
        this.#slow.add(source.worker)
        this.#ports.prompt.wasLate(source.worker)
      }
      if (code === 'fragment-missing' || code === 'fragment-corrupt') this.#report(source, code)
      throw error
    }
    throw this.#corrupt(source, 'its block has another length')
  }

  /** Chunks of a block of another shape pass their checks, but mean something else. */
  #isOfThisBlock(reply: GetReply): boolean {
    const { scheme, chunkSizeBytes, dataBytes } = this.#part.geometry
    return (
      reply.blockDataBytes === dataBytes &&
      reply.chunkSizeBytes === chunkSizeBytes &&
      reply.dataColumns === scheme.dataColumns &&
      reply.parityColumns === scheme.parityColumns
    )
  }

  #keyOf(column: number): FragmentKey {
    const { ref, block } = this.#part
    return { group: ref.group, dataId: ref.dataId, block, column }
  }

  #corrupt(source: Source, what: string): FrostError {
    this.#report(source, 'fragment-corrupt')
    const { ref, block } = this.#part
    return new FrostError(
      'fragment-corrupt',
      `Column ${source.column} of block ${block} of ${ref.dataId} from worker ${source.worker} failed its check: ${what}.`,
    )
  }

  #report(source: Source, code: FragmentDamage['code']): void {
    this.#damaged.push(source)
    const isHolder = source.worker === this.holderOf(source.column)
    this.#ports.onDamage({ key: this.#keyOf(source.column), worker: source.worker, code, isHolder })
  }
}
