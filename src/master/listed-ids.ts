// Which of some data ids a worker lists, asking only for pages that can show one of them: each page begins at the first id that is not
// answered yet. So few ids among millions cost a page each, and many that lie close together share their pages.

import { dataIdBefore } from '../base/ids.ts'
import type { DataId } from '../base/ids.ts'

/** Resolves to the ids of the worker's list from just behind `after`, in order: `pageSize` of them, or fewer at its end. */
export type ListPage = (after: DataId | undefined) => Promise<readonly DataId[] | undefined>

/** `ids` in order. `undefined` where a page was. */
export async function findListed(
  ids: readonly DataId[],
  list: ListPage,
  pageSize: number,
): Promise<readonly DataId[] | undefined> {
  const found: DataId[] = []
  let page: ReadonlySet<DataId> = new Set()
  /** Up to here the page says all; `all`: to the end. */
  let known: DataId | 'all' | undefined
  for (const id of ids) {
    if (known !== 'all' && (known === undefined || id > known)) {
      const listed = await list(dataIdBefore(id))
      if (listed === undefined) return undefined
      page = new Set(listed)
      known = listed.length < pageSize ? 'all' : listed.at(-1)
    }
    if (page.has(id)) found.push(id)
  }
  return found
}
