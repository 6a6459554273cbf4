// Continuation tokens: where the next page of a listing begins, sealed, so that only what this cluster gave out is taken. Opaque to
// clients, and good at every process and master of the cluster.

import type { Compute } from '../../ports/compute.ts'
import { S3Error } from './s3-error.ts'

const sealBytes = 12
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export interface TokenParts {
  readonly compute: Pick<Compute, 'hmacSha256' | 'equalsConstantTime'>
  readonly tokenKey: Uint8Array
}

/** `scope`: what is listed; a token of one is not taken for another. */
export function makePageToken({ compute, tokenKey }: TokenParts, scope: string, after: string): string {
  const place = encoder.encode(after)
  const token = new Uint8Array(sealBytes + place.length)
  token.set(sealOf(compute, tokenKey, `${scope}\0${after}`))
  token.set(place, sealBytes)
  return Buffer.from(token).toString('base64url')
}

/** @throws S3Error `InvalidArgument`. */
export function readPageToken({ compute, tokenKey }: TokenParts, scope: string, token: string): string {
  const bytes = Buffer.from(token, 'base64url')
  const after = bytes.length < sealBytes ? undefined : decode(bytes.subarray(sealBytes))
  if (after !== undefined) {
    const seal = sealOf(compute, tokenKey, `${scope}\0${after}`)
    if (compute.equalsConstantTime(seal, bytes.subarray(0, sealBytes))) return after
  }
  throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
    fields: { ArgumentName: 'continuation-token' },
  })
}

function sealOf(compute: TokenParts['compute'], key: Uint8Array, text: string): Uint8Array {
  return compute.hmacSha256(key, encoder.encode(text)).subarray(0, sealBytes)
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
