// What MemoryObjects decides by: conditions of writes, and pages of listings.

import { isDeepStrictEqual } from 'node:util'

import { FrostError } from '../../../base/errors.ts'
import type { ObjectInfo, ObjectProperties } from '../../../master/object-service.ts'

export type Condition =
  | { readonly kind: 'if-absent' }
  | { readonly kind: 'if-present' }
  | { readonly kind: 'if-version'; readonly version: string; readonly tags?: Readonly<Record<string, string>> }
  | { readonly kind: 'if-etag'; readonly etags: readonly string[] }
  | { readonly kind: 'if-none-etag'; readonly etags: readonly string[] }

/** @throws FrostError `precondition-failed`. */
export function checkCondition(condition: Condition | undefined, head: ObjectInfo | undefined): void {
  if (condition === undefined || holds(condition, head?.isDeleteMarker === true ? undefined : head)) return
  throw new FrostError('precondition-failed', 'The condition does not hold.')
}

function holds(condition: Condition, head: ObjectInfo | undefined): boolean {
  switch (condition.kind) {
    case 'if-absent':
      return head === undefined
    case 'if-present':
      return head !== undefined
    case 'if-version':
      return (
        head?.version === condition.version &&
        (condition.tags === undefined || isDeepStrictEqual(condition.tags, head.tags ?? {}))
      )
    case 'if-etag':
      return head !== undefined && condition.etags.includes(head.etag)
    case 'if-none-etag':
      return head === undefined || !condition.etags.includes(head.etag)
  }
}

/** @throws FrostError `precondition-failed`. */
export function checkPlace(
  asked: { readonly onlyIfAlone?: true; readonly newerKeptMin?: number },
  index: number,
  count: number,
): void {
  const { onlyIfAlone, newerKeptMin } = asked
  const isBelow = newerKeptMin === undefined || index > newerKeptMin
  if (isBelow && (onlyIfAlone !== true || count === 1)) return
  throw new FrostError('precondition-failed', 'The version lies elsewhere.')
}

export interface Paging {
  readonly prefix: string
  readonly after: string | undefined
  readonly delimiter: string | undefined
  readonly limit: number
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly prefixes: readonly string[]
  /** Key or common prefix. */
  readonly last: string | undefined
  readonly hasMore: boolean
}

/** `all`: in order, with the prefix. */
export function memoryPage<Item extends { readonly key: string }>(all: readonly Item[], paging: Paging): Page<Item> {
  const { prefix, after, delimiter, limit } = paging
  const items: Item[] = []
  const prefixes: string[] = []
  let last: string | undefined
  for (const item of all) {
    const end = delimiter === undefined ? -1 : item.key.indexOf(delimiter, prefix.length)
    const common = end < 0 ? undefined : item.key.slice(0, end + (delimiter?.length ?? 0))
    const name = common ?? item.key
    if (after !== undefined && Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0) continue
    if (common !== undefined && common === prefixes.at(-1)) continue
    if (items.length + prefixes.length === limit) return { items, prefixes, last, hasMore: true }
    if (common === undefined) items.push(item)
    else prefixes.push(common)
    last = name
  }
  return { items, prefixes, last, hasMore: false }
}

export type GivenProperties = { readonly [Name in keyof ObjectProperties]?: ObjectProperties[Name] | undefined }

/** Those alone, of what has more; without those that are absent. */
export function propertiesOf(from: GivenProperties): ObjectProperties {
  const { contentType, owner, headers, userMetadata, tags, lock, transform, extra } = from
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(owner === undefined ? {} : { owner }),
    ...(headers === undefined ? {} : { headers }),
    ...(userMetadata === undefined ? {} : { userMetadata }),
    ...(tags === undefined ? {} : { tags }),
    ...(lock === undefined ? {} : { lock }),
    ...(transform === undefined ? {} : { transform }),
    ...(extra === undefined ? {} : { extra }),
  }
}
