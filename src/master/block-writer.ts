// Sends the columns of one block to the workers of its group and decides when the block is safe (DESIGN: "Quorum").
//
// Every column goes to its slot's worker. What a slot does not take goes, once enough slots have accepted this epoch, as a
// stand-in to another worker. The block is acknowledged when every column is durable; at the deadline, when any one further loss would
// still leave enough. What is missing or standing in is reported as repair work for the commit. An epoch refusal is no missing
// slot: the whole block fails with `epoch-stale`, and the caller sends it again under the new map. A worker that did not know the
// group yet has been handed it by then, and is asked again.
//
// A slot that moves has two workers. The holder counts as ever, and who is to hold it next gets a copy that nobody waits for: what
// it lacks when the slot is its own is found by the comparison of the slot. With the holder away it stands in for it.

import { defined } from '../base/assert.ts'
import { FrostError, errorCode } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { planStandIns, survivesOneLoss } from '../cluster/quorum.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import type { Clock, Timer } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Span } from '../ports/tracing.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'
import type { RecentLatency } from './latency.ts'
import type { PutOptions, WorkerLinks } from './worker-link.ts'

export interface OutgoingColumn {
  readonly column: number
  /** Index of the slot that the column lies on. */
  readonly slot: number
  /** The record in parts. */
  readonly record: readonly Uint8Array[]
}

export interface OutgoingBlock {
  readonly group: PlacementGroup
  readonly columns: readonly OutgoingColumn[]
  /** Any so many of the columns decode the block. */
  readonly needed: number
  /** Called once, when no buffer of the block is in use any more. */
  readonly released: () => void
  /** Of the request that it belongs to, and the span of this block's writing. */
  readonly trail?: RequestTrail | undefined
  readonly span?: Span | undefined
}

export interface ColumnRepair {
  readonly column: number
  readonly standIn?: WorkerId
}

export interface BlockWriterPorts {
  readonly clock: Clock
  readonly random: Random
  readonly links: WorkerLinks
  readonly latency: RecentLatency
}

const deadlineMinMs = SECOND_MS
const deadlineFactor = 3
/** What is normal is measured on blocks that may have waited for the deadline themselves: without this it would grow for ever. */
const deadlineMaxMs = 30 * SECOND_MS
/** Attempts at one column after its worker did not know the group. */
const adoptionsMax = 2
/** After the deadline a block that is not safe yet has this long for its stand-ins. */
const graceMs = 10 * SECOND_MS

/** Resolves when the block is safe. @throws FrostError `epoch-stale`, `not-enough-workers`, `insufficient-storage`, or `signal.reason`. */
export function writeBlock(
  ports: BlockWriterPorts,
  block: OutgoingBlock,
  signal?: AbortSignal,
): Promise<readonly ColumnRepair[]> {
  return new BlockWrite(ports, block, signal).outcome
}

interface ColumnState {
  readonly outgoing: OutgoingColumn
  /** Attempts under way: who was asked. */
  readonly sendingTo: WorkerId[]
  /** How often its worker had to be handed the group. */
  adoptions: number
  /** The slot's worker has refused it, or is late. */
  isMissing: boolean
  /** A stand-in was asked. */
  hasStandIn: boolean
  durableOn: WorkerId | undefined
  /** The durable copy lies on its slot's worker. */
  isInPlace: boolean
}

interface Settle {
  readonly resolve: (repairs: readonly ColumnRepair[]) => void
  readonly reject: (error: unknown) => void
}

class BlockWrite {
  readonly outcome: Promise<readonly ColumnRepair[]>
  readonly #ports: BlockWriterPorts
  readonly #block: OutgoingBlock
  readonly #signal: AbortSignal | undefined
  readonly #columns: readonly ColumnState[]
  readonly #load = new Map<WorkerId, number>()
  readonly #refusals: FrostError[] = []
  readonly #refusedBy = new Set<WorkerId>()
  readonly #startedMs: number
  readonly #deadlineMs: number
  #settle: Settle | undefined
  #timer: Timer | undefined
  #isPastDeadline = false
  #slotsAccepted = 0
  #buffersInUse = 1

