// What the store holds, in order, page by page, from the index merged with memory.

import { assert, defined } from '../base/assert.ts'
import { dataIdBefore, type DataId, type GroupId } from '../base/ids.ts'
import { columnsMax, type Scheme } from '../base/scheme.ts'
import { bucketOf, digestBuckets } from '../codec/fragment-digest.ts'
import { slotOf } from '../codec/geometry.ts'
import type { FragmentKey, FragmentListEntry, FragmentPage } from './contract.ts'
import type { EntryTable } from './entry-table.ts'
import {
  boundAfter,
  dataIdOf,
  fragmentKeyOf,
  fragmentText,
  groupOf,
  idText,
  idTextOf,
  isFragmentText,
  rangeOfGroup,
  textBefore,
  type KeyRange,
} from './fragment-key.ts'
import type { Entry } from './index-rows.ts'

export const listLimitMax = 10_000
/** Fragments of one data id that are walked before the walk jumps behind it. */
const walkMax = 16
/** Entries of the index that are looked at in one go: some milliseconds. */
const sliceEntries = 4096
const blockMax = 0xffff_ffff

/** Of a group, which fragments are meant. */
export interface FragmentFilter {
  /** A slot of a group of that scheme. */
  readonly place?: { readonly scheme: Scheme; readonly slot: number } | undefined
  readonly buckets?: readonly number[] | undefined
}

/**
 * Shows `visit` the fragments in the range, until it says that it has enough, or a slice of the index was looked at. Returns the bound
 * below which everything was seen, and from which the next slice begins; `undefined` at the end.
 */
export function scanSlice(
  table: EntryTable,
  range: KeyRange,
  visit: (text: string, entry: Entry) => 'more' | 'enough',
): string | undefined {
  let looked = 0
  for (const [text, entry] of table.scan(range)) {
    const isFragment = isFragmentText(text)
    const isEnough = isFragment && visit(text, entry) === 'enough'
    // The key of a data id comes before its fragments: from there on it is looked at once more.
    if (isEnough || ++looked === sliceEntries) return isFragment ? boundAfter(text) : text
  }
  return undefined
}

/** Good fragments that pass the filter, at most `limit` of them, after one slice of the index. `next` is the bound to go on from. */
export function listSlice(
  table: EntryTable,
  options: { readonly group: GroupId; readonly from: string | undefined; readonly limit: number },
  passes: (key: FragmentKey) => boolean,
): { readonly fragments: readonly FragmentListEntry[]; readonly next: string | undefined } {
  const fragments: FragmentListEntry[] = []
  const range = rangeOfGroup(options.group)
  const next = scanSlice(table, { ...range, from: options.from ?? range.from }, (text, entry) => {
    if (entry.state !== 'good') return 'more'
    const key = fragmentKeyOf(text)
    if (passes(key)) fragments.push({ key, recordBytes: entry.bytes, headerCrc: entry.headerCrc })
    return fragments.length === options.limit ? 'enough' : 'more'
  })
  return { fragments, next }
}

/** A test for the fragments that the filter means. */
export function passesFilter({ place, buckets }: FragmentFilter): (key: FragmentKey) => boolean {
  const wanted = new Uint8Array(digestBuckets).fill(buckets === undefined ? 1 : 0)
  for (const bucket of buckets ?? []) wanted[bucket] = 1
  return ({ dataId, block, column }) =>
    wanted[bucketOf(dataId)] === 1 &&
    (place === undefined || slotOf(place.scheme, dataId, block, column) === place.slot)
}

/** A page of what was found so far: the key after which it goes on stands for the bound. */
export function pageOf(fragments: readonly FragmentListEntry[], next: string | undefined): FragmentPage {
  return { fragments, next: next === undefined ? undefined : keyBefore(next) }
}

/** The greatest key that a fragment below the bound could have. */
function keyBefore(bound: string): FragmentKey {
  const text = textBefore(bound)
  if (text !== undefined) return fragmentKeyOf(text)
  // The key of a data id: everything of the id below it was seen.
  const dataId = defined(dataIdBefore(dataIdOf(bound)), 'a slice before the first data id')
  return { group: groupOf(bound), dataId, block: blockMax, column: columnsMax - 1 }
}

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
