// Encryption of objects, as the calls of the face use it: what a write asks for (its headers, else the bucket's default) becomes a data
// key and an upload that encrypts; what a read shows opens the data key, and a reader that decrypts. An object that nobody asked to
// encrypt goes past all of it.

import type { ObjectInfo, ObjectReader, ObjectUpload } from '../../master/object-service.ts'
import type { Transform } from '../../meta/contract/version-row.ts'
import { isLoopbackName } from '../http/origin-guard.ts'
import { encryptionConfiguration } from './documents/encryption-configuration.ts'
import { DecryptingReader } from './encryption/decrypting-reader.ts'
import type { StoredReader } from './encryption/decrypting-reader.ts'
import { EncryptingUpload } from './encryption/encrypting-upload.ts'
import type { EncryptionPorts } from './encryption/encrypting-upload.ts'
import {
  parseCustomerKey,
  parseEncryption,
  parseSourceCustomerKey,
  refuseEncryptionOfRead,
  withDefault,
} from './encryption/encryption-headers.ts'
import type { CustomerKey, EncryptionRequest, HeaderOf, KeyTransport } from './encryption/encryption-headers.ts'
import { layoutOf } from './encryption/object-encryption.ts'
import type { NewEncryption, ObjectEncryption } from './encryption/object-encryption.ts'
import type { S3Call, S3Parts } from './s3-call.ts'
import { headerOf } from './s3-call.ts'
import { S3Error } from './s3-error.ts'

export interface S3Encryption {
  readonly objects: ObjectEncryption
  readonly ports: EncryptionPorts
}

type CryptoParts = Pick<S3Parts, 'encryption' | 'compute'>

/** What a write asks for, or the bucket by default. `undefined`: it is stored as it is. @throws S3Error. */
export function encryptionRequestOf(call: S3Call, parts: CryptoParts): EncryptionRequest | undefined {
  const asked = parseEncryption(headerReader(call), transportOf(call, parts))
  const rule = call.state?.setting('encryption', encryptionConfiguration)?.rules[0]
  const byDefault = rule?.byDefault
  if (byDefault === undefined) return asked
  return withDefault(asked, { ...byDefault, bucketKeyEnabled: rule?.bucketKeyEnabled })
}

/** A data key for a new object or multipart upload. `undefined`: it is not encrypted. @throws S3Error. */
export async function beginEncryption(
  call: S3Call,
  parts: CryptoParts,
  layout: 'whole' | 'parts',
): Promise<NewEncryption | undefined> {
  const request = encryptionRequestOf(call, parts)
  if (request === undefined) return undefined
  const { bucket, key } = call
  return await needed(parts).objects.begin({ bucket, key }, request, layout)
}

/** `part`: 0 for an object that is put at once. */
export function encryptingUpload<Result>(
  parts: CryptoParts,
  upload: ObjectUpload<Result>,
  stream: { readonly dataKey: Uint8Array; readonly part: number } | undefined,
): ObjectUpload<Result> {
  return stream === undefined ? upload : new EncryptingUpload(needed(parts).ports, upload, stream)
}

/** Of a part: that of its upload. @throws S3Error `InvalidRequest`. */
export async function uploadDataKey(
  call: S3Call,
  parts: CryptoParts,
  transform: Transform | undefined,
): Promise<Uint8Array | undefined> {
  const customerKey = parseCustomerKey(headerReader(call), transportOf(call, parts))
  if (transform === undefined && customerKey === undefined) return undefined
  const { bucket, key } = call
  return await needed(parts).objects.dataKeyOfUpload({ bucket, key, transform }, customerKey)
}

/** Of what is read; `isSource`: of a copy. `undefined`: it is not encrypted. @throws S3Error `InvalidRequest`, `AccessDenied`. */
export async function dataKeyOf(
  call: S3Call,
  parts: CryptoParts,
  info: ObjectInfo,
  isSource = false,
): Promise<Uint8Array | undefined> {
  const header = headerReader(call)
  const transport = transportOf(call, parts)
  if (!isSource) refuseEncryptionOfRead(header)
  const customerKey = isSource ? parseSourceCustomerKey(header, transport) : parseCustomerKey(header, transport)
  if (info.transform === undefined && customerKey === undefined) return undefined
  return await needed(parts).objects.dataKeyOf(info, customerKey)
}

export function sourceCustomerKey(call: S3Call, parts: CryptoParts): CustomerKey | undefined {
  return parseSourceCustomerKey(headerReader(call), transportOf(call, parts))
}

/** Reads what the client sees. Takes over `reader`. */
export function plainReader(parts: CryptoParts, reader: ObjectReader, dataKey: Uint8Array | undefined): StoredReader {
  if (dataKey === undefined) return reader
  return new DecryptingReader(needed(parts).ports, reader, { dataKey, layout: layoutOf(reader.info) })
}

/** Adds what an answer says of it. */
export function addEncryptionHeaders(
  headers: string[],
  call: S3Call,
  parts: CryptoParts,
  transform: Transform | undefined,
): void {
  if (transform === undefined || parts.encryption === undefined) return
  const customerKey = parseCustomerKey(headerReader(call), transportOf(call, parts))
  for (const [name, value] of Object.entries(parts.encryption.objects.answerHeaders(transform, customerKey)))
    headers.push(name, value)
}

export function needed({ encryption }: CryptoParts): S3Encryption {
  if (encryption !== undefined) return encryption
  throw new S3Error('NotImplemented', 'This server has no keys to encrypt with.')
}

function headerReader({ headers }: S3Call): HeaderOf {
  return (name) => headerOf(headers, name)
}

/** A customer's key is taken where nobody on the way can read it. */
function transportOf({ exchange }: S3Call, { compute }: CryptoParts): KeyTransport {
  return { compute, isPrivate: exchange.isSecure || isLoopbackName(exchange.remoteAddress) }
}
