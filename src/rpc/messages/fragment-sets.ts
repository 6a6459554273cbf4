// The messages about sets of fragments: the digest of what a worker holds of a slot, what it holds one by one, and what it shall drop
// of it (docs/design/messages.md). Fragments in bulk travel in a fixed layout, little-endian, questions as JSON.

import { FrostError } from '../../base/errors.ts'
import { dataIdFromBytes, parseDataId, parseEpoch, parseGroupId, writeHex } from '../../base/ids.ts'
import type { Epoch, GroupId } from '../../base/ids.ts'
import { columnCount, columnsMax } from '../../base/scheme.ts'
import type { Scheme } from '../../base/scheme.ts'
import { digestBuckets } from '../../codec/fragment-digest.ts'
import type { FragmentKey } from './fragment.ts'
import { JsonFields, encodeJson } from './json-fields.ts'
import { readScheme } from './placement-group-fields.ts'

/** A fragment of a group that is named elsewhere. */
export type FragmentId = Omit<FragmentKey, 'group'>

/** A fragment and which record it is. */
export interface NamedRecord extends FragmentId {
  /** The header checksum of its record: equal for equal records. */
  readonly headerCrc: number
}

/** And how large that is. */
export interface HeldFragment extends NamedRecord {
  readonly recordBytes: number
}

export interface DigestRequest {
  readonly group: GroupId
  readonly scheme: Scheme
  /** From 0. */
  readonly slot: number
}

export interface ListFragmentsRequest {
  readonly group: GroupId
  /** Only what belongs to this slot of a group of this scheme. */
  readonly place?: { readonly scheme: Scheme; readonly slot: number } | undefined
  /** Only what lies in these buckets of the digest. */
  readonly buckets?: readonly number[] | undefined
  /** Only what comes after it. */
  readonly after?: FragmentId | undefined
  /** At most `fragmentsPerPage`. */
  readonly limit: number
}

export interface FragmentPage {
  /** In the order of data id, block and column. */
  readonly fragments: readonly HeldFragment[]
  /** Where to go on from (`after`), also where nothing was found so far; `undefined`: there is no more. */
  readonly next: FragmentId | undefined
}

export interface DropFragmentsRequest {
  readonly group: GroupId
  readonly epoch: Epoch
  /** At most `fragmentsPerDrop`. */
  readonly fragments: readonly NamedRecord[]
}

export const fragmentsPerPage = 10_000
export const fragmentsPerDrop = 1000

