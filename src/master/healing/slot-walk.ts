// Walks over what one slot of a placement group must hold, side by side with what a worker lists, and names what is
// missing, page by page: neither side is ever held as a whole.
//
// A page of metadata is read before the worker is asked, and what is missing is looked up in metadata once more
// afterwards. So a fragment that is named was live all the while, and one that was committed after its page is not
// looked for.

import type { DataId, WorkerId } from '../../base/ids.ts'
import { expectedOnSlot } from '../../codec/expected-fragments.ts'
import { bucketOf } from '../../codec/fragment-digest.ts'
import { pageLimitMax } from '../../meta/contract/conventions.ts'
import type { DataRow, LiveDataRow } from '../../meta/contract/data-metadata.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { FragmentId, HeldFragment } from '../../rpc/messages/fragment-sets.ts'
import { isLive, listFragments, placeName, withRow } from '../fragment-lists.ts'
import type { ListingWorkers } from '../fragment-lists.ts'

export interface SlotWalkPorts {
  readonly metadata: MetadataStore
  readonly workers: ListingWorkers
}

export interface SlotWalk {
  readonly group: GroupRow
  readonly slot: number
  /** Whose list is compared. */
  readonly worker: WorkerId
  /** Only ids of these buckets (`bucketOf`); absent: all. */
  readonly buckets?: readonly number[]
}

/**
 * Calls `onMissing` with what is missing on the worker, in order, a page of data ids at a time, and waits for it.
 * @throws FrostError as the worker answers; `peer-unreachable` where it is not connected.
 */
export async function walkSlot(
  ports: SlotWalkPorts,
  walk: SlotWalk,
  onMissing: (missing: readonly FragmentId[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { group } = walk.group
  const buckets = walk.buckets === undefined ? undefined : new Set(walk.buckets)
  const listing = new FragmentListing(ports, walk, signal)
  for await (const page of liveRows(ports.metadata, group)) {
    signal.throwIfAborted()
    const rows = buckets === undefined ? page : page.filter((row) => buckets.has(bucketOf(row.dataId)))
    const missing: FragmentId[] = []
    for (const row of rows) missing.push(...missingOf(row, walk.slot, await listing.through(row.dataId)))
    const confirmed = await withRow(ports.metadata, { group, fragments: missing }, isLive)
    if (confirmed.length > 0) await onMissing(confirmed)
  }
}

/** Live rows of a group, by pages in the order of their ids. */
export async function* liveRows(
  metadata: MetadataStore,
  group: GroupRow['group'],
): AsyncGenerator<readonly LiveDataRow[]> {
  let after: DataId | undefined
  for (;;) {
    const page: readonly DataRow[] = await metadata.listDataRows({
      group,
      limit: pageLimitMax,
      ...(after === undefined ? {} : { after }),
    })
    const live = page.filter((row): row is LiveDataRow => row.state === 'live')
    if (live.length > 0) yield live
    after = page.at(-1)?.dataId
    if (page.length < pageLimitMax) return
  }
}

function missingOf(row: LiveDataRow, slot: number, held: ReadonlySet<string>): readonly FragmentId[] {
  const { dataId } = row
  const missing: FragmentId[] = []
  for (const { block, column } of expectedOnSlot(row, slot)) {
    if (!held.has(placeName({ dataId, block, column }))) missing.push({ dataId, block, column })
  }
  return missing
}

/** The fragments of a slot that a worker holds, read as far as they are asked for. */
class FragmentListing {
  readonly #pages: AsyncGenerator<readonly HeldFragment[], void, undefined>
  #page: readonly HeldFragment[] = []
  #at = 0

  constructor({ workers }: SlotWalkPorts, { group, slot, worker, buckets }: SlotWalk, signal: AbortSignal) {
    const place = { scheme: group.scheme, slot }
    this.#pages = listFragments(workers, { worker, group: group.group, place, buckets }, signal)
  }

  /** Names of all up to and including those of `dataId` that were not asked for before. */
  async through(dataId: DataId): Promise<ReadonlySet<string>> {
    const names = new Set<string>()
    for (;;) {
      for (; this.#at < this.#page.length; this.#at++) {
        const fragment = this.#page[this.#at]
        if (fragment === undefined || fragment.dataId > dataId) return names
        names.add(placeName(fragment))
      }
      const next = await this.#pages.next()
      if (next.done === true) return names
      this.#page = next.value
      this.#at = 0
    }
  }
}
