// Checksums of objects as S3 names, writes and combines them: which algorithms there are, in which of the two types a
// multipart upload may have each, and how the whole's comes from its parts'. Pure; what computes them is `Compute.createDigest`.
//
// FULL_OBJECT is the checksum of all bytes; only CRCs can be combined to it. COMPOSITE is the checksum of the parts'
// checksums one after the other, written with the number of parts: `base64-N`. An object put at once is always
// FULL_OBJECT. Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3"; API reference, CreateMultipartUpload.

import { assert } from '../../base/assert.ts'
import { toHex } from '../../base/ids.ts'
import { combineCrc } from '../../codec/combine-crc.ts'
import type { Checksum } from '../../meta/contract/version-row.ts'
import type { Compute } from '../../ports/compute.ts'
import { formatBase64, parseBase64 } from '../http/base64.ts'
import { S3Error } from './s3-error.ts'

export type ChecksumAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256'
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

export interface ChecksumKind {
  readonly algorithm: ChecksumAlgorithm
  /** In `x-amz-checksum-algorithm`, `x-amz-sdk-checksum-algorithm` and <ChecksumAlgorithm>. */
  readonly name: string
  /** Of a request and of its answer, in lower case; also as a trailer. */
  readonly header: string
  /** In documents. */
  readonly element: string
  readonly lengthBytes: number
  /** Of a multipart upload; the first is the one where none is asked for. */
  readonly multipartTypes: readonly ChecksumType[]
}

const kinds = {
  crc32: kind('crc32', 4, ['COMPOSITE', 'FULL_OBJECT']),
  crc32c: kind('crc32c', 4, ['COMPOSITE', 'FULL_OBJECT']),
  crc64nvme: kind('crc64nvme', 8, ['FULL_OBJECT']),
  sha1: kind('sha1', 20, ['COMPOSITE']),
  sha256: kind('sha256', 32, ['COMPOSITE']),
} as const satisfies Record<ChecksumAlgorithm, ChecksumKind>

function kind(
  algorithm: ChecksumAlgorithm,
  lengthBytes: number,
  multipartTypes: readonly ChecksumType[],
): ChecksumKind {
  const name = algorithm.toUpperCase()
  return {
    algorithm,
    name,
    header: `x-amz-checksum-${algorithm}`,
    element: `Checksum${name}`,
    lengthBytes,
    multipartTypes,
  }
}

export const checksumKinds: readonly ChecksumKind[] = Object.values(kinds)

/** What S3 computes where the client sends and names none. */
export const defaultChecksumAlgorithm = 'crc64nvme' satisfies ChecksumAlgorithm

export function checksumKind(algorithm: ChecksumAlgorithm): ChecksumKind {
  return kinds[algorithm]
}

/** `header`: in lower case. `undefined`: it is not one of a checksum. */
export function checksumKindOfHeader(header: string): ChecksumKind | undefined {
  return checksumKinds.find((candidate) => candidate.header === header)
}

/** As a stored `Checksum` names it. `undefined`: one that S3 does not have. */
export function checksumKindOf(algorithm: string): ChecksumKind | undefined {
  return checksumKinds.find((candidate) => candidate.algorithm === algorithm)
}

/** The value of `x-amz-checksum-algorithm` or `x-amz-sdk-checksum-algorithm`, in any case. @throws S3Error `InvalidRequest`. */
export function parseChecksumAlgorithm(text: string): ChecksumAlgorithm {
  const found = checksumKinds.find(({ name }) => name === text.toUpperCase())
  if (found !== undefined) return found.algorithm
  const names = checksumKinds.map(({ name }) => name).join(', ')
  throw new S3Error(
    'InvalidRequest',
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${names}]`,
  )
}

/**
 * The type of a multipart upload's checksum: `asked` is the value of `x-amz-checksum-type`.
 * @throws S3Error `InvalidRequest`: there is no such type, or the algorithm does not allow it.
 */
export function chooseChecksumType(algorithm: ChecksumAlgorithm, asked: string | undefined): ChecksumType {
  const { name, multipartTypes } = kinds[algorithm]
  const type = asked ?? multipartTypes[0]
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw new S3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.')
  }
  if (multipartTypes.includes(type)) return type
  throw new S3Error(
    'InvalidRequest',
    `The ${type} checksum type cannot be used with the ${name.toLowerCase()} checksum algorithm.`,
  )
}

/** A checksum of bytes as it stands in a header, a trailer or a document. @throws S3Error `InvalidRequest`. */
export function parseChecksum(algorithm: ChecksumAlgorithm, text: string): Uint8Array<ArrayBuffer> {
  const { header, lengthBytes } = kinds[algorithm]
  const value = parseBase64(text)
  if (value?.length === lengthBytes) return value
  throw new S3Error('InvalidRequest', `Value for ${header} header is invalid.`)
}

/**
 * The checksum of a whole object as a client claims it when it completes an upload; a composite one may come with its number
 * of parts, which is not checked here, or without. @throws S3Error `InvalidRequest`.
 */
export function parseObjectChecksum(
  algorithm: ChecksumAlgorithm,
  text: string,
): { readonly value: Uint8Array<ArrayBuffer>; readonly parts: number | undefined } {
  const [, encoded = text, count] = /^([^-]*)-([1-9]\d{0,4})$/.exec(text) ?? []
  return { value: parseChecksum(algorithm, encoded), parts: count === undefined ? undefined : Number(count) }
}

/** As it stands in a header or document. `parts`: of the object, for a composite one. */
export function formatChecksum({ value, composite }: Checksum, parts: number): string {
  return composite === true ? `${formatBase64(value)}-${parts}` : formatBase64(value)
}

export function checksumTypeOf({ composite }: Checksum): ChecksumType {
  return composite === true ? 'COMPOSITE' : 'FULL_OBJECT'
}

export interface PartChecksum {
  readonly value: Uint8Array
  /** Of the part, in bytes as the client sees them. */
  readonly length: number
}

/** The checksum of a multipart object from those of its parts, in the order of their numbers; at least one part. */
export function multipartChecksum(
  compute: Compute,
  how: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType },
  parts: readonly PartChecksum[],
): Checksum {
  const { algorithm, type } = how
  const [first, ...rest] = parts
  assert(first !== undefined, 'a multipart object has a part')
  if (type === 'COMPOSITE') {
    const values = parts.map(({ value }) => value)
    return { algorithm, value: digestOf(compute, algorithm, values), composite: true }
  }
  assert(algorithm !== 'sha1' && algorithm !== 'sha256', 'only CRCs combine to that of the whole')
  const value = rest.reduce((left, part) => combineCrc(algorithm, left, part.value, part.length), first.value)
  return { algorithm, value }
}

/** The ETag of a multipart object, without quotes, from its parts' MD5s in the order of their numbers. */
export function multipartEtag(compute: Compute, md5s: readonly Uint8Array[]): string {
  const digest = digestOf(compute, 'md5', md5s)
  return `${toHex(digest)}-${md5s.length}`
}

function digestOf(
  compute: Compute,
  algorithm: ChecksumAlgorithm | 'md5',
  values: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const digest = compute.createDigest(algorithm)
  for (const value of values) digest.update(value)
  return digest.digest()
}
