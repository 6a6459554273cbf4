// The two long lists of a manifest: the extents of a file, and the parts of the multipart upload that it was. Formats:
// docs/design/record-format.md.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { dataIdFromBytes, parseGroupId, writeHex } from '../base/ids.ts'
import type { DataId, GroupId } from '../base/ids.ts'
import { chunkSizeBytesMax, chunkSizeBytesMin, columnsMax } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'
import type { DamageCode } from './record.ts'
import { readNumber, writeNumber } from './typed-fields.ts'

/** A run of one data id's bytes. */
export interface ManifestExtent {
  readonly group: GroupId
  readonly dataId: DataId
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  /** All bytes under the data id. */
  readonly dataLengthBytes: number
  /** The part of them that belongs to the file. */
  readonly offset: number
  readonly length: number
}

export interface ManifestPart {
  readonly number: number
  readonly length: number
}

const extentBytes = 52
/** At most 3 bytes for a number, 8 for a length. */
const partBytesMax = 11

export function encodeExtents(extents: readonly ManifestExtent[]): Uint8Array {
  const bytes = new Uint8Array(extents.length * extentBytes)
  const view = new DataView(bytes.buffer)
  for (const [index, extent] of extents.entries()) {
    const at = index * extentBytes
    writeHex(extent.dataId, bytes, at)
    view.setUint32(at + 16, extent.group, true)
    view.setUint8(at + 20, extent.scheme.dataColumns)
    view.setUint8(at + 21, extent.scheme.parityColumns)
    view.setUint32(at + 24, extent.chunkSizeBytes, true)
    writeNumber(view, at + 28, extent.dataLengthBytes)
    writeNumber(view, at + 36, extent.offset)
    writeNumber(view, at + 44, extent.length)
  }
  return bytes
}

export function decodeExtents(bytes: Uint8Array, code: DamageCode): readonly ManifestExtent[] {
  if (bytes.length % extentBytes !== 0) throw new FrostError(code, `extents of ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const extents: ManifestExtent[] = []
  for (let at = 0; at < bytes.length; at += extentBytes) {
    const group = parseGroupId(view.getUint32(at + 16, true))
    const scheme = { dataColumns: view.getUint8(at + 20), parityColumns: view.getUint8(at + 21) }
    const { dataColumns: k, parityColumns: m } = scheme
    const chunkSizeBytes = view.getUint32(at + 24, true)
    const dataLengthBytes = readNumber(view, at + 28, code)
    const offset = readNumber(view, at + 36, code)
    const length = readNumber(view, at + 44, code)
    const isChunkSize = chunkSizeBytes >= chunkSizeBytesMin && chunkSizeBytes <= chunkSizeBytesMax
    const isScheme = k >= 1 && m >= 1 && k + m <= columnsMax && view.getUint16(at + 22, true) === 0
    if (group === undefined || !isScheme || !isChunkSize || offset + length > dataLengthBytes) {
      throw new FrostError(code, `extent ${extents.length} of a manifest contradicts itself`)
    }
    const dataId = dataIdFromBytes(bytes.subarray(at, at + 16))
    extents.push({ group, dataId, scheme, chunkSizeBytes, dataLengthBytes, offset, length })
  }
  return extents
}

/** Each by how much its number is above the one before, and its length; both as varints, so that 10,000 parts take 80 KB at most. */
export function encodeParts(parts: readonly ManifestPart[]): Uint8Array {
  const bytes = new Uint8Array(parts.length * partBytesMax)
  let at = 0
  let before = 0
  const write = (value: number): void => {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = 0x80 | (rest % 0x80)
    bytes[at++] = rest
  }
  for (const { number, length } of parts) {
    assert(number > before && number <= 0xffff, 'numbers of parts ascend')
    write(number - before)
    write(length)
    before = number
  }
  return bytes.subarray(0, at)
}

export function decodeParts(bytes: Uint8Array, code: DamageCode): readonly ManifestPart[] {
  const parts: ManifestPart[] = []
  let at = 0
  const read = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++]
      if (byte === undefined) throw new FrostError(code, 'the parts of a manifest end early')
      value += (byte % 0x80) * scale
      if (!Number.isSafeInteger(value)) throw new FrostError(code, 'a part of a manifest is too long')
      if (byte < 0x80) return value
    }
  }
  let number = 0
  while (at < bytes.length) {
    const step = read()
    number += step
    if (step === 0 || number > 0xffff) throw new FrostError(code, 'the parts of a manifest are not in order')
    parts.push({ number, length: read() })
  }
  return parts
}
