// Compares what metadata says must exist of one placement group with what the workers hold: first by digests, and where
// they differ, by lists of the buckets concerned. What is missing is given to `heal`, and what that leaves is the
// finding.
//
// A finding never says more than was seen: a slot whose worker does not answer is `unknown`, and so is one whose holder
// changed meanwhile.

import { FrostError } from '../../base/errors.ts'
import type { VersionId, WorkerId } from '../../base/ids.ts'
import { survivesOneLoss } from '../../cluster/quorum.ts'
import { expectedBlocks, expectedFragments } from '../../codec/expected-fragments.ts'
import type { ExpectedBlock } from '../../codec/expected-fragments.ts'
import { FragmentDigest } from '../../codec/fragment-digest.ts'
import { slotOf } from '../../codec/geometry.ts'
import { pageLimitMax } from '../../meta/contract/conventions.ts'
import type { LiveDataRow } from '../../meta/contract/data-metadata.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { RepairEntry } from '../../meta/contract/repair-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { FragmentId } from '../../rpc/messages/fragment-sets.ts'
import { lostMax } from '../../rpc/messages/healing-state.ts'
import type { WorkerLink } from '../worker-link.ts'
import { liveRows, walkSlot } from './slot-walk.ts'

export interface GroupComparisonPorts {
  readonly metadata: MetadataStore
  readonly workers: {
    link(worker: WorkerId): WorkerLink | undefined
    isReadable(worker: WorkerId): boolean
  }
}

export interface SlotFinding {
  readonly worker: WorkerId
  /** `unknown`: the worker did not answer. */
  readonly state: 'compared' | 'unknown'
  /** Fragments that live data has on the slot. */
  readonly expected: number
  /** Of those, what the worker lacks; where the state is `unknown`: 0. */
  readonly missing: number
}

export interface GroupFinding {
  readonly group: GroupRow
  readonly slots: readonly SlotFinding[]
  /** Entries of the repair queue when it began. */
  readonly repairs: number
  /** Versions with a block that would not survive the loss of one more worker, those lost among them. */
  readonly atRisk: number
  /** Versions with a block of which too few pieces exist, wherever; at most `lostMax` of them. */
  readonly lost: readonly VersionId[]
  /** More is missing than is kept in memory: then what is at risk or lost is not known. */
  readonly isPartial: boolean
}

/** Asks for fragments to be made; resolves to what is still missing. */
export type Heal = (
  order: { readonly group: GroupRow; readonly slot: number; readonly fragments: readonly FragmentId[] },
  signal: AbortSignal,
) => Promise<readonly FragmentId[]>

/** Missing fragments remembered for the reckoning of risks. */
const missingMax = 100_000
const digestDeadlineMs = 60_000

export async function compareGroup(
  ports: GroupComparisonPorts,
  group: GroupRow,
  heal: Heal,
  signal: AbortSignal,
): Promise<GroupFinding> {
  return await new GroupComparison(ports, group, heal, signal).run()
}

class GroupComparison {
  readonly #ports: GroupComparisonPorts
  readonly #group: GroupRow
  readonly #heal: Heal
  readonly #signal: AbortSignal
  /** Columns missing of a block, by data id and block. */
  readonly #missing = new Map<string, Set<number>>()
  #missingCount = 0

  constructor(ports: GroupComparisonPorts, group: GroupRow, heal: Heal, signal: AbortSignal) {
    this.#ports = ports
    this.#group = group
    this.#heal = heal
    this.#signal = signal
  }

