// Reads of multipart uploads. Completed ones lie apart, so that a listing passes none of them.

import { assert } from '../../base/assert.ts'
import type { KeyValueView } from '../../ports/key-value.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type {
  ListMultiparts,
  ListOldMultiparts,
  ListParts,
  MultipartName,
  MultipartPage,
  MultipartRow,
  OldMultipart,
  PartRow,
} from '../contract/multipart-metadata.ts'
import { bucketNotFound } from '../decisions/bucket-decisions.ts'
import { uploadNotFound } from '../decisions/multipart-decisions.ts'
import { decodeKeptReference } from '../encoding/kept-reference.ts'
import { afterPrefix, partText, textPart } from '../encoding/key-parts.ts'
import {
  bucketKey,
  completedKey,
  escapeZeros,
  multipartBucketPrefix,
  multipartKey,
  multipartPrefix,
  multipartTimeKey,
  partKey,
  partPrefix,
  tables,
} from '../encoding/keys.ts'
import { numberPart } from '../encoding/key-parts.ts'
import { decodeMultipart, decodePart } from '../encoding/multipart-encoding.ts'
import { corrupt } from '../encoding/row-reader.ts'
import { commonPrefixOf, isCommonPrefix } from './common-prefix.ts'
import { RowCursor, entriesOf } from './row-cursor.ts'

/** What follows the file's name in the key of an upload: 00 01 and the upload's id. */
const uploadPartBytes = 28

export function getMultipart(view: KeyValueView, name: MultipartName): MultipartRow | undefined {
  const row = readOpen(view, name)
  if (row !== undefined) return row
  const stored = view.get(completedKey(name.upload))
  const completed = stored === undefined ? undefined : decodeMultipart(stored)
  return completed?.bucket === name.bucket && completed.key === name.key ? completed : undefined
}

export function listParts(view: KeyValueView, request: ListParts): readonly PartRow[] {
  const { upload, after, limit } = request
  assertLimit(limit)
  if (readOpen(view, request) === undefined) throw uploadNotFound(request)
  const range = { from: partKey(upload, after + 1), to: afterPrefix(partPrefix(upload)), limit }
  return view.range(range).map(([key, row]) => decodePart(key, row))
}

export function listOldMultiparts(view: KeyValueView, request: ListOldMultiparts): readonly OldMultipart[] {
  const { beforeMs, after, limit } = request
  assertLimit(limit)
  const from = after === undefined ? tables.multipartTime : `${multipartTimeKey(timeOf(after), after.upload)}\0`
  const to = tables.multipartTime + numberPart(beforeMs)
  if (from >= to) return []
  return view.range({ from, to, limit }).map(([at, reference]) => {
    const { bucket, key, sequence } = decodeKeptReference(reference)
    const upload = at.slice(tables.multipartTime.length + 7)
    const stored = view.get(sequence === 1 ? tables.completed + upload : multipartPrefix(bucket, key) + upload)
    if (stored === undefined) throw corrupt('a multipart upload is missing')
    return decodeMultipart(stored)
  })
}

export function listMultiparts(view: KeyValueView, request: ListMultiparts): MultipartPage {
  const { bucket, prefix = '', delimiter, limit } = request
  assertLimit(limit)
  assert(delimiter !== '', 'a delimiter is not empty')
  if (view.get(bucketKey(bucket)) === undefined) throw bucketNotFound(bucket)
  const start = multipartBucketPrefix(bucket)
  const first = start + escapeZeros(textPart(prefix))
  const from = startOf(request)
  const cursor = new RowCursor(entriesOf(view), { from: from > first ? from : first, to: afterPrefix(first) })
  const uploads: MultipartRow[] = []
  const prefixes: string[] = []
  let last: MultipartPage['next']
  for (let entry = cursor.peek(); entry !== undefined; entry = cursor.peek()) {
    const row = decodeMultipart(entry[1])
    const common = commonPrefixOf(fileOf(entry[0], start.length), prefix, delimiter)
    if (row.aborting === true) {
      cursor.advance()
      continue
    }
    if (uploads.length + prefixes.length === limit)
      return { uploads, prefixes, ...(last === undefined ? {} : { next: last }) }
    if (common === undefined) {
      uploads.push(row)
      last = { afterKey: row.key, afterUpload: row.upload }
      cursor.advance()
    } else {
      prefixes.push(common)
      last = { afterKey: common }
      cursor.seek(afterPrefix(start + escapeZeros(textPart(common))))
    }
  }
  return { uploads, prefixes }
}

function startOf({ bucket, prefix = '', delimiter, afterKey, afterUpload }: ListMultiparts): string {
  const start = multipartBucketPrefix(bucket)
  if (afterKey === undefined) return start
  if (isCommonPrefix(afterKey, prefix, delimiter)) return afterPrefix(start + escapeZeros(textPart(afterKey)))
  if (afterUpload === undefined) return afterPrefix(multipartPrefix(bucket, afterKey))
  return `${multipartKey({ bucket, key: afterKey, upload: afterUpload })}\0`
}

/** Of one that is not completed; where there is none, the bucket is looked up. */
function readOpen(view: KeyValueView, name: MultipartName): MultipartRow | undefined {
  const stored = view.get(multipartKey(name))
  if (stored === undefined) {
    if (view.get(bucketKey(name.bucket)) === undefined) throw bucketNotFound(name.bucket)
    return undefined
  }
  const row = decodeMultipart(stored)
  return row.aborting === true ? undefined : row
}

function fileOf(key: string, skip: number): string {
  return partText(key.slice(skip, -uploadPartBytes).replaceAll('\0\xff', '\0'))
}

function timeOf({ createdMs, completed }: MultipartRow): number {
  return completed?.atMs ?? createdMs
}

function assertLimit(limit: number): void {
  assert(Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax, 'limit of a page')
}
