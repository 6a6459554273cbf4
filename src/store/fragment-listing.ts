// What the store holds, in order, page by page, from the index merged with memory.

import { assert } from '../base/assert.ts'
import type { DataId, GroupId } from '../base/ids.ts'
import type { FragmentKey, FragmentListEntry } from './contract.ts'
import type { EntryTable } from './entry-table.ts'
import {
  dataIdOf,
  fragmentKeyOf,
  fragmentText,
  idText,
  idTextOf,
  isFragmentText,
  rangeOfGroup,
} from './fragment-key.ts'

export const listLimitMax = 10_000
/** Fragments of one data id that are walked before the walk jumps behind it. */
const walkMax = 16

/** Fragments of a group in good state. */
export function listFragments(
  table: EntryTable,
  options: { readonly group: GroupId; readonly after?: FragmentKey; readonly limit: number },
): readonly FragmentListEntry[] {
  assertLimit(options.limit)
  const after = options.after === undefined ? undefined : fragmentText(options.after)
  const listed: FragmentListEntry[] = []
  for (const [text, entry] of table.scan(rangeOfGroup(options.group, after))) {
    if (listed.length === options.limit) break
    if (!isFragmentText(text) || entry.state !== 'good') continue
    listed.push({ key: fragmentKeyOf(text), recordBytes: entry.bytes, headerCrc: entry.headerCrc })
  }
  return listed
}

/** Data ids of which the group holds anything, good or damaged. */
export function listDataIds(
  table: EntryTable,
  options: { readonly group: GroupId; readonly after?: DataId; readonly limit: number },
): readonly DataId[] {
  assertLimit(options.limit)
  const { group, limit } = options
  const ids: DataId[] = []
  let after = options.after === undefined ? undefined : idText(group, options.after)
  while (ids.length < limit) {
    const walked = walkIds(table, { group, after, limit: limit - ids.length })
    ids.push(...walked.ids.map(dataIdOf))
    if (walked.next === undefined) break
    after = walked.next
  }
  return ids
}

/** Ids until the limit or the end, or until one id has so many fragments that it pays to jump behind it (`next`). */
function walkIds(
  table: EntryTable,
  options: { readonly group: GroupId; readonly after: string | undefined; readonly limit: number },
): { readonly ids: readonly string[]; readonly next: string | undefined } {
  const ids: string[] = []
  let walked = 0
  for (const [text, entry] of table.scan(rangeOfGroup(options.group, options.after))) {
    if (!isFragmentText(text) || entry.state === 'dropped') continue
    const id = idTextOf(text)
    if (ids.at(-1) !== id) {
      if (ids.length === options.limit) return { ids, next: undefined }
      ids.push(id)
      walked = 0
    } else if (++walked > walkMax) {
      return { ids, next: id }
    }
  }
  return { ids, next: undefined }
}

function assertLimit(limit: number): void {
  assert(Number.isInteger(limit) && limit >= 1 && limit <= listLimitMax, `a page of ${limit}`)
}
