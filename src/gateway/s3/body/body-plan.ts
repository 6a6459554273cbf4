// What the headers of a request say of its body: how it is framed, how long it is, what it must turn out to be. Pure; everything that can
// be wrong before the first byte is found here. Sources: PutObject, UploadPart (Amazon S3 API Reference), "Checking object
// integrity in Amazon S3" (User Guide).

import { parseBase64 } from '../../http/base64.ts'
import { fromHex } from '../../../base/ids.ts'
import { checksumKind, checksumKindOfHeader, parseChecksum, parseChecksumAlgorithm } from '../checksums.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import { S3Error } from '../s3-error.ts'
import type { Payload } from '../signature/payload.ts'
import { invalidArgument } from '../signature/signature-errors.ts'
import type { WireHeaders } from '../signature/wire-headers.ts'

export interface BodyPlan {
  /** `aws-chunked`: frames are to be taken away. */
  readonly chunks: { readonly isSigned: boolean; readonly hasTrailer: boolean } | undefined
  /** Of the object's bytes, without frames; `undefined` where the client does not say. */
  readonly sizeBytes: number | undefined
  readonly contentMd5: Uint8Array | undefined
  /** What x-amz-content-sha256 says. */
  readonly sha256: Uint8Array | undefined
  /** The one that the client sends; its value is in the headers (`value`) or comes in a trailer. */
  readonly checksum: PlannedChecksum | undefined
  /** Content-Encoding without `aws-chunked`: what is stored. */
  readonly contentEncoding: string | undefined
}

export interface PlannedChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** `undefined`: in a trailer. */
  readonly value: Uint8Array | undefined
}

/** 5 GiB a put is the face's to check; this only keeps numbers exact. */
const digitsMax = 15

/** @throws S3Error `InvalidDigest`, `InvalidRequest`, `InvalidArgument`, `MissingContentLength`. */
export function planBody(headers: WireHeaders, payload: Payload): BodyPlan {
  const isChunked = payload.kind === 'signed-chunks' || payload.kind === 'unsigned-chunks'
  const { contentEncoding, hasAwsChunked } = splitContentEncoding(headers.get('content-encoding'))
  if (hasAwsChunked && payload.kind === 'unsigned') {
    throw invalidArgument(
      'Content-Encoding',
      headers.get('content-encoding'),
      'aws-chunked encoding is not supported when x-amz-content-sha256 UNSIGNED-PAYLOAD is supplied.',
    )
  }
  const hasTrailer = payload.kind === 'unsigned-chunks' || (payload.kind === 'signed-chunks' && payload.hasTrailer)
  return {
    chunks: isChunked ? { isSigned: payload.kind === 'signed-chunks', hasTrailer } : undefined,
    sizeBytes: isChunked ? decodedLength(headers) : plainLength(headers),
    contentMd5: parseContentMd5(headers.get('content-md5')),
    sha256: payload.kind === 'sha256' ? fromHex(payload.hex) : undefined,
    checksum: planChecksum(headers, hasTrailer),
    contentEncoding,
  }
}

function decodedLength(headers: WireHeaders): number {
  const text = headers.get('x-amz-decoded-content-length')
  if (text === undefined) throw new S3Error('MissingContentLength')
  const size = parseLength(text)
  if (size !== undefined) return size
  throw invalidArgument(
    'x-amz-decoded-content-length',
    text,
    'Value for x-amz-decoded-content-length header is not a number of bytes.',
  )
}

function plainLength(headers: WireHeaders): number | undefined {
  const text = headers.get('content-length')
  return text === undefined ? undefined : parseLength(text)
}

function parseLength(text: string): number | undefined {
  return text.length <= digitsMax && /^[0-9]+$/.test(text) ? Number(text) : undefined
}

function parseContentMd5(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined
  const md5 = parseBase64(text)
  if (md5?.length === 16) return md5
  throw new S3Error('InvalidDigest', undefined, { fields: { 'Content-MD5': text } })
}

function splitContentEncoding(text: string | undefined): {
  readonly contentEncoding: string | undefined
  readonly hasAwsChunked: boolean
} {
  if (text === undefined || !/aws-chunked/i.test(text)) return { contentEncoding: text, hasAwsChunked: false }
  const codings = text.split(',').map((coding) => coding.trim())
  const rest = codings.filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked')
  return {
    contentEncoding: rest.length === 0 ? undefined : rest.join(','),
    hasAwsChunked: codings.some((coding) => coding.toLowerCase() === 'aws-chunked'),
  }
}

/** Headers that begin as checksums do and are none. */
const otherHeaders: ReadonlySet<string> = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
])

function planChecksum(headers: WireHeaders, hasTrailer: boolean): PlannedChecksum | undefined {
  const found: PlannedChecksum[] = []
  for (const [name, text] of headers) {
    if (!name.startsWith('x-amz-checksum-') || otherHeaders.has(name)) continue
    const kind = checksumKindOfHeader(name)
    if (kind === undefined) {
      throw new S3Error('InvalidRequest', 'The algorithm type you specified in x-amz-checksum- header is invalid.')
    }
    found.push({ algorithm: kind.algorithm, value: parseChecksum(kind.algorithm, text) })
  }
  const trailer = headers.get('x-amz-trailer')
  if (hasTrailer && trailer !== undefined) found.push({ algorithm: announcedAlgorithm(trailer), value: undefined })
  if (found.length > 1) {
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  }
  const [checksum] = found
  checkSdkAlgorithm(headers.get('x-amz-sdk-checksum-algorithm'), checksum)
  return checksum
}

function announcedAlgorithm(trailer: string): ChecksumAlgorithm {
  const kind = checksumKindOfHeader(trailer.trim().toLowerCase())
  if (kind !== undefined) return kind.algorithm
  throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported')
}

function checkSdkAlgorithm(text: string | undefined, checksum: PlannedChecksum | undefined): void {
  if (text === undefined) return
  const algorithm = parseChecksumAlgorithm(text)
  if (checksum === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  }
  if (checksum.algorithm !== algorithm)
    throw new S3Error('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.')
}

/** The trailer that brings it. */
export function trailerOf({ algorithm }: PlannedChecksum): string {
  return checksumKind(algorithm).header
}
