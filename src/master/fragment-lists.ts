// What a worker lists of a placement group, page by page, and what metadata knows of the data that is listed.

import { FrostError } from '../base/errors.ts'
import type { DataId, GroupId, WorkerId } from '../base/ids.ts'
import { columnsMax } from '../base/scheme.ts'
import { SECOND_MS } from '../base/units.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { DataRow } from '../meta/contract/data-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import { fragmentsPerPage } from '../rpc/messages/fragment-sets.ts'
import type { FragmentId, HeldFragment, ListFragmentsRequest } from '../rpc/messages/fragment-sets.ts'
import type { WorkerLink } from './worker-link.ts'

const deadlineMs = 30 * SECOND_MS

/** What `listFragments` and its users need of the workers. */
export interface ListingWorkers {
  link(worker: WorkerId): Pick<WorkerLink, 'listFragments'> | undefined
}

export type FragmentListRequest = Omit<ListFragmentsRequest, 'limit'> & {
  readonly worker: WorkerId
  /** Of a page. */
  readonly limit?: number
}

/**
 * Fragments in good state in the order of data id, block and column, by pages, of which some may be empty.
 * @throws FrostError `peer-unreachable` where the worker is not connected, and as it answers.
 */
export async function* listFragments(
  workers: ListingWorkers,
  { worker, limit = fragmentsPerPage, after, ...request }: FragmentListRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly HeldFragment[], void, undefined> {
  for (let from = after; ;) {
    const link = workers.link(worker)
    if (link === undefined) throw new FrostError('peer-unreachable', `Worker ${worker} is not connected.`)
    const page = await link.listFragments({ ...request, limit, after: from }, { deadlineMs, signal })
    yield page.fragments
    from = page.next
    if (from === undefined) return
  }
}

/** The last place that a fragment of the data id can have: a list after it begins with the next id. */
export function lastPlaceOf(dataId: DataId): FragmentId {
  return { dataId, block: 0xffff_ffff, column: columnsMax - 1 }
}

/** Tells fragments of one group apart. */
export function placeName({ dataId, block, column }: FragmentId): string {
  return `${dataId} ${block} ${column}`
}

/** Those of whose data the row (`undefined`: there is none) is a wanted one. */
export async function withRow<T extends FragmentId>(
  metadata: MetadataStore,
  { group, fragments }: { readonly group: GroupId; readonly fragments: readonly T[] },
  isWanted: (row: DataRow | undefined) => boolean,
): Promise<readonly T[]> {
  const ids = [...new Set(fragments.map((fragment) => fragment.dataId))]
  const wanted = new Set<DataId>()
  for (let at = 0; at < ids.length; at += pageLimitMax) {
    const page = ids.slice(at, at + pageLimitMax)
    const rows = await metadata.getDataRows(page.map((dataId) => ({ group, dataId })))
    for (const [index, dataId] of page.entries()) if (isWanted(rows[index])) wanted.add(dataId)
  }
  return fragments.filter((fragment) => wanted.has(fragment.dataId))
}

export function isLive(row: DataRow | undefined): boolean {
  return row?.state === 'live'
}
