// Fragments that lie on a worker which does not hold their slot: columns that it stood in for, and slots that it held
// before. They are sources of repair until the holder of the slot has the same fragment (key and checksum), and are
// dropped then; a holder that lacks one is given it first.

import { FrostError } from '../../base/errors.ts'
import { dataIdBefore } from '../../base/ids.ts'
import type { WorkerId } from '../../base/ids.ts'
import { columnsMax } from '../../base/scheme.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { FragmentId, HeldFragment } from '../../rpc/messages/fragment-sets.ts'
import { isLive, lastPlaceOf, listFragments, placeName, withRow } from '../fragment-lists.ts'
import type { FragmentListRequest } from '../fragment-lists.ts'
import type { WorkerLink } from '../worker-link.ts'
import type { Rebuilder } from './rebuilder.ts'

export interface MisplacedPorts {
  readonly metadata: MetadataStore
  readonly workers: {
    link(worker: WorkerId): WorkerLink | undefined
    isReadable(worker: WorkerId): boolean
  }
  readonly rebuilder: Rebuilder
}

export interface MisplacedPlace {
  readonly group: GroupRow
  readonly slot: number
  /** Who has fragments of the slot without holding it. */
  readonly worker: WorkerId
}

const deadlineMs = 30 * SECOND_MS
const pageMax = 1000

/** Resolves to how many fragments of the slot the worker still has. @throws FrostError as the workers answer. */
export async function clearMisplaced(
  ports: MisplacedPorts,
  place: MisplacedPlace,
  signal: AbortSignal,
): Promise<number> {
  const { group, slot, worker } = place
  const holder = group.slots[slot]
  if (holder === undefined || holder.worker === worker || holder.pendingWorker === worker) return 0
  let kept = 0
  for await (const fragments of listFragments(ports.workers, { ...listOf(place, worker), limit: pageMax }, signal)) {
    const confirmed = await confirmedBy(ports, place, fragments, signal)
    if (confirmed.length > 0) {
      const link = ports.workers.link(worker)
      if (link === undefined) throw new FrostError('peer-unreachable', `Worker ${worker} is not connected.`)
      await link.dropFragments(group.group, group.epoch, confirmed, { deadlineMs, signal })
    }
    kept += fragments.length - confirmed.length
  }
  return kept
}

/** Those that the holder of the slot has too. Of what it lacks it is given what is alive. */
async function confirmedBy(
  ports: MisplacedPorts,
  place: MisplacedPlace,
  fragments: readonly HeldFragment[],
  signal: AbortSignal,
): Promise<readonly HeldFragment[]> {
  const first = fragments[0]
  const last = fragments.at(-1)
  if (first === undefined || last === undefined) return []
  let held = await heldBetween(ports, place, { first, last }, signal)
  const absent = fragments.filter((fragment) => !held.has(placeName(fragment)))
  const lacking = await withRow(ports.metadata, { group: place.group.group, fragments: absent }, isLive)
  if (lacking.length > 0) {
    const { group, slot, worker } = place
    const holder = group.slots[slot]?.worker
    if (holder === undefined || !ports.workers.isReadable(holder)) return []
    await ports.rebuilder.rebuild({ group, worker: holder, fragments: lacking, formerHolders: [worker] }, signal)
    held = await heldBetween(ports, place, { first, last }, signal)
  }
  return fragments.filter((fragment) => held.get(placeName(fragment)) === fragment.headerCrc)
}

/** What the holder has from one fragment to another, with its checksum. */
async function heldBetween(
  ports: MisplacedPorts,
  place: MisplacedPlace,
  { first, last }: { readonly first: HeldFragment; readonly last: HeldFragment },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const held = new Map<string, number>()
  const holder = place.group.slots[place.slot]?.worker
  if (holder === undefined || !ports.workers.isReadable(holder)) return held
  // The list begins after the fragment that it is given: nothing lies between it and the first one of this data id.
  const request = { ...listOf(place, holder), after: before(first) }
  for await (const fragments of listFragments(ports.workers, request, signal)) {
    for (const fragment of fragments) {
      if (isAfter(fragment, last)) return held
      held.set(placeName(fragment), fragment.headerCrc)
    }
  }
  return held
}

function listOf({ group, slot }: MisplacedPlace, worker: WorkerId): FragmentListRequest {
  return { worker, group: group.group, place: { scheme: group.scheme, slot } }
}

/** The place just before a fragment in the order of lists, which need not exist; `undefined`: it is the first of all. */
function before({ dataId, block, column }: HeldFragment): FragmentId | undefined {
  if (column > 0) return { dataId, block, column: column - 1 }
  if (block > 0) return { dataId, block: block - 1, column: columnsMax - 1 }
  const previous = dataIdBefore(dataId)
  return previous === undefined ? undefined : lastPlaceOf(previous)
}

function isAfter(left: HeldFragment, right: HeldFragment): boolean {
  if (left.dataId !== right.dataId) return left.dataId > right.dataId
  return left.block === right.block ? left.column > right.column : left.block > right.block
}
