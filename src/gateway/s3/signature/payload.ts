// What a request says of its body, in the header x-amz-content-sha256, and so how the body must be read and checked.

import { S3Error } from '../s3-error.ts'
import { invalidArgument } from './signature-errors.ts'

export type Payload =
  /** The body as it is; nothing of it is signed. */
  | { readonly kind: 'unsigned' }
  /** The body as it is; `hex`: its SHA-256. */
  | { readonly kind: 'sha256'; readonly hex: string }
  /** `aws-chunked`, each chunk signed; with a signed trailer or without. */
  | { readonly kind: 'signed-chunks'; readonly hasTrailer: boolean }
  /** `aws-chunked` with a trailer, nothing of it signed. */
  | { readonly kind: 'unsigned-chunks' }

export const unsignedPayload = 'UNSIGNED-PAYLOAD'
export const contentHashHeader = 'x-amz-content-sha256'

/** As AWS lists them. */
const words: readonly string[] = [
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
]

/** @throws S3Error `InvalidArgument`, `NotImplemented` for asymmetric signatures (V4A). */
export function parsePayload(header: string): Payload {
  switch (header) {
    case unsignedPayload:
      return { kind: 'unsigned' }
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'unsigned-chunks' }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'signed-chunks', hasTrailer: false }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'signed-chunks', hasTrailer: true }
    case 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD':
    case 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER':
      throw new S3Error(
        'NotImplemented',
        `${contentHashHeader} ${header} is not implemented here: sign chunks with AWS4-HMAC-SHA256.`,
      )
    default:
      if (/^[0-9a-f]{64}$/.test(header)) return { kind: 'sha256', hex: header }
      throw invalidArgument(
        contentHashHeader,
        header,
        `${contentHashHeader} must be ${words.join(', ')} or a valid sha256 value.`,
      )
  }
}

/**
 * Of a request that nobody signed: its body may be `aws-chunked` all the same, but there is no key to check chunks with.
 * @throws S3Error `InvalidArgument`, `NotImplemented`.
 */
export function anonymousPayload(header: string | undefined): Payload {
  const payload: Payload = header === undefined ? { kind: 'unsigned' } : parsePayload(header)
  if (payload.kind !== 'signed-chunks') return payload
  throw invalidArgument(contentHashHeader, header, 'Chunks can only be signed in a request that is signed itself.')
}