  async run(): Promise<GroupFinding> {
    const repairs = await this.#readRepairs()
    const expected = await this.#expectedDigests()
    const slots: SlotFinding[] = []
    for (const [slot, digest] of expected.entries()) slots.push(await this.#compareSlot(slot, digest))
    const isWhole = repairs.count === 0 && slots.every((slot) => slot.state === 'compared' && slot.missing === 0)
    const risk = isWhole ? { atRisk: 0, lost: [] } : await this.#reckon(slots, repairs)
    const isPartial = this.#missingCount > missingMax || repairs.count > missingMax
    return { group: this.#group, slots, repairs: repairs.count, ...risk, isPartial }
  }

  async #expectedDigests(): Promise<readonly FragmentDigest[]> {
    const { group, slots } = this.#group
    const digests = slots.map(() => new FragmentDigest())
    for await (const page of liveRows(this.#ports.metadata, group)) {
      this.#signal.throwIfAborted()
      for (const row of page) {
        for (const { slot, block, column } of expectedFragments(row)) digests[slot]?.add(row.dataId, block, column)
      }
    }
    return digests
  }

  async #compareSlot(slot: number, expected: FragmentDigest): Promise<SlotFinding> {
    const worker = this.#workerOf(slot)
    const link = this.#ports.workers.isReadable(worker) ? this.#ports.workers.link(worker) : undefined
    const unknown: SlotFinding = { worker, state: 'unknown', expected: expected.total, missing: 0 }
    if (link === undefined) return unknown
    const { group, scheme } = this.#group
    try {
      const held = await link.digest(group, scheme, slot, { deadlineMs: digestDeadlineMs, signal: this.#signal })
      const buckets = expected.differences(held)
      let missing = 0
      if (buckets.length > 0) {
        await walkSlot(
          this.#ports,
          { group: this.#group, slot, worker, buckets },
          async (fragments) => {
            const left = await this.#heal({ group: this.#group, slot, fragments }, this.#signal)
            missing += left.length
            this.#remember(left)
          },
          this.#signal,
        )
      }
      return { worker, state: 'compared', expected: expected.total, missing }
    } catch (error) {
      this.#signal.throwIfAborted()
      if (!(error instanceof FrostError)) throw error
      return unknown
    }
  }

  #remember(fragments: readonly FragmentId[]): void {
    this.#missingCount += fragments.length
    if (this.#missingCount > missingMax) return
    for (const { dataId, block, column } of fragments) {
      const name = `${dataId} ${block}`
      const columns = this.#missing.get(name)
      if (columns === undefined) this.#missing.set(name, new Set([column]))
      else columns.add(column)
    }
  }

  /** The queue as it is now: how long it is, and who stands in. */
  async #readRepairs(): Promise<Repairs> {
    const { group } = this.#group
    const standIns = new Map<string, WorkerId>()
    let count = 0
    let after: RepairEntry | undefined
    for (;;) {
      const page = await this.#ports.metadata.listRepairs({
        group,
        limit: pageLimitMax,
        ...(after === undefined ? {} : { after }),
      })
      count += page.length
      for (const entry of count > missingMax ? [] : page) {
        if (entry.kind === 'fragment' && entry.standIn !== undefined)
          standIns.set(`${entry.dataId} ${entry.block} ${entry.column}`, entry.standIn)
      }
      after = page.at(-1)
      if (page.length < pageLimitMax) return { count, standIns }
    }
  }

  /** Block by block: who has a piece of it, and what that is worth. */
  async #reckon(slots: readonly SlotFinding[], repairs: Repairs): Promise<Pick<GroupFinding, 'atRisk' | 'lost'>> {
    const atRisk = new Set<VersionId>()
    const lost = new Set<VersionId>()
    for await (const page of liveRows(this.#ports.metadata, this.#group.group)) {
      this.#signal.throwIfAborted()
      for (const row of page) {
        for (const expected of expectedBlocks(row)) {
          const { reachable, existing } = this.#piecesOf(row, expected, { slots, repairs })
          const needed = expected.geometry.dataColumnCount
          if (!survivesOneLoss(reachable, needed)) atRisk.add(row.version)
          if (existing < needed && lost.size < lostMax) lost.add(row.version)
        }
      }
    }
    return { atRisk: atRisk.size, lost: [...lost] }
  }

  /** Who can be asked for pieces of a block now, each worker once for each piece, and how many pieces exist anywhere. */
  #piecesOf(
    { dataId, scheme }: LiveDataRow,
    { block, geometry }: ExpectedBlock,
    { slots, repairs }: { readonly slots: readonly SlotFinding[]; readonly repairs: Repairs },
  ): { readonly reachable: readonly WorkerId[]; readonly existing: number } {
    const missing = this.#missing.get(`${dataId} ${block}`)
    const reachable: WorkerId[] = []
    let existing = 0
    for (const column of geometry.columns()) {
      const slot = slots[slotOf(scheme, dataId, block, column)]
      const standIn = repairs.standIns.get(`${dataId} ${block} ${column}`)
      const hasPiece = missing?.has(column) !== true
      if (standIn !== undefined || hasPiece) existing++
      if (standIn !== undefined && this.#ports.workers.isReadable(standIn)) reachable.push(standIn)
      else if (slot?.state === 'compared' && hasPiece) reachable.push(slot.worker)
    }
    return { reachable, existing }
  }

  #workerOf(slot: number): WorkerId {
    const holder = this.#group.slots[slot]?.worker
    if (holder === undefined)
      throw new FrostError('internal', `Placement group ${this.#group.group} has no slot ${slot}.`)
    return holder
  }
}

interface Repairs {
  readonly count: number
  /** By data id, block and column. */
  readonly standIns: ReadonlyMap<string, WorkerId>
}
