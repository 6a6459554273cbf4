// What a worker tells when metadata is rebuilt from the workers alone: which fragments it holds of a group, and which groups it has
// adopted, each by pages in their order. Byte by byte in docs/design/messages.md.

import { FrostError } from '../../base/errors.ts'
import { dataIdFromBytes, parseDataId, parseGroupId, writeHex } from '../../base/ids.ts'
import type { DataId, GroupId } from '../../base/ids.ts'
import { JsonFields, encodeJson } from './json-fields.ts'
import { groupsPerMessage } from './membership.ts'

/** A fragment of a group that goes without saying. */
interface HeldPlace {
  readonly dataId: DataId
  readonly block: number
  readonly column: number
}

export interface HeldRecord extends HeldPlace {
  readonly recordBytes: number
}

export interface ListHeldRequest {
  readonly group: GroupId
  /** Fragments after this one; absent: from the first. */
  readonly after?: HeldPlace
  readonly limit: number
}

export interface AdoptedGroupsRequest {
  /** Groups above this one; absent: from the first. */
  readonly after?: GroupId
  readonly limit: number
}

/** Fragments in one answer. */
export const heldPerPage = 10_000
const heldBytes = 25

export function encodeListHeld(request: ListHeldRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeListHeld(bytes: Uint8Array): ListHeldRequest {
  const fields = JsonFields.decode('list held', bytes)
  const group = fields.parsedCount('group', parseGroupId)
  const limit = readLimit(fields, heldPerPage)
  if (!fields.has('after')) return { group, limit }
  const after = new JsonFields('held fragment', fields.object('after'))
  const place = {
    dataId: after.parsed('dataId', parseDataId),
    block: after.parsedCount('block', (value) => (value <= 0xffff_ffff ? value : undefined)),
    column: after.parsedCount('column', (value) => (value <= 0xff ? value : undefined)),
  }
  return { group, after: place, limit }
}

export function encodeHeld(held: readonly HeldRecord[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(held.length * heldBytes)
  const view = new DataView(bytes.buffer)
  for (const [index, { dataId, block, column, recordBytes }] of held.entries()) {
    const at = index * heldBytes
    writeHex(dataId, bytes, at)
    view.setUint32(at + 16, block, true)
    view.setUint8(at + 20, column)
    view.setUint32(at + 21, recordBytes, true)
  }
  return bytes
}

export function decodeHeld(bytes: Uint8Array): readonly HeldRecord[] {
  if (bytes.length % heldBytes !== 0 || bytes.length > heldPerPage * heldBytes)
    throw new FrostError('protocol-error', `A page of fragments has ${bytes.length} bytes.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const held: HeldRecord[] = []
  for (let at = 0; at < bytes.length; at += heldBytes) {
    const dataId = dataIdFromBytes(bytes.subarray(at, at + 16))
    held.push({
      dataId,
      block: view.getUint32(at + 16, true),
      column: view.getUint8(at + 20),
      recordBytes: view.getUint32(at + 21, true),
    })
  }
  return held
}

export function encodeAdoptedGroups(request: AdoptedGroupsRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeAdoptedGroups(bytes: Uint8Array): AdoptedGroupsRequest {
  const fields = JsonFields.decode('adopted groups', bytes)
  const limit = readLimit(fields, groupsPerMessage)
  return fields.has('after') ? { after: fields.parsedCount('after', parseGroupId), limit } : { limit }
}

/** At least one, so that whoever asks page by page comes to an end. */
function readLimit(fields: JsonFields, max: number): number {
  return Math.min(
    fields.parsedCount('limit', (value) => (value >= 1 ? value : undefined)),
    max,
  )
}
