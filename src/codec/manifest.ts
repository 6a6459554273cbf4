// The manifest: what every fragment of a file's last block says about the file, so that lost metadata can be rebuilt from the
// workers alone. An extensible typed map; the format is in docs/design/record-format.md.
//
//     version u16 | fields, tags strictly ascending: tag u16 | type u8 | length u32 | value
//
// Fields that this version does not know are kept and written again, so a newer version's manifest survives an older one's
// repair. The record's header checksum covers the manifest; decoding still trusts nothing and keeps to limits.

import { FrostError } from '../base/errors.ts'
import { parseVersionId } from '../base/ids.ts'
import type { VersionId } from '../base/ids.ts'
import { decodeExtents, decodeParts, encodeExtents, encodeParts } from './manifest-lists.ts'
import type { ManifestExtent, ManifestPart } from './manifest-lists.ts'
import { FieldWriter, decodeFields, decodeText, decodeTextMap, readNumber } from './typed-fields.ts'
import type { Field } from './typed-fields.ts'
import { manifestBytesMax } from './record.ts'
import type { DamageCode } from './record.ts'

export interface Manifest {
  readonly bucket: string
  readonly key: string
  readonly versionId: VersionId
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
  /** Algorithm to value in hex digits; `composite:` before the algorithm where it is one over the parts' checksums. */
  readonly checksums?: ReadonlyMap<string, string>
  readonly userMetadata?: ReadonlyMap<string, string>
  /** How the stored bytes become the client's; opaque here. */
  readonly transform?: Uint8Array
  /** CRC-32 of the whole file as the client sees it, where that is not what `crcBefore` and the last block give: it was transformed. */
  readonly crc32?: number
  readonly owner?: string
  readonly headers?: ReadonlyMap<string, string>
  readonly tags?: ReadonlyMap<string, string>
  /** `mode`, `retainUntilMs` and `legalHold`, each where it is set. */
  readonly lock?: ReadonlyMap<string, string>
  /** The version goes by its id. */
  readonly versioned?: true
  /** Name to value in hex digits. */
  readonly extra?: ReadonlyMap<string, string>
  /** Of a multipart upload that was completed: number and length of each, as the client sees it; numbers ascend. */
  readonly parts?: readonly ManifestPart[]
  /** It is no file but a part of this multipart upload. */
  readonly partOf?: { readonly upload: VersionId; readonly number: number }
  /** The file's extents are all those of the manifest at the end of this data id; `extents` then holds this record alone. */
  readonly extentsOf?: ManifestExtent
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
  owner: 16,
  headers: 17,
  tags: 18,
  lock: 19,
  crc32: 20,
  extra: 21,
  parts: 22,
  upload: 23,
  partNumber: 24,
  extentsOf: 25,
} as const

const types = { bytes: 1, text: 2, number: 3, textMap: 4, extents: 5, parts: 6 } as const

const knownTags: ReadonlySet<number> = new Set(Object.values(tags))

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
  writeObjectFields(writer, manifest)
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

/** What the plain REST API does not set. */
function writeObjectFields(writer: FieldWriter, manifest: Manifest): void {
  const { crc32, owner, headers, tags: fileTags, lock, versioned, extra, parts, partOf, extentsOf } = manifest
  if (versioned === true) writer.number(tags.versioned, types.number, 1)
  if (owner !== undefined) writer.text(tags.owner, types.text, owner)
  if (headers !== undefined) writer.textMap(tags.headers, types.textMap, headers)
  if (fileTags !== undefined) writer.textMap(tags.tags, types.textMap, fileTags)
  if (lock !== undefined) writer.textMap(tags.lock, types.textMap, lock)
  if (crc32 !== undefined) writer.number(tags.crc32, types.number, crc32)
  if (extra !== undefined) writer.textMap(tags.extra, types.textMap, extra)
  if (parts !== undefined) writer.bytes(tags.parts, types.parts, encodeParts(parts))
  if (partOf !== undefined) writer.text(tags.upload, types.text, partOf.upload)
  if (partOf !== undefined) writer.number(tags.partNumber, types.number, partOf.number)
  if (extentsOf !== undefined) writer.bytes(tags.extentsOf, types.extents, encodeExtents([extentsOf]))
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
  }
  if (optional.crcBefore !== undefined && optional.crcBefore > 0xffff_ffff)
    throw new FrostError(code, 'the CRC-32 of a manifest has more than 32 bits')
  const unknownFields = decoder.unknownFields()
  const objectFields = readObjectFields(decoder, code)
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
    ...objectFields,
    ...(unknownFields.length === 0 ? {} : { unknownFields }),
  }
}

function readObjectFields(decoder: ManifestDecoder, code: DamageCode): Partial<Manifest> {
  const text = (tag: number): string => decoder.text(tag)
  const textMap = (tag: number): ReadonlyMap<string, string> => decoder.textMap(tag)
  const crc32 = decoder.optional(tags.crc32, (tag) => decoder.number(tag))
  if (crc32 !== undefined && crc32 > 0xffff_ffff)
    throw new FrostError(code, 'the CRC-32 of a manifest has more than 32 bits')
  const owner = decoder.optional(tags.owner, text)
  const headers = decoder.optional(tags.headers, textMap)
  const fileTags = decoder.optional(tags.tags, textMap)
  const lock = decoder.optional(tags.lock, textMap)
  const versioned = decoder.optional(tags.versioned, (tag) => decoder.number(tag))
  const extra = decoder.optional(tags.extra, textMap)
  const parts = decoder.optional(tags.parts, (tag) => decodeParts(decoder.value(tag, types.parts), code))
  const upload = decoder.optional(tags.upload, text)
  const of = decoder.optional(tags.extentsOf, (tag) => decodeExtents(decoder.value(tag, types.extents), code))
  const [extentsOf] = of ?? []
  if (of !== undefined && of.length !== 1) throw new FrostError(code, 'a manifest names several lists of extents')
  return {
    ...(crc32 === undefined ? {} : { crc32 }),
    ...(owner === undefined ? {} : { owner }),
    ...(headers === undefined ? {} : { headers }),
    ...(fileTags === undefined ? {} : { tags: fileTags }),
    ...(lock === undefined ? {} : { lock }),
    ...(versioned === 1 ? { versioned: true } : {}),
    ...(extra === undefined ? {} : { extra }),
    ...(parts === undefined ? {} : { parts }),
    ...(upload === undefined ? {} : { partOf: readPartOf(decoder, upload, code) }),
    ...(extentsOf === undefined ? {} : { extentsOf }),
  }
}

function readPartOf(decoder: ManifestDecoder, text: string, code: DamageCode): NonNullable<Manifest['partOf']> {
  const upload = parseVersionId(text)
  if (upload === undefined) throw new FrostError(code, 'the upload of a part is not one')
  return { upload, number: decoder.number(tags.partNumber) }
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
