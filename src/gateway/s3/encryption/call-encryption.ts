// What encryption means for one call: what its headers and its bucket ask for, the key that it brings, and what the answer says. The
// handlers of operations ask here, and hand what they get to `EncryptedObjects`.

import type { DefaultEncryption, CustomerKey, EncryptionRequest } from '../../encryption/encryption-request.ts'
import { withDefault } from '../../encryption/encryption-request.ts'
import type { Transform } from '../../../meta/contract/version-row.ts'
import type { BucketState } from '../bucket-cache.ts'
import { encryptionConfiguration } from '../documents/encryption-configuration.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { headerOf } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import {
  parseCustomerKey,
  parseEncryption,
  parseSourceCustomerKey,
  refuseEncryptionOfRead,
} from './encryption-headers.ts'
import type { HeaderOf, KeyTransport } from './encryption-headers.ts'

type Headers = Pick<S3Call, 'headers'>
type Transport = Pick<S3Parts, 'compute' | 'takesKeysOverHttp'>

/**
 * How what the call writes is encrypted: PutObject, POST, CreateMultipartUpload, the target of CopyObject. `undefined`: it is stored as it
 * is. @throws S3Error
 */
export function encryptionOfWrite(call: S3Call, parts: Transport): EncryptionRequest | undefined {
  const asked = parseEncryption(reading(call), transportOf(call, parts))
  if (asked?.kind === 'sse-c') refuseBlocked(call.state)
  return withDefault(asked, defaultEncryptionOf(call.state))
}

/** The key that a part, or a read, brings. @throws S3Error */
export function customerKeyOf(call: S3Call, parts: Transport): CustomerKey | undefined {
  return parseCustomerKey(reading(call), transportOf(call, parts))
}

/** As `customerKeyOf`, of GetObject and HeadObject, which take no header that asks for encryption. @throws S3Error */
export function customerKeyOfRead(call: S3Call, parts: Transport): CustomerKey | undefined {
  refuseEncryptionOfRead(reading(call))
  return customerKeyOf(call, parts)
}

/** The key of the source of CopyObject or UploadPartCopy. @throws S3Error */
export function customerKeyOfSource(call: S3Call, parts: Transport): CustomerKey | undefined {
  return parseSourceCustomerKey(reading(call), transportOf(call, parts))
}

/** Whether a copy asks for encryption, so that it changes something even where it is its own source. */
export function asksForEncryption({ headers }: Headers): boolean {
  return (
    headers['x-amz-server-side-encryption'] !== undefined ||
    headers['x-amz-server-side-encryption-customer-algorithm'] !== undefined
  )
}

/** Adds to the flat headers of an answer what it says of the encryption of a version or of a multipart upload's template. */
export function addEncryptionHeaders(
  headers: string[],
  { encrypted }: Pick<S3Parts, 'encrypted'>,
  { transform }: { readonly transform?: Transform | undefined },
  customerKey?: CustomerKey,
): void {
  if (transform === undefined) return
  for (const [name, value] of Object.entries(encrypted.answerHeaders(transform, customerKey))) headers.push(name, value)
}

/** `undefined`: what a request does not say is stored as it is. */
export function defaultEncryptionOf(state: BucketState | undefined): DefaultEncryption | undefined {
  const [rule] = state?.setting('encryption', encryptionConfiguration)?.rules ?? []
  if (rule?.byDefault === undefined) return undefined
  return { ...rule.byDefault, bucketKeyEnabled: rule.bucketKeyEnabled }
}

/** @throws S3Error `AccessDenied`. */
function refuseBlocked(state: BucketState | undefined): void {
  const rules = state?.setting('encryption', encryptionConfiguration)?.rules ?? []
  if (!rules.some(({ blockedEncryptionTypes }) => blockedEncryptionTypes?.includes('SSE-C') === true)) return
  throw new S3Error('AccessDenied', 'The bucket takes no object that is encrypted with a key of its customer (SSE-C).')
}

function reading({ headers }: Headers): HeaderOf {
  return (name) => headerOf(headers, name)
}

function transportOf(call: S3Call, parts: Transport): KeyTransport {
  return new CallTransport(call, parts)
}

/** Asked only where a key comes: few requests bring one. */
class CallTransport implements KeyTransport {
  readonly #call: S3Call
  readonly #parts: Transport

  constructor(call: S3Call, parts: Transport) {
    this.#call = call
    this.#parts = parts
  }

  get compute(): KeyTransport['compute'] {
    return this.#parts.compute
  }

  get isPrivate(): boolean {
    return this.#parts.takesKeysOverHttp || this.#call.exchange.isSecure
  }
}
