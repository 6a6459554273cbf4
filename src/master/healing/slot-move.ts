// Moves one slot of a placement group to another worker (DESIGN, section 3), which is pending on it already:
//
// 1. fill: what live data has on the slot is copied or rebuilt there, then what uploads under way have stored of it
// 2. swap: in metadata, in one step with a new epoch. Commits that were acknowledged under an older one enter repair work for the slot
// 3. compare: what was committed on the old holder alone while the slot was being filled is found, and copied from there
// 4. clear: the former holder drops what the new one confirms, fragment by fragment
//
// A crash leaves the slot pending (the fill begins again and skips what is there) or swapped (the comparison of the
// group and the sweep of misplaced fragments do the rest). Nothing is removed before the new holder has it durably.

import { FrostError } from '../../base/errors.ts'
import { dataIdBefore, firstDataIdAt } from '../../base/ids.ts'
import type { DataId, WorkerId } from '../../base/ids.ts'
import { columnOnSlot } from '../../codec/geometry.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { Log } from '../../ports/log.ts'
import type { FragmentId } from '../../rpc/messages/fragment-sets.ts'
import { lastPlaceOf, listFragments, withRow } from '../fragment-lists.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { ClusterMap } from '../cluster-map.ts'
import type { ConnectedWorkers } from '../worker-links.ts'
import type { Rebuilder } from './rebuilder.ts'
import { walkSlot } from './slot-walk.ts'

export interface SlotMovePorts {
  readonly metadata: MetadataStore
  readonly log: Log
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly lease: LeaseKeeper
  readonly rebuilder: Rebuilder
}

/** For status. */
export interface MoveProgress {
  /** Fragments that were copied or rebuilt. */
  copied: number
}

/** What is not there by then cannot be had now. */
const walksMax = 3

/**
 * Fills the pending worker of a slot and makes it the holder. Resolves to the group as it is then; `undefined`: the slot is not pending
 * any more, or the lease is lost.
 * @throws FrostError where the pending worker fails: the slot stays pending.
 */
export async function fillAndSwap(
  ports: SlotMovePorts,
  place: { readonly group: GroupRow; readonly slot: number },
  progress: MoveProgress,
  signal: AbortSignal,
): Promise<GroupRow | undefined> {
  const { group, slot } = place
  const to = group.slots[slot]?.pendingWorker
  if (to === undefined) return undefined
  // From here on whoever holds a slot refuses what was decided before the slot was pending.
  await ports.workers.adopt([group])
  // Above all the new holder: what it was asked to drop before is dropped when its list is read, and nothing more will be.
  await ports.workers.adoptAt(to, [group])
  const copy = async (fragments: readonly FragmentId[]): Promise<void> => {
    const left = await ports.rebuilder.rebuild({ group, worker: to, fragments }, signal)
    progress.copied += fragments.length - left.length
    if (left.length > 0 && !ports.workers.isReadable(to))
      throw new FrostError('peer-unreachable', `Worker ${to} does not answer while slot ${slot} moves to it.`)
  }
  await fill(ports, place, { to, copy }, signal)
  await copyUncommitted(ports, place, copy, signal)
  return await swap(ports, place, to)
}

/**
 * Until a walk finds nothing any more: meanwhile repair may have brought fragments to the old holder alone, and the copy of a new one
 * may not have arrived. What still slips through is found by the comparison after the swap; until then its file bears one loss less.
 */
async function fill(
  ports: SlotMovePorts,
  { group, slot }: { readonly group: GroupRow; readonly slot: number },
  { to, copy }: { readonly to: WorkerId; readonly copy: (fragments: readonly FragmentId[]) => Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  for (let walks = 0; walks < walksMax; walks++) {
    let found = 0
    const onMissing = async (fragments: readonly FragmentId[]): Promise<void> => {
      found += fragments.length
      await copy(fragments)
    }
    await walkSlot(ports, { group, slot, worker: to }, onMissing, signal)
    if (found === 0) return
  }
}

/** What uploads under way have stored so far on the slot: their ids are not below the horizon. */
async function copyUncommitted(
  ports: SlotMovePorts,
  { group, slot }: { readonly group: GroupRow; readonly slot: number },
  copy: (fragments: readonly FragmentId[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { metadata, workers } = ports
  const before = dataIdBefore(firstDataIdAt(await metadata.horizon()))
  const holder = group.slots[slot]?.worker
  const sources =
    holder !== undefined && workers.isReadable(holder)
      ? [{ worker: holder, slot }]
      : group.slots.flatMap(({ worker }, index) => (index === slot ? [] : [{ worker, slot: index }]))
  const seen = new Set<string>()
  for (const source of sources) {
    for await (const page of fragmentsFrom(ports, { group, ...source, before }, signal)) {
      const found: FragmentId[] = []
      for (const { dataId, block } of await withRow(
        metadata,
        { group: group.group, fragments: page },
        (row) => row === undefined,
      )) {
        const column = columnOnSlot(group.scheme, dataId, block, slot)
        const name = `${dataId} ${block}`
        if (!seen.has(name)) found.push({ dataId, block, column })
        seen.add(name)
      }
      // That a block has no such column, or that its upload was given up meanwhile, is no harm.
      if (found.length > 0) await copy(found)
    }
  }
}

async function* fragmentsFrom(
  { workers }: SlotMovePorts,
  from: {
    readonly group: GroupRow
    readonly worker: WorkerId
    readonly slot: number
    /** Only ids after this one. */
    readonly before: DataId | undefined
  },
  signal: AbortSignal,
): AsyncGenerator<readonly FragmentId[]> {
  const { group, slot, worker, before } = from
  const request = {
    worker,
    group: group.group,
    place: { scheme: group.scheme, slot },
    after: before === undefined ? undefined : lastPlaceOf(before),
  }
  const pages = listFragments(workers, request, signal)
  while (workers.isReadable(worker)) {
    try {
      const page = await pages.next()
      if (page.done === true) return
      yield page.value
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof FrostError)) throw error
      return
    }
  }
}

async function swap(
  { metadata, map, workers, lease, log }: SlotMovePorts,
  { group, slot }: { readonly group: GroupRow; readonly slot: number },
  to: WorkerId,
): Promise<GroupRow | undefined> {
  const { fence } = lease
  if (fence === undefined) return undefined
  const slots = group.slots.map(({ worker, pendingWorker }, index) => {
    if (index === slot) return { worker: to }
    return pendingWorker === undefined ? { worker } : { worker, pendingWorker }
  })
  const row = await metadata.changeGroup({ group: group.group, epoch: group.epoch, slots, fence })
  await map.refresh()
  const former = group.slots[slot]?.worker
  await workers.adopt([row], former === undefined ? [] : [former])
  log.info('A slot of a placement group has moved.', { group: group.group, slot, from: former, to })
  return row
}
