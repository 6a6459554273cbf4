// Has workers make fragments that they lack, from their peers directly (rpc/messages/rebuild.ts): batch by batch, few
// at once, at the pace of repair. Knows where pieces may lie beside the slots: stand-ins as metadata names them, and
// former holders of slots that have moved.

import { FrostError } from '../../base/errors.ts'
import type { WorkerId } from '../../base/ids.ts'
import { MIB, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { pageLimitMax } from '../../meta/contract/conventions.ts'
import type { DataRef } from '../../meta/contract/conventions.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { RepairEntry } from '../../meta/contract/repair-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { FragmentId } from '../../rpc/messages/fragment-sets.ts'
import { fragmentsPerRebuild } from '../../rpc/messages/rebuild.ts'
import type { ColumnPlace, RebuildOutcome, WorkerAddress } from '../../rpc/messages/rebuild.ts'
import type { RebuildCounts } from '../../rpc/messages/healing-state.ts'
import type { WorkerLink } from '../worker-link.ts'
import type { RepairPace } from './repair-pace.ts'

export interface RebuilderPorts {
  readonly metadata: MetadataStore
  readonly workers: {
    link(worker: WorkerId): WorkerLink | undefined
    /** Whether it answers and has room: sources are not read in vain. */
    canTake(worker: WorkerId): boolean
  }
  readonly clock: Clock
  readonly log: Log
  readonly pace: RepairPace
}

export interface RebuildOrder {
  readonly group: GroupRow
  /** Who is to have the fragments. */
  readonly worker: WorkerId
  readonly fragments: readonly FragmentId[]
  /** Who may hold the very columns, although no slot says so. */
  readonly formerHolders?: readonly WorkerId[]
}

/** One request makes about so many bytes of records, judged by those before it. */
const batchBytes = 8 * MIB
const batchMax = fragmentsPerRebuild
/** How fast the judgement follows. */
const sizeWeight = 0.3
/** Requests under way at once, all tasks together. */
const batchesAtOnce = 6
const deadlineMs = 5 * MINUTE_MS
const addressesKnownMs = 2 * SECOND_MS

export class Rebuilder {
  readonly #ports: RebuilderPorts
  readonly #waiting: (() => void)[] = []
  #running = 0
  /** Of late. */
  #bytesPerFragment = MIB
  #addresses: ReadonlyMap<WorkerId, string> = new Map()
  #addressesAtMs = -Infinity
  readonly #counts = { fragments: 0, writtenBytes: 0, readBytes: 0 }

  constructor(ports: RebuilderPorts) {
    this.#ports = ports
  }

  get counts(): RebuildCounts {
    return { ...this.#counts }
  }

  /**
   * Resolves to what is still missing: durable on the worker, or without any such column in its block, is everything else. Fails only
   * when it is stopped.
   */
  async rebuild(order: RebuildOrder, signal: AbortSignal): Promise<readonly FragmentId[]> {
    const missing: FragmentId[] = []
    for (let at = 0; at < order.fragments.length;) {
      const batch = order.fragments.slice(at, at + this.#batchLength())
      at += batch.length
      missing.push(...(await this.#enter(async () => await this.#rebuildBatch({ ...order, fragments: batch }, signal))))
    }
    return missing
  }

  #batchLength(): number {
    return Math.max(1, Math.min(batchMax, Math.floor(batchBytes / this.#bytesPerFragment)))
  }

  async #enter<T>(run: () => Promise<T>): Promise<T> {
    if (this.#running < batchesAtOnce) this.#running++
    else
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    try {
      return await run()
    } finally {
      // Whoever waits takes the place over.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  async #rebuildBatch(order: RebuildOrder, signal: AbortSignal): Promise<readonly FragmentId[]> {
    const { pace, workers, log } = this.#ports
    const { group, worker, fragments } = order
    await pace.ready(signal)
    const link = workers.canTake(worker) ? workers.link(worker) : undefined
    if (link === undefined) return fragments
    const elsewhere = await this.#elsewhere(order)
    try {
      const wanted = fragments.map((fragment) => ({ ...fragment, elsewhere: elsewhere(fragment) }))
      const addresses = await this.#addressesOf([
        ...group.slots.flatMap((slot) => [slot.worker, slot.pendingWorker]),
        ...wanted.flatMap((fragment) => fragment.elsewhere.map((place) => place.worker)),
      ])
      const outcomes = await link.rebuild({ group, addresses, fragments: wanted }, { deadlineMs, signal })
      return fragments.filter((_, index) => !this.#isDone(outcomes[index]))
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof FrostError)) throw error
      log.warn('A worker did not rebuild fragments; it is asked again.', {
        worker,
        group: group.group,
        fragments: fragments.length,
        reason: `${error.code}: ${error.message}`,
      })
      return fragments
    }
  }

  /** Counts what was done and pays for it. */
  #isDone(outcome: RebuildOutcome | undefined): boolean {
    const { bytes = 0, readBytes = 0, state = 'failed' } = outcome ?? {}
    this.#ports.pace.spend(bytes + readBytes)
    this.#counts.writtenBytes += bytes
    this.#counts.readBytes += readBytes
    if (state === 'stored') {
      this.#counts.fragments++
      this.#bytesPerFragment += (bytes - this.#bytesPerFragment) * sizeWeight
    }
    return state === 'stored' || state === 'exists' || state === 'absent'
  }

  async #elsewhere({
    group,
    fragments,
    formerHolders = [],
  }: RebuildOrder): Promise<(fragment: FragmentId) => readonly ColumnPlace[]> {
    const { metadata } = this.#ports
    const counts = await metadata.countRepairs()
    const hasEntries = counts.some((entry) => entry.group === group.group && entry.count > 0)
    const standIns = new Map<string, ColumnPlace[]>()
    for (const dataId of hasEntries ? new Set(fragments.map((fragment) => fragment.dataId)) : []) {
      for await (const entry of repairsOf(metadata, { group: group.group, dataId })) {
        if (entry.kind !== 'fragment' || entry.standIn === undefined) continue
        const name = `${dataId} ${entry.block}`
        const sources = standIns.get(name) ?? []
        sources.push({ column: entry.column, worker: entry.standIn })
        standIns.set(name, sources)
      }
    }
    return ({ dataId, block, column }) => [
      ...(standIns.get(`${dataId} ${block}`) ?? []),
      ...formerHolders.map((worker) => ({ column, worker })),
    ]
  }

  async #addressesOf(workers: readonly (WorkerId | undefined)[]): Promise<readonly WorkerAddress[]> {
    const nowMs = this.#ports.clock.monotonicMs()
    if (nowMs - this.#addressesAtMs >= addressesKnownMs) {
      const rows = await this.#ports.metadata.listWorkers()
      this.#addresses = new Map(rows.map((row) => [row.worker, row.address]))
      this.#addressesAtMs = nowMs
    }
    return [...new Set(workers)].flatMap((worker) => {
      const address = worker === undefined ? undefined : this.#addresses.get(worker)
      return worker === undefined || address === undefined ? [] : [{ worker, address }]
    })
  }
}

/** All repair entries of a data id. */
async function* repairsOf(metadata: MetadataStore, { group, dataId }: DataRef): AsyncGenerator<RepairEntry> {
  let after: RepairEntry | undefined
  for (;;) {
    const page = await metadata.listRepairs({
      group,
      dataId,
      limit: pageLimitMax,
      ...(after === undefined ? {} : { after }),
    })
    yield* page
    after = page.at(-1)
    if (page.length < pageLimitMax) return
  }
}
