// Listings of a bucket: scans of the table of heads, which cost what they return. Without a delimiter a page is one range. With one,
// the scan jumps over what a common prefix stands for, and reads ahead as much as the last stretch without a jump suggests.

import { assert } from '../../base/assert.ts'
import type { ByteString, KeyRange, KeyValueView } from '../../ports/key-value.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { ListEntry, ListPage, ListRequest, NamePage } from '../contract/file-metadata.ts'
import { afterPrefix, partText, textPart } from '../encoding/key-parts.ts'
import { headPrefix } from '../encoding/keys.ts'
import { decodeListEntry } from '../encoding/version-encoding.ts'
import { commonPrefixOf, isCommonPrefix } from './common-prefix.ts'

const stretchMin = 4

export function listEntries(view: KeyValueView, request: ListRequest): ListPage {
  const skip = headPrefix(request.bucket).length
  const scan = (range: KeyRange): readonly ListEntry[] =>
    view.range(range).map(([key, row]) => decodeListEntry(partText(key.slice(skip)), row, request.details === true))
  const { items, prefixes, next } = listItems(request, scan, (entry) => entry.key)
  return { entries: items, prefixes, ...next }
}

export function listNames(view: KeyValueView, request: ListRequest): NamePage {
  const skip = headPrefix(request.bucket).length
  const scan = (range: KeyRange): readonly string[] => view.texts(range, skip)
  const { items, prefixes, next } = listItems(request, scan, (name) => name)
  return { names: items, prefixes, ...next }
}

interface Items<T> {
  readonly items: readonly T[]
  readonly prefixes: readonly string[]
  readonly next: { readonly next?: string }
}

type Scan<T> = (range: KeyRange) => readonly T[]

function listItems<T>(request: ListRequest, scan: Scan<T>, keyOf: (item: T) => string): Items<T> {
  const { bucket, prefix = '', delimiter, limit } = request
  assert(Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax, 'limit of a listing')
  assert(delimiter !== '', 'a delimiter is not empty')
  const start = headPrefix(bucket)
  const first = start + textPart(prefix)
  const from = startOf(request, start, first)
  const to = afterPrefix(first)
  if (delimiter !== undefined) return listGrouped({ start, from, to, prefix, delimiter, limit }, scan, keyOf)
  if (from >= to) return { items: [], prefixes: [], next: {} }
  const found = scan({ from, to, limit: limit + 1 })
  if (found.length <= limit) return { items: found, prefixes: [], next: {} }
  const items = found.slice(0, limit)
  const last = items[limit - 1]
  return { items, prefixes: [], next: last === undefined ? {} : { next: keyOf(last) } }
}

/** The first key of the page. */
function startOf(request: ListRequest, start: ByteString, first: ByteString): ByteString {
  const { prefix = '', after, delimiter } = request
  if (after === undefined) return first
  const beyond = isCommonPrefix(after, prefix, delimiter)
    ? afterPrefix(start + textPart(after))
    : `${start}${textPart(after)}\0`
  return beyond > first ? beyond : first
}

interface Grouping {
  readonly start: ByteString
  readonly from: ByteString
  readonly to: ByteString
  readonly prefix: string
  readonly delimiter: string
  readonly limit: number
}

function listGrouped<T>(grouping: Grouping, scan: Scan<T>, keyOf: (item: T) => string): Items<T> {
  const { start, to, prefix, delimiter, limit } = grouping
  const items: T[] = []
  const prefixes: string[] = []
  let from = grouping.from
  let stretch = stretchMin
  let last: string | undefined
  while (from < to) {
    const found = scan({ from, to, limit: stretch })
    let jump: ByteString | undefined
    for (const item of found) {
      if (items.length + prefixes.length === limit)
        return { items, prefixes, next: last === undefined ? {} : { next: last } }
      const key = keyOf(item)
      const common = commonPrefixOf(key, prefix, delimiter)
      if (common === undefined) {
        items.push(item)
        last = key
        continue
      }
      last = common
      prefixes.push(last)
      jump = afterPrefix(start + textPart(last))
      break
    }
    if (jump === undefined && found.length < stretch) break
    from = jump ?? `${start}${textPart(last ?? '')}\0`
    stretch = jump === undefined ? Math.min(stretch * 4, pageLimitMax) : stretchMin
  }
  return { items, prefixes, next: {} }
}
