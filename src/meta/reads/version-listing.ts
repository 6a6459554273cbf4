// Listings of all versions of a bucket: the tables of heads, delete markers and kept versions, each in the order of the keys, read side
// by side. Each key has exactly one newest version, a head or a marker, and its kept ones follow, newest first. With a delimiter the
// walk jumps over what a common prefix stands for.

import { assert } from '../../base/assert.ts'
import type { ByteString, KeyValueEntry, KeyValueView } from '../../ports/key-value.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { ListVersionsRequest, VersionEntry, VersionName, VersionPage } from '../contract/version-metadata.ts'
import { bucketNotFound } from '../decisions/bucket-decisions.ts'
import { decodeBucket } from '../encoding/bucket-encoding.ts'
import { afterPrefix, partText, textPart } from '../encoding/key-parts.ts'
import {
  bucketKey,
  escapeZeros,
  headKey,
  headPrefix,
  keptBucketPrefix,
  keptPrefix,
  markerKey,
  markerPrefix,
  within,
} from '../encoding/keys.ts'
import { decodeVersionEntry, decodeVersionName } from '../encoding/version-encoding.ts'
import { findKeptKey } from './find-kept.ts'
import { commonPrefixOf, isCommonPrefix } from './common-prefix.ts'
import { RowCursor, entriesOf } from './row-cursor.ts'

export function listVersions(view: KeyValueView, request: ListVersionsRequest): VersionPage {
  const { bucket, delimiter, limit } = request
  assert(Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax, 'limit of a listing')
  assert(delimiter !== '', 'a delimiter is not empty')
  const bucketRow = view.get(bucketKey(bucket))
  if (bucketRow === undefined) throw bucketNotFound(bucket)
  return new VersionWalk(view, request, decodeBucket(bucketRow).hadMarkers).run()
}

/** Where a page begins. */
interface Start {
  /** The first key whose newest version may be on it. */
  readonly newest: ByteString
  /** The first kept version on it, where it is one of a key whose newest is not. */
  readonly kept?: { readonly key: string; readonly from: ByteString }
}

type EntryCursor = RowCursor<KeyValueEntry>

class VersionWalk {
  readonly #request: ListVersionsRequest
  readonly #prefix: string
  readonly #start: Start
  readonly #heads: EntryCursor
  readonly #markers: EntryCursor
  readonly #kept: EntryCursor
  readonly #entries: VersionEntry[] = []
  readonly #prefixes: string[] = []
  #last: VersionPage['next']

  constructor(view: KeyValueView, request: ListVersionsRequest, hadMarkers: boolean) {
    const { bucket, prefix = '', delimiter, limit } = request
    this.#request = request
    this.#prefix = prefix
    this.#start = startOf(view, request)
    const stretch = delimiter === undefined ? limit + 1 : undefined
    const first = textPart(prefix)
    const newest = this.#start.newest > first ? this.#start.newest : first
    const rows = entriesOf(view)
    const cursor = (table: ByteString, from: ByteString, part: ByteString, count?: number): EntryCursor =>
      new RowCursor(rows, { from, to: afterPrefix(table + part) }, count)
    const heads = headPrefix(bucket)
    this.#heads = cursor(heads, heads + newest, first, stretch)
    const markers = markerPrefix(bucket)
    this.#markers = hadMarkers
      ? cursor(markers, markers + newest, first)
      : new RowCursor(rows, { from: markers, to: markers })
    const kept = keptBucketPrefix(bucket)
    this.#kept = cursor(kept, this.#start.kept?.from ?? kept + escapeZeros(newest), escapeZeros(first))
  }

