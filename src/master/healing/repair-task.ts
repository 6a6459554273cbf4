// Works the repair queue off: columns that were not durable on their slot when they were acknowledged, slots that
// changed their holder while a file was being written, and what reads found damaged. An entry goes once the holder of
// the slot has the fragment durably, or its data lives no more. Blocks that lack most come first.
//
// What stood in for a column is removed by the sweep (misplaced-task.ts), which asks the holder before.

import { columnsMax } from '../../base/scheme.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { GroupId, WorkerId } from '../../base/ids.ts'
import { expectedOnSlot } from '../../codec/expected-fragments.ts'
import { slotOf } from '../../codec/geometry.ts'
import { pageLimitMax } from '../../meta/contract/conventions.ts'
import type { LiveDataRow } from '../../meta/contract/data-metadata.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { RepairEntry } from '../../meta/contract/repair-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { FragmentId } from '../../rpc/messages/fragment-sets.ts'
import type { BackgroundTask } from '../background-task.ts'
import type { ClusterMap } from '../cluster-map.ts'
import { placeName } from '../fragment-lists.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { ConnectedWorkers } from '../worker-links.ts'
import type { Rebuilder } from './rebuilder.ts'

export interface RepairTaskPorts {
  readonly metadata: MetadataStore
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly lease: LeaseKeeper
  readonly rebuilder: Rebuilder
  readonly formerHolders: (group: GroupId, slot: number) => readonly WorkerId[]
  /** Some stand-in of the group may be superfluous now. */
  readonly onRepaired: (group: GroupId) => void
}

const idleMs = SECOND_MS
/** Where nothing could be done, with a worker away or sources missing. */
const stuckMs = 5 * SECOND_MS

/** One entry and the fragments that it stands for. */
interface Work {
  readonly entry: RepairEntry
  readonly slot: number
  readonly fragments: readonly FragmentId[]
}

export class RepairTask implements BackgroundTask {
  readonly name = 'repair'
  readonly #ports: RepairTaskPorts
  /** Where to go on in a group whose first entries cannot be done now. */
  readonly #after = new Map<GroupId, RepairEntry>()

  constructor(ports: RepairTaskPorts) {
    this.#ports = ports
  }

  async step(signal: AbortSignal): Promise<number> {
    const { lease, metadata, map } = this.#ports
    if (lease.fence === undefined) return idleMs
    const counts = await metadata.countRepairs()
    const groups = counts
      .flatMap(({ group, count }) => (count > 0 ? [map.group(group)] : []))
      .filter((group) => group !== undefined)
      .sort((left, right) => this.#awayIn(right) - this.#awayIn(left))
    let resolved = 0
    for (const group of groups) resolved += await this.#repairGroup(group, signal)
    if (resolved > 0) return 0
    return groups.length === 0 ? idleMs : stuckMs
  }

  /** One page of a group's entries; resolves to how many went. */
  async #repairGroup(group: GroupRow, signal: AbortSignal): Promise<number> {
    const { metadata, lease } = this.#ports
    const after = this.#after.get(group.group)
    const entries = await metadata.listRepairs({
      group: group.group,
      limit: pageLimitMax,
      ...(after === undefined ? {} : { after }),
    })
    const last = entries.at(-1)
    if (last === undefined || entries.length < pageLimitMax) this.#after.delete(group.group)
    else this.#after.set(group.group, last)
    const { work, obsolete } = await this.#plan(group, entries)
    const done = [...obsolete]
    const bySlot = Map.groupBy(mostEndangeredFirst(work), (item) => item.slot)
    await Promise.all(
      [...bySlot].map(async ([slot, items]) => {
        done.push(...(await this.#repairSlot(group, slot, items, signal)))
      }),
    )
    const { fence } = lease
    if (fence === undefined || done.length === 0) return 0
    await metadata.resolveRepairs({ entries: done, fence })
    this.#ports.onRepaired(group.group)
    return done.length
  }

  async #plan(
    group: GroupRow,
    entries: readonly RepairEntry[],
  ): Promise<{ readonly work: readonly Work[]; readonly obsolete: readonly RepairEntry[] }> {
    const rows = await this.#ports.metadata.getDataRows(entries.map(({ dataId }) => ({ group: group.group, dataId })))
    const work: Work[] = []
    const obsolete: RepairEntry[] = []
    for (const [index, entry] of entries.entries()) {
      const row = rows[index]
      if (row?.state === 'live') work.push(workOf(entry, row))
      // Dead, or dead for so long that its row is gone: an entry is made only while its data lives.
      else obsolete.push(entry)
    }
    return { work, obsolete }
  }

  /** Resolves to the entries whose fragments are all there now. */
  async #repairSlot(
    group: GroupRow,
    slot: number,
    items: readonly Work[],
    signal: AbortSignal,
  ): Promise<readonly RepairEntry[]> {
    const { workers, rebuilder, formerHolders } = this.#ports
    const worker = group.slots[slot]?.worker
    if (worker === undefined || !workers.isReadable(worker)) return []
    const fragments = items.flatMap((item) => item.fragments)
    const order = { group, worker, fragments, formerHolders: formerHolders(group.group, slot) }
    const missing = new Set((await rebuilder.rebuild(order, signal)).map(placeName))
    // Who holds the slot may have changed meanwhile: then the next round asks the new one.
    if (this.#ports.map.group(group.group)?.slots[slot]?.worker !== worker) return []
    return items
      .filter((item) => item.fragments.every((fragment) => !missing.has(placeName(fragment))))
      .map((item) => item.entry)
  }

  #awayIn(group: GroupRow): number {
    return group.slots.filter(({ worker }) => !this.#ports.workers.isReadable(worker)).length
  }
}

function workOf(entry: RepairEntry, row: LiveDataRow): Work {
  const { dataId } = entry
  if (entry.kind === 'fragment') {
    const { block, column } = entry
    return { entry, slot: slotOf(row.scheme, dataId, block, column), fragments: [{ dataId, block, column }] }
  }
  const fragments = [...expectedOnSlot(row, entry.slot)].map(({ block, column }) => ({ dataId, block, column }))
  return { entry, slot: entry.slot, fragments }
}

function mostEndangeredFirst(work: readonly Work[]): readonly Work[] {
  const lacking = new Map<string, number>()
  for (const { entry } of work) {
    if (entry.kind !== 'fragment') continue
    const block = `${entry.dataId} ${entry.block}`
    lacking.set(block, (lacking.get(block) ?? 0) + (entry.standIn === undefined ? columnsMax : 1))
  }
  const rank = ({ entry }: Work): number =>
    entry.kind === 'fragment' ? (lacking.get(`${entry.dataId} ${entry.block}`) ?? 0) : 0
  return [...work].sort((left, right) => rank(right) - rank(left))
}
