// Listings of a bucket: scans of the table of heads, which cost what they return. Without a delimiter a page is one range. With one,
// the scan jumps over what a common prefix stands for.

import { assert } from '../../base/assert.ts'
import type { ByteString, KeyRange, KeyValueView } from '../../ports/key-value.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { ListPage, ListRequest, NamePage } from '../contract/file-metadata.ts'
import { afterPrefix, partText, textPart } from '../encoding/key-parts.ts'
import { headPrefix } from '../encoding/keys.ts'
import { decodeListEntry } from '../encoding/version-encoding.ts'
import { commonPrefixOf, isCommonPrefix } from './common-prefix.ts'
import { RowCursor, entriesOf } from './row-cursor.ts'
import type { CursorRange, RowSource } from './row-cursor.ts'

export function listEntries(view: KeyValueView, request: ListRequest): ListPage {
  const skip = headPrefix(request.bucket).length
  const nameOf = ([key]: readonly [ByteString, Uint8Array]): string => partText(key.slice(skip))
  const { items, prefixes, next } = listItems(request, entriesOf(view), nameOf)
  const hasDetails = request.details === true
  const entries = items.map((item) => decodeListEntry(nameOf(item), item[1], hasDetails))
  return { entries, prefixes, ...next }
}

export function listNames(view: KeyValueView, request: ListRequest): NamePage {
  const start = headPrefix(request.bucket)
  const source = {
    fetch: (range: KeyRange): readonly string[] => view.texts(range, start.length),
    keyOf: (name: string): ByteString => start + textPart(name),
  }
  const { items, prefixes, next } = listItems(request, source, (name) => name)
  return { names: items, prefixes, ...next }
}

interface Items<Row> {
  readonly items: readonly Row[]
  readonly prefixes: readonly string[]
  readonly next: { readonly next?: string }
}

function listItems<Row>(request: ListRequest, source: RowSource<Row>, nameOf: (row: Row) => string): Items<Row> {
  const { bucket, prefix = '', delimiter, limit } = request
  assert(Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax, 'limit of a listing')
  assert(delimiter !== '', 'a delimiter is not empty')
  const start = headPrefix(bucket)
  const first = start + textPart(prefix)
  const range = { from: startOf(request, start, first), to: afterPrefix(first) }
  if (delimiter === undefined) return listPlain((each) => source.fetch(each), range, { limit, nameOf })
  const cursor = new RowCursor(source, range)
  const items: Row[] = []
  const prefixes: string[] = []
  let last: string | undefined
  for (let row = cursor.peek(); row !== undefined; row = cursor.peek()) {
    if (items.length + prefixes.length === limit)
      return { items, prefixes, next: last === undefined ? {} : { next: last } }
    const name = nameOf(row)
    const common = commonPrefixOf(name, prefix, delimiter)
    last = common ?? name
    if (common === undefined) {
      items.push(row)
      cursor.advance()
    } else {
      prefixes.push(common)
      cursor.seek(afterPrefix(start + textPart(common)))
    }
  }
  return { items, prefixes, next: {} }
}

interface PlainPage<Row> {
  readonly limit: number
  readonly nameOf: (row: Row) => string
}

function listPlain<Row>(fetch: RowSource<Row>['fetch'], range: CursorRange, page: PlainPage<Row>): Items<Row> {
  const { limit, nameOf } = page
  const found = range.from >= range.to ? [] : fetch({ ...range, limit: limit + 1 })
  if (found.length <= limit) return { items: found, prefixes: [], next: {} }
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, prefixes: [], next: last === undefined ? {} : { next: nameOf(last) } }
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