  run(): VersionPage {
    const { kept } = this.#start
    if (kept !== undefined && !this.#takeKept(kept.key)) return this.#page(true)
    for (;;) {
      const newest = this.#nextNewest()
      if (newest === undefined) return this.#page(false)
      if (this.#isFull) return this.#page(true)
      const { key, row, cursor } = newest
      const common = commonPrefixOf(key, this.#prefix, this.#request.delimiter)
      if (common === undefined) {
        this.#take(key, row, true)
        cursor.advance()
        if (!this.#takeKept(key)) return this.#page(true)
      } else {
        this.#prefixes.push(common)
        this.#last = { after: common }
        this.#skip(common)
      }
    }
  }

  get #isFull(): boolean {
    return this.#entries.length + this.#prefixes.length >= this.#request.limit
  }

  #nextNewest(): { readonly key: string; readonly row: Uint8Array; readonly cursor: EntryCursor } | undefined {
    const head = this.#heads.peek()
    const marker = this.#markers.peek()
    // The prefixes of both tables are of one length, and differ in the first byte.
    const isHead = marker === undefined || (head !== undefined && head[0].slice(1) < marker[0].slice(1))
    const entry = isHead ? head : marker
    if (entry === undefined) return undefined
    const key = partText(entry[0].slice(headPrefix(this.#request.bucket).length))
    return { key, row: entry[1], cursor: isHead ? this.#heads : this.#markers }
  }

  /** The kept versions of a key; `false`: there are more than the page holds. */
  #takeKept(key: string): boolean {
    const prefix = keptPrefix(this.#request.bucket, key)
    this.#kept.seek(prefix)
    for (;;) {
      const entry: KeyValueEntry | undefined = this.#kept.peek()
      if (entry === undefined || !entry[0].startsWith(prefix)) return true
      if (this.#isFull) return false
      this.#take(key, entry[1], false)
      this.#kept.advance()
    }
  }

  #take(key: string, row: Uint8Array, isLatest: boolean): void {
    const entry = decodeVersionEntry(key, row, this.#request.details === true)
    this.#entries.push({ ...entry, isLatest })
    this.#last = { after: key, afterVersion: entry.isVersioned ? entry.version : 'null' }
  }

  #skip(common: string): void {
    const { bucket } = this.#request
    this.#heads.seek(afterPrefix(headPrefix(bucket) + textPart(common)))
    this.#markers.seek(afterPrefix(markerPrefix(bucket) + textPart(common)))
  }

  #page(hasMore: boolean): VersionPage {
    const next = hasMore && this.#last !== undefined ? { next: this.#last } : {}
    return { entries: this.#entries, prefixes: this.#prefixes, ...next }
  }
}

function startOf(view: KeyValueView, request: ListVersionsRequest): Start {
  const { bucket, prefix = '', delimiter, after, afterVersion } = request
  if (after === undefined) return { newest: '' }
  const part = textPart(after)
  if (isCommonPrefix(after, prefix, delimiter)) return { newest: afterPrefix(part) }
  const beyond = `${part}\0`
  const isListed = after.startsWith(prefix) && commonPrefixOf(after, prefix, delimiter) === undefined
  if (afterVersion === undefined || !isListed) return { newest: beyond }
  const from = keptFrom(view, { bucket, key: after, version: afterVersion })
  return from === undefined ? { newest: part } : { newest: beyond, kept: { key: after, from } }
}

/** The first kept version that is older than one; `undefined`: the newest is. */
function keptFrom(
  view: KeyValueView,
  named: { readonly bucket: string; readonly key: string; readonly version: VersionName },
): ByteString | undefined {
  const { bucket, key, version } = named
  const prefix = keptPrefix(bucket, key)
  const newest = view.get(headKey(bucket, key)) ?? view.get(markerKey(bucket, key))
  if (newest === undefined) return prefix
  const { version: id, isVersioned } = decodeVersionName(newest)
  if (version === 'null' ? !isVersioned : id === version) return prefix
  const at = findKeptKey(view, named)
  if (at !== undefined) return `${at}\0`
  // It is gone: ids are made of time, and those below it are nearly always older.
  if (version === 'null' || id < version) return undefined
  const kept = new RowCursor(entriesOf(view), within(prefix))
  for (;;) {
    const entry = kept.peek()
    if (entry === undefined) return afterPrefix(prefix)
    if (decodeVersionName(entry[1]).version < version) return entry[0]
    kept.advance()
  }
}