export function encodeDigestRequest(request: DigestRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeDigestRequest(bytes: Uint8Array): DigestRequest {
  const fields = JsonFields.decode('digest', bytes)
  const scheme = readScheme(fields.object('scheme'))
  return { group: fields.parsedCount('group', parseGroupId), scheme, slot: readSlot(fields, scheme) }
}

function readPlace(fields: JsonFields): NonNullable<ListFragmentsRequest['place']> {
  const scheme = readScheme(fields.object('scheme'))
  return { scheme, slot: readSlot(fields, scheme) }
}

export function encodeListFragments(request: ListFragmentsRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeListFragments(bytes: Uint8Array): ListFragmentsRequest {
  const fields = JsonFields.decode('list fragments', bytes)
  return {
    group: fields.parsedCount('group', parseGroupId),
    place: fields.has('place') ? readPlace(new JsonFields('place', fields.object('place'))) : undefined,
    buckets: fields.has('buckets') ? readBuckets(fields) : undefined,
    after: fields.has('after') ? readFragmentId(new JsonFields('fragment', fields.object('after'))) : undefined,
    limit: Math.max(1, Math.min(fields.count('limit'), fragmentsPerPage)),
  }
}

/** 0 [16] data id   16 u32 block   20 u8 column */
const idBytes = 21
/** Then 21 u32 header checksum, 25 u32 length of the record. */
const entryBytes = 29

/** The reply's header: u8 whether there is more, and where to go on from. */
export function encodePageHeader(next: FragmentId | undefined): Uint8Array<ArrayBuffer> {
  if (next === undefined) return Uint8Array.of(0)
  const bytes = new Uint8Array(1 + idBytes)
  bytes[0] = 1
  writeFragmentId(bytes, 1, next)
  return bytes
}

/** The reply's body. */
export function encodePageBody(fragments: readonly HeldFragment[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fragments.length * entryBytes)
  const view = new DataView(bytes.buffer)
  for (const [index, fragment] of fragments.entries()) {
    writeFragmentId(bytes, index * entryBytes, fragment)
    view.setUint32(index * entryBytes + idBytes, fragment.headerCrc, true)
    view.setUint32(index * entryBytes + idBytes + 4, fragment.recordBytes, true)
  }
  return bytes
}

export function decodePage(header: Uint8Array, body: Uint8Array): FragmentPage {
  const hasNext = header[0] === 1
  if (header.length !== (hasNext ? 1 + idBytes : 1) || (!hasNext && header[0] !== 0))
    throw new FrostError('protocol-error', `The header of a page of fragments has ${header.length} bytes.`)
  if (body.length % entryBytes !== 0 || body.length > fragmentsPerPage * entryBytes)
    throw new FrostError('protocol-error', `A page of fragments has ${body.length} bytes.`)
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const fragments: HeldFragment[] = []
  for (let at = 0; at < body.length; at += entryBytes) {
    const headerCrc = view.getUint32(at + idBytes, true)
    fragments.push({ ...readIdBytes(body, at), headerCrc, recordBytes: view.getUint32(at + idBytes + 4, true) })
  }
  return { fragments, next: hasNext ? readIdBytes(header, 1) : undefined }
}

export function encodeDropFragments({ group, epoch, fragments }: DropFragmentsRequest): Uint8Array<ArrayBuffer> {
  const named = fragments.map(({ dataId, block, column, headerCrc }) => ({ dataId, block, column, headerCrc }))
  return encodeJson({ group, epoch, fragments: named })
}

export function decodeDropFragments(bytes: Uint8Array): DropFragmentsRequest {
  const fields = JsonFields.decode('drop fragments', bytes)
  return {
    group: fields.parsedCount('group', parseGroupId),
    epoch: fields.parsedCount('epoch', parseEpoch),
    fragments: fields.list('fragments', fragmentsPerDrop, (element) => {
      const fragment = new JsonFields('fragment', element)
      return { ...readFragmentId(fragment), headerCrc: fragment.parsedCount('headerCrc', parseUint32) }
    }),
  }
}

export function encodeDropped(dropped: number): Uint8Array<ArrayBuffer> {
  return encodeJson({ dropped })
}

export function decodeDropped(bytes: Uint8Array): number {
  return JsonFields.decode('dropped', bytes).count('dropped')
}

export function readFragmentId(fields: JsonFields): FragmentId {
  return {
    dataId: fields.parsed('dataId', parseDataId),
    block: fields.parsedCount('block', parseUint32),
    column: readColumn(fields),
  }
}

export function readColumn(fields: JsonFields): number {
  return fields.parsedCount('column', (column) => (column < columnsMax ? column : undefined))
}

function readSlot(fields: JsonFields, scheme: Scheme): number {
  return fields.parsedCount('slot', (slot) => (slot < columnCount(scheme) ? slot : undefined))
}

function readBuckets(fields: JsonFields): readonly number[] {
  const buckets = fields.counts('buckets', digestBuckets)
  const wrong = buckets.find((bucket) => bucket >= digestBuckets)
  if (wrong !== undefined) throw new FrostError('protocol-error', `A message names bucket ${wrong} of a digest.`)
  return buckets
}

function parseUint32(value: number): number | undefined {
  return value <= 0xffff_ffff ? value : undefined
}

function writeFragmentId(bytes: Uint8Array, at: number, { dataId, block, column }: FragmentId): void {
  writeHex(dataId, bytes, at)
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at + 16, block, true)
  bytes[at + 20] = column
}

function readIdBytes(bytes: Uint8Array, at: number): FragmentId {
  const block = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 16, true)
  return { dataId: dataIdFromBytes(bytes.subarray(at, at + 16)), block, column: bytes[at + 20] ?? 0 }
}
