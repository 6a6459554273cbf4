// What the workers hold of placement groups, data id by data id: the lists of several workers, each in the same order, run side by side.
// Memory holds a page of each worker and one data id.
//
// A worker that does not answer ends the walk with its error: what it holds must not be taken for missing.

import { dataIdBefore } from '../../base/ids.ts'
import type { DataId, GroupId, WorkerId } from '../../base/ids.ts'
import type { HeldFragment } from '../../rpc/messages/fragment-sets.ts'
import { lastPlaceOf, listFragments } from '../fragment-lists.ts'
import type { ListingWorkers } from '../fragment-lists.ts'

/** By column, who holds it. */
type ColumnHolders = ReadonlyMap<number, readonly WorkerId[]>

export interface HeldData {
  readonly group: GroupId
  readonly dataId: DataId
  /** By block. */
  readonly blocks: ReadonlyMap<number, ColumnHolders>
  /** Of all records, those that several hold counted as often. */
  readonly bytes: number
}

export interface HeldWalk {
  readonly group: GroupId
  /** Who may hold anything of it. */
  readonly workers: readonly WorkerId[]
  /** Data ids after this one; absent: from the first. */
  readonly after?: DataId
  readonly signal: AbortSignal
}

/** In the order of the data ids. @throws FrostError `peer-unreachable`, `deadline-exceeded`, … */
export async function* walkHeld(links: ListingWorkers, walk: HeldWalk): AsyncGenerator<HeldData, void, undefined> {
  const lists = walk.workers.map((worker) => new HeldList(links, worker, walk))
  for (;;) {
    const heads = await Promise.all(lists.map(async (list) => await list.head()))
    let dataId: DataId | undefined
    for (const head of heads) if (head !== undefined && (dataId === undefined || head < dataId)) dataId = head
    if (dataId === undefined) return
    const blocks = new Map<number, Map<number, WorkerId[]>>()
    let bytes = 0
    for (const list of lists) {
      await list.take(dataId, (fragment) => {
        addHolder(blocks, fragment, list.worker)
        bytes += fragment.recordBytes
      })
    }
    yield { group: walk.group, dataId, blocks, bytes }
  }
}

/** One data id; without blocks where nobody holds anything of it. */
export async function heldOf(links: ListingWorkers, walk: Omit<HeldWalk, 'after'>, dataId: DataId): Promise<HeldData> {
  const after = dataIdBefore(dataId)
  const found = await walkHeld(links, { ...walk, ...(after === undefined ? {} : { after }) }).next()
  if (found.done !== true && found.value.dataId === dataId) return found.value
  return { group: walk.group, dataId, blocks: new Map(), bytes: 0 }
}

function addHolder(blocks: Map<number, Map<number, WorkerId[]>>, place: HeldFragment, worker: WorkerId): void {
  const columns = blocks.get(place.block) ?? new Map<number, WorkerId[]>()
  blocks.set(place.block, columns)
  const holders = columns.get(place.column)
  if (holders === undefined) columns.set(place.column, [worker])
  else holders.push(worker)
}

/** The list of one worker, page by page. */
class HeldList {
  readonly worker: WorkerId
  readonly #pages: AsyncGenerator<readonly HeldFragment[], void, undefined>
  #page: readonly HeldFragment[] = []
  #at = 0
  #isAtEnd = false

  constructor(links: ListingWorkers, worker: WorkerId, { group, after, signal }: HeldWalk) {
    this.worker = worker
    const from = after === undefined ? undefined : lastPlaceOf(after)
    this.#pages = listFragments(links, { worker, group, after: from }, signal)
  }

  /** The next data id; `undefined` at the end. */
  async head(): Promise<DataId | undefined> {
    while (this.#at === this.#page.length && !this.#isAtEnd) await this.#fetch()
    return this.#page[this.#at]?.dataId
  }

  /** Takes the fragments of the next data id, where it is this one. */
  async take(dataId: DataId, each: (place: HeldFragment) => void): Promise<void> {
    while ((await this.head()) === dataId) {
      const place = this.#page[this.#at]
      if (place !== undefined) each(place)
      this.#at++
    }
  }

  async #fetch(): Promise<void> {
    const page = await this.#pages.next()
    this.#isAtEnd = page.done === true
    this.#page = page.done === true ? [] : page.value
    this.#at = 0
  }
}