  constructor(ports: BlockWriterPorts, block: OutgoingBlock, signal: AbortSignal | undefined) {
    this.#ports = ports
    this.#block = block
    this.#signal = signal
    this.#startedMs = ports.clock.monotonicMs()
    this.#deadlineMs = Math.min(deadlineMaxMs, Math.max(deadlineMinMs, deadlineFactor * ports.latency.p99Ms))
    this.#columns = block.columns.map((outgoing) => ({
      outgoing,
      sendingTo: [],
      adoptions: 0,
      isMissing: false,
      hasStandIn: false,
      durableOn: undefined,
      isInPlace: false,
    }))
    this.outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#start()
  }

  #start(): void {
    this.#timer = this.#ports.clock.startTimer(this.#deadlineMs, () => this.#onDeadline())
    for (const state of this.#columns) {
      const { worker, pendingWorker } = defined(this.#block.group.slots[state.outgoing.slot], 'the slot')
      const isPendingWritable = pendingWorker !== undefined && this.#ports.links.isWritable(pendingWorker)
      if (this.#ports.links.isWritable(worker)) {
        this.#send(state, worker, false)
        if (isPendingWritable) this.#sendCopy(state, pendingWorker)
        continue
      }
      state.isMissing = true
      this.#refusedBy.add(worker)
      if (!isPendingWritable) continue
      state.hasStandIn = true
      this.#send(state, pendingWorker, true)
    }
    this.#decide()
  }

  /** To who is to hold the slot next: whether it arrives or not, the block is as safe as it is without it. */
  #sendCopy(state: ColumnState, worker: WorkerId): void {
    const link = this.#ports.links.link(worker)
    if (link === undefined) return
    this.#buffersInUse++
    link.put(state.outgoing.record, this.#putOptions(false, undefined)).catch(ignoreRefusal)
  }

  #putOptions(standIn: boolean, span: Span | undefined): PutOptions {
    const { trail } = this.#block
    return {
      ...(trail === undefined ? {} : { extension: trail.extension(span) }),
      group: this.#block.group.group,
      epoch: this.#block.group.epoch,
      standIn,
      deadlineMs: this.#deadlineMs + graceMs,
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
      sent: () => this.#releaseBuffers(),
    }
  }

  #send(state: ColumnState, worker: WorkerId, standIn: boolean): void {
    const link = this.#ports.links.link(worker)
    if (link === undefined) {
      state.isMissing = true
      this.#refusedBy.add(worker)
      return
    }
    state.sendingTo.push(worker)
    this.#load.set(worker, (this.#load.get(worker) ?? 0) + 1)
    this.#buffersInUse++
    const attributes = {
      'frostbyte.worker': worker,
      'frostbyte.column': state.outgoing.column,
      'frostbyte.stand_in': standIn,
    }
    const span = this.#block.span?.child('put', { kind: 'client', attributes })
    link.put(state.outgoing.record, this.#putOptions(standIn, span)).then(
      () => {
        span?.end()
        this.#onStored(state, worker, standIn)
      },
      (error: unknown) => {
        span?.end({ error })
        this.#onFailed(state, worker, { error, standIn })
      },
    )
  }

  #releaseBuffers(): void {
    this.#buffersInUse--
    if (this.#buffersInUse === 0) this.#block.released()
  }

  #onStored(state: ColumnState, worker: WorkerId, standIn: boolean): void {
    remove(state.sendingTo, worker)
    if (!standIn) this.#slotsAccepted++
    if (state.durableOn === undefined || !standIn) {
      state.durableOn = worker
      state.isInPlace = !standIn
    }
    this.#decide()
  }

  #onFailed(
    state: ColumnState,
    worker: WorkerId,
    failure: { readonly error: unknown; readonly standIn: boolean },
  ): void {
    const { error, standIn } = failure
    remove(state.sendingTo, worker)
    this.#load.set(worker, (this.#load.get(worker) ?? 1) - 1)
    // Until the block has settled its buffers are there.
    if (errorCode(error) === 'group-not-adopted' && state.adoptions < adoptionsMax && this.#settle !== undefined) {
      state.adoptions++
      this.#send(state, worker, standIn)
      return this.#decide()
    }
    state.isMissing = true
    this.#refusedBy.add(worker)
    if (errorCode(error) === 'epoch-stale' || this.#signal?.aborted === true) return this.#fail(error)
    if (error instanceof FrostError) this.#refusals.push(error)
    // A stand-in that fails leaves its column to another one.
    if (state.durableOn === undefined) state.hasStandIn = false
    this.#decide()
  }

  #onDeadline(): void {
    if (this.#settle === undefined) return
    if (this.#isPastDeadline) return this.#refuse()
    this.#isPastDeadline = true
    for (const state of this.#columns) {
      if (state.durableOn !== undefined) continue
      state.isMissing = true
      // Who is late with one column is not the one to stand in for another, and a late stand-in leaves its column to another one.
      state.hasStandIn = false
      for (const worker of state.sendingTo) this.#refusedBy.add(worker)
    }
    this.#timer = this.#ports.clock.startTimer(graceMs, () => this.#onDeadline())
    this.#decide()
  }

  #decide(): void {
    if (this.#settle === undefined) return
    const durable: WorkerId[] = []
    let isSending = false
    for (const state of this.#columns) {
      if (state.durableOn !== undefined) durable.push(state.durableOn)
      else if (state.sendingTo.length > 0) isSending = true
    }
    if (durable.length === this.#columns.length && this.#isSafe(durable)) return this.#succeed()
    if (this.#isPastDeadline && this.#isSafe(durable)) return this.#succeed()
    if (this.#slotsAccepted >= this.#block.needed && this.#askStandIns()) return
    if (isSending) return
    if (this.#isSafe(durable)) return this.#succeed()
    this.#refuse()
  }

  #isSafe(durable: readonly WorkerId[]): boolean {
    return survivesOneLoss(durable, this.#block.needed)
  }

  /** Whether a new attempt is under way. */
  #askStandIns(): boolean {
    const waiting = this.#columns.filter(
      (state) => state.isMissing && !state.hasStandIn && state.durableOn === undefined,
    )
    if (waiting.length === 0) return false
    const plan = planStandIns({
      columns: waiting.map((state) => state.outgoing.column),
      load: this.#load,
      candidates: this.#ports.links.writable(),
      excluded: this.#refusedBy,
      columnsPerWorkerMax: this.#block.group.scheme.parityColumns,
      below: (bound) => this.#ports.random.below(bound),
    })
    let hasStarted = false
    for (const state of waiting) {
      const worker = plan.get(state.outgoing.column)
      if (worker === undefined) continue
      state.hasStandIn = true
      const before = state.sendingTo.length
      this.#send(state, worker, true)
      hasStarted ||= state.sendingTo.length > before
    }
    return hasStarted
  }

  #succeed(): void {
    const repairs: ColumnRepair[] = []
    for (const { outgoing, durableOn, isInPlace } of this.#columns) {
      if (isInPlace) continue
      repairs.push(
        durableOn === undefined ? { column: outgoing.column } : { column: outgoing.column, standIn: durableOn },
      )
    }
    this.#ports.latency.add(this.#ports.clock.monotonicMs() - this.#startedMs)
    this.#end()?.resolve(repairs)
  }

  #refuse(): void {
    const full = this.#refusals.find((error) => error.code === 'insufficient-storage')
    if (full !== undefined) {
      return this.#fail(
        new FrostError('insufficient-storage', 'Too few workers have space left for the file.', {
          cause: full,
          remedy: 'Delete files, add a worker or give the workers more capacity.',
        }),
      )
    }
    const stored = this.#columns.filter((state) => state.durableOn !== undefined).length
    this.#fail(
      new FrostError(
        'not-enough-workers',
        `Only ${stored} of ${this.#columns.length} pieces of the file could be stored; it would not survive the loss of one more worker.`,
        {
          cause: this.#refusals[0],
          remedy: 'Start the workers that are down, or add new ones.',
          retryAfterSeconds: 5,
        },
      ),
    )
  }

  #fail(error: unknown): void {
    this.#end()?.reject(error)
  }

  #end(): Settle | undefined {
    const settle = this.#settle
    if (settle === undefined) return undefined
    this.#settle = undefined
    this.#timer?.cancel()
    // No stand-in will need the buffers any more; sends under way hold them on.
    this.#releaseBuffers()
    return settle
  }
}

/** A defect is no refusal. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof FrostError)) throw error
}

function remove(workers: WorkerId[], worker: WorkerId): void {
  const place = workers.indexOf(worker)
  if (place >= 0) workers.splice(place, 1)
}
