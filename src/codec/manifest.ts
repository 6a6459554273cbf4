// The manifest: what every fragment of a file's last block says about the file, so that lost metadata can be rebuilt from the
// workers alone. An extensible typed map; the format is in docs/design/record-format.md.
//
//     version u16 | fields, tags strictly ascending: tag u16 | type u8 | length u32 | value
//
// Fields that this version does not know are kept and written again, so a newer version's manifest survives an older one's
// repair. The record's header checksum covers the manifest; decoding still trusts nothing and keeps to limits.

import { FrostError } from '../base/errors.ts'
import { dataIdFromBytes, parseGroupId, parseVersionId, writeHex } from '../base/ids.ts'
import type { DataId, GroupId, VersionId } from '../base/ids.ts'
import { chunkSizeBytesMax, chunkSizeBytesMin, columnsMax } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'
import { FieldWriter, decodeFields, decodeText, decodeTextMap, readNumber, writeNumber } from './typed-fields.ts'
import type { Field } from './typed-fields.ts'
import { manifestBytesMax } from './record.ts'
import type { DamageCode } from './record.ts'

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

export interface Manifest {
  readonly bucket: string
  readonly key: string
  readonly versionId: VersionId
  /** The version goes by its id: its bucket's versioning was enabled when the upload ended. */
  readonly versioned?: true
  readonly extents: readonly ManifestExtent[]
  /** The sequence of the key's head row when the upload began. */
  readonly headSequence: number
  /**
   * The number of the last change of metadata that was seen when the upload began: orders versions after a rebuild, also across
   * deletions of the key, with which its sequence begins anew.
   */
  readonly seenSequence?: number
  /** CRC-32 of all the file's bytes before its last block; with the checks of that block, the file's. */
  readonly crcBefore?: number
  /** As the client sees it. */
  readonly sizeBytes: number
  /** As it is stored, where a transform changed it. */
  readonly storedSizeBytes?: number
  readonly contentType?: string
  readonly etag?: string
  /** Algorithm to value. */
  readonly checksums?: ReadonlyMap<string, string>
  readonly userMetadata?: ReadonlyMap<string, string>
  /** How the stored bytes become the client's; opaque here. */
  readonly transform?: Uint8Array
  /** Fields of a newer version, as they were; their tags are above all known ones. */
  readonly unknownFields?: readonly Field[]
}

const version = 1

const tags = {
  bucket: 1,
  key: 2,
  versionId: 3,
  extents: 4,
  headSequence: 5,
  sizeBytes: 6,
  storedSizeBytes: 7,
  contentType: 8,
  etag: 9,
  checksums: 10,
  userMetadata: 11,
  transform: 12,
  seenSequence: 13,
  crcBefore: 14,
  versioned: 15,
} as const

const types = { bytes: 1, text: 2, number: 3, textMap: 4, extents: 5 } as const

const knownTags: ReadonlySet<number> = new Set(Object.values(tags))
const extentBytes = 52

/** @throws FrostError `bad-request` where the result would be longer than a manifest can be. */
export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const { storedSizeBytes, contentType, etag, checksums, userMetadata, transform } = manifest
  const { seenSequence, crcBefore, unknownFields } = manifest
  const writer = new FieldWriter(version)
  writer.text(tags.bucket, types.text, manifest.bucket)
  writer.text(tags.key, types.text, manifest.key)
  writer.text(tags.versionId, types.text, manifest.versionId)
  writer.bytes(tags.extents, types.extents, encodeExtents(manifest.extents))
  writer.number(tags.headSequence, types.number, manifest.headSequence)
  writer.number(tags.sizeBytes, types.number, manifest.sizeBytes)
  if (storedSizeBytes !== undefined) writer.number(tags.storedSizeBytes, types.number, storedSizeBytes)
  if (contentType !== undefined) writer.text(tags.contentType, types.text, contentType)
  if (etag !== undefined) writer.text(tags.etag, types.text, etag)
  if (checksums !== undefined) writer.textMap(tags.checksums, types.textMap, checksums)
  if (userMetadata !== undefined) writer.textMap(tags.userMetadata, types.textMap, userMetadata)
  if (transform !== undefined) writer.bytes(tags.transform, types.bytes, transform)
  if (seenSequence !== undefined) writer.number(tags.seenSequence, types.number, seenSequence)
  if (crcBefore !== undefined) writer.number(tags.crcBefore, types.number, crcBefore)
  if (manifest.versioned === true) writer.number(tags.versioned, types.number, 1)
  for (const { tag, type, value } of unknownFields ?? []) writer.bytes(tag, type, value)
  const bytes = writer.finish()
  if (bytes.length > manifestBytesMax) {
    throw new FrostError(
      'bad-request',
      `The description of "${manifest.key}" is longer than ${manifestBytesMax} bytes.`,
      {
        remedy: 'Use fewer parts or less metadata.',
      },
    )
  }
  return bytes
}

