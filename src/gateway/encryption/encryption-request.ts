// What a write asks for in the way of encryption, as a face has read it from a request or from the settings of a bucket.

import { FrostError } from '../../base/errors.ts'

/** The 32 bytes that a client keeps and sends with each request. Never stored, never logged. */
export interface CustomerKey {
  readonly key: Uint8Array
  /** In base64, as the answer repeats it. */
  readonly md5: string
}

export type EncryptionRequest =
  | { readonly kind: 'sse-s3' }
  | {
      readonly kind: 'sse-kms'
      /** An id, an alias or an ARN, not looked up yet; absent: the default key. */
      readonly keyId: string | undefined
      /** As the client gave it. */
      readonly context: ReadonlyMap<string, string>
      readonly bucketKeyEnabled: boolean | undefined
    }
  | { readonly kind: 'sse-c'; readonly customerKey: CustomerKey }

/** The key that the client keeps, where there is one. */
export function keyOf(request: EncryptionRequest | undefined): CustomerKey | undefined {
  return request?.kind === 'sse-c' ? request.customerKey : undefined
}

/** A bucket's default, as `PutBucketEncryption` set it. */
export interface DefaultEncryption {
  readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  readonly kmsKeyId?: string | undefined
  readonly bucketKeyEnabled?: boolean | undefined
}

/**
 * What holds for a write: what it asks for, else the bucket's default; `undefined`: it is stored as it is.
 * @throws FrostError `encryption-unsupported`.
 */
export function withDefault(
  asked: EncryptionRequest | undefined,
  byDefault: DefaultEncryption | undefined,
): EncryptionRequest | undefined {
  if (byDefault === undefined) return asked
  const { algorithm, kmsKeyId, bucketKeyEnabled } = byDefault
  if (asked?.kind === 'sse-kms') {
    // The default's key holds for a request that names none.
    const keyId = asked.keyId ?? (algorithm === 'aws:kms' ? kmsKeyId : undefined)
    return { ...asked, keyId, bucketKeyEnabled: asked.bucketKeyEnabled ?? bucketKeyEnabled }
  }
  if (asked !== undefined) return asked
  switch (algorithm) {
    case 'AES256':
      return { kind: 'sse-s3' }
    case 'aws:kms':
      return { kind: 'sse-kms', keyId: kmsKeyId, context: new Map(), bucketKeyEnabled }
    case 'aws:kms:dsse':
      throw new FrostError('encryption-unsupported', 'The default encryption of the bucket is aws:kms:dsse.', {
        remedy: 'Set it to AES256 or aws:kms.',
      })
  }
}
