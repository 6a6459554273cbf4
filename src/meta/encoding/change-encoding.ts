// Change records. That of a version, by far the most frequent, is packed; the others are plain data.
//
// u8 format 1 · u8 kind (0 plain data · 1 version); version: u8 flags (1 version · 2 replaced · 4 cause) · text bucket · text key · [26
// version] [26 replaced] [bytes: plain data: the cause]

import type { Change, ChangeCause } from '../contract/change-metadata.ts'
import { fits, hasFields } from './plain-fields.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlain, encodePlain } from './plain-value.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'
import { readVersionId } from './extent-encoding.ts'

const format = 1
const scratch = new RowWriter()

type PlainChange = Exclude<Change, { readonly kind: 'version' }>

const plainChanges: {
  readonly [Kind in PlainChange['kind']]: Fields<Extract<PlainChange, { readonly kind: Kind }>>
} = {
  cluster: { kind: 'string' },
  bucket: { kind: 'string', bucket: 'string' },
  multipart: { kind: 'string', bucket: 'string', key: 'string', upload: 'string' },
  data: { kind: 'string', refs: 'list' },
  purged: { kind: 'string', refs: 'list' },
  process: { kind: 'string', process: 'string' },
  repair: { kind: 'string', group: 'number' },
  group: { kind: 'string', group: 'number' },
  worker: { kind: 'string', workers: 'list' },
  lease: { kind: 'string', name: 'string' },
  access: { kind: 'string', what: 'string', id: 'string' },
}

const causeFields: Fields<ChangeCause> = {
  event: 'string',
  notices: 'list',
  atMs: 'number',
  requestId: 'string',
  address: 'string',
  principal: 'string?',
  bucketOwner: 'string?',
  sizeBytes: 'number?',
  etag: 'string?',
  versioned: 'boolean?',
}

export function encodeChange(change: Change): Uint8Array<ArrayBuffer> {
  const writer = scratch.clear().byte(format)
  if (change.kind !== 'version') return writer.byte(0).bytes(encodePlain(change)).finish()
  const { bucket, key, version, replaced, cause } = change
  const flags = (version === undefined ? 0 : 1) | (replaced === undefined ? 0 : 2) | (cause === undefined ? 0 : 4)
  writer.byte(1).byte(flags)
  writer.text(bucket).text(key)
  if (version !== undefined) writer.fixed(version)
  if (replaced !== undefined) writer.fixed(replaced)
  if (cause !== undefined) writer.bytes(encodePlain(cause))
  return writer.finish()
}

export function decodeChange(bytes: Uint8Array): Change {
  const reader = new RowReader(bytes)
  const found = reader.byte()
  if (found !== format) throw corrupt(`format ${found} of a change`)
  if (reader.byte() === 0) {
    const change = toPlainChange(decodePlain(reader.bytes()))
    reader.end()
    return change
  }
  const flags = reader.byte()
  const bucket = reader.text()
  const key = reader.text()
  const version = flags & 1 ? { version: readVersionId(reader) } : {}
  const replaced = flags & 2 ? { replaced: readVersionId(reader) } : {}
  const cause = flags & 4 ? { cause: toCause(decodePlain(reader.bytes())) } : {}
  reader.end()
  return { kind: 'version', bucket, key, ...version, ...replaced, ...cause }
}

function toCause(value: unknown): ChangeCause {
  if (!hasFields(value, causeFields)) throw corrupt('the cause of a change lacks a field')
  return value
}

function toPlainChange(value: unknown): PlainChange {
  if (!isPlainChange(value)) throw corrupt('a change lacks a field, or is of an unknown kind')
  return value
}

function isPlainChange(value: unknown): value is PlainChange {
  const hasKind = hasFields<{ readonly kind: string }>(value, { kind: 'string' })
  return hasKind && isPlainKind(value.kind) && fits(value, plainChanges[value.kind])
}

function isPlainKind(kind: string): kind is PlainChange['kind'] {
  return Object.hasOwn(plainChanges, kind)
}