/**
 * The result holds views of `bytes` for opaque fields.
 * @throws FrostError `code`
 */
export function decodeManifest(bytes: Uint8Array, code: DamageCode): Manifest {
  if (bytes.length > manifestBytesMax) throw new FrostError(code, `a manifest of ${bytes.length} bytes`)
  const decoder = new ManifestDecoder(bytes, code)
  const versionId = parseVersionId(decoder.text(tags.versionId))
  if (versionId === undefined) throw new FrostError(code, 'the version id of a manifest is not one')
  const optional = {
    storedSizeBytes: decoder.optional(tags.storedSizeBytes, (tag) => decoder.number(tag)),
    contentType: decoder.optional(tags.contentType, (tag) => decoder.text(tag)),
    etag: decoder.optional(tags.etag, (tag) => decoder.text(tag)),
    checksums: decoder.optional(tags.checksums, (tag) => decoder.textMap(tag)),
    userMetadata: decoder.optional(tags.userMetadata, (tag) => decoder.textMap(tag)),
    transform: decoder.optional(tags.transform, (tag) => decoder.value(tag, types.bytes)),
    seenSequence: decoder.optional(tags.seenSequence, (tag) => decoder.number(tag)),
    crcBefore: decoder.optional(tags.crcBefore, (tag) => decoder.number(tag)),
    versioned: decoder.optional(tags.versioned, (tag) => decoder.number(tag)),
  }
  if (optional.crcBefore !== undefined && optional.crcBefore > 0xffff_ffff)
    throw new FrostError(code, 'the CRC-32 of a manifest has more than 32 bits')
  const unknownFields = decoder.unknownFields()
  return {
    bucket: decoder.text(tags.bucket),
    key: decoder.text(tags.key),
    versionId,
    extents: decodeExtents(decoder.value(tags.extents, types.extents), code),
    headSequence: decoder.number(tags.headSequence),
    sizeBytes: decoder.number(tags.sizeBytes),
    ...(optional.storedSizeBytes === undefined ? {} : { storedSizeBytes: optional.storedSizeBytes }),
    ...(optional.contentType === undefined ? {} : { contentType: optional.contentType }),
    ...(optional.etag === undefined ? {} : { etag: optional.etag }),
    ...(optional.checksums === undefined ? {} : { checksums: optional.checksums }),
    ...(optional.userMetadata === undefined ? {} : { userMetadata: optional.userMetadata }),
    ...(optional.transform === undefined ? {} : { transform: optional.transform }),
    ...(optional.seenSequence === undefined ? {} : { seenSequence: optional.seenSequence }),
    ...(optional.crcBefore === undefined ? {} : { crcBefore: optional.crcBefore }),
    ...(optional.versioned === 1 ? { versioned: true as const } : {}),
    ...(unknownFields.length === 0 ? {} : { unknownFields }),
  }
}

class ManifestDecoder {
  readonly #code: DamageCode
  readonly #fields: ReadonlyMap<number, Field>

  constructor(bytes: Uint8Array, code: DamageCode) {
    this.#code = code
    this.#fields = decodeFields(version, bytes, code)
  }

  optional<T>(tag: number, decode: (tag: number) => T): T | undefined {
    return this.#fields.has(tag) ? decode(tag) : undefined
  }

  value(tag: number, type: number): Uint8Array {
    const field = this.#fields.get(tag)
    if (field?.type !== type)
      throw new FrostError(this.#code, `field ${tag} of a manifest is missing or of another type`)
    return field.value
  }

  text(tag: number): string {
    return decodeText(this.value(tag, types.text), this.#code)
  }

  number(tag: number): number {
    const value = this.value(tag, types.number)
    if (value.length !== 8) throw new FrostError(this.#code, `a number of ${value.length} bytes`)
    return readNumber(new DataView(value.buffer, value.byteOffset, 8), 0, this.#code)
  }

  textMap(tag: number): ReadonlyMap<string, string> {
    return decodeTextMap(this.value(tag, types.textMap), this.#code)
  }

  unknownFields(): readonly Field[] {
    return [...this.#fields.values()].filter((field) => !knownTags.has(field.tag))
  }
}

function encodeExtents(extents: readonly ManifestExtent[]): Uint8Array {
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

function decodeExtents(bytes: Uint8Array, code: DamageCode): readonly ManifestExtent[] {
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
