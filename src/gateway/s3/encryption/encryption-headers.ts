// What a request says about encryption, read from its headers (or the fields of a form, which have the same names): pure functions
// to typed values, with the errors that AWS answers, in the order in which AWS finds them. Names of headers are in lower case.
//
// Source: API reference, PutObject, CopyObject, GetObject; User Guide, "Using server-side encryption with customer-provided keys".

import type { Compute } from '../../../ports/compute.ts'
import type { CustomerKey, EncryptionRequest } from '../../encryption/encryption-request.ts'
import { formatBase64, parseBase64 } from '../../http/base64.ts'
import { S3Error } from '../s3-error.ts'
import { parseEncryptionContext } from './encryption-context.ts'

/** The value of a header, `undefined` where there is none. */
export type HeaderOf = (name: string) => string | undefined

export interface KeyTransport {
  readonly compute: Compute
  /** Whether nobody on the way can read the key: TLS, loopback, or a setting that says so. */
  readonly isPrivate: boolean
}

const prefix = 'x-amz-server-side-encryption'
const copySourcePrefix = 'x-amz-copy-source-server-side-encryption'
const keyBytes = 32

/** Names are made once: every request is asked for all of them. */
interface KeyHeaders {
  readonly algorithm: string
  readonly key: string
  readonly md5: string
}

const keyHeaders = keyHeadersOf(prefix)
const sourceKeyHeaders = keyHeadersOf(copySourcePrefix)
const kmsKeyIdHeader = `${prefix}-aws-kms-key-id`
const contextHeader = `${prefix}-context`
const headersOfWrites = [prefix, kmsKeyIdHeader, contextHeader] as const

function keyHeadersOf(start: string): KeyHeaders {
  return { algorithm: `${start}-customer-algorithm`, key: `${start}-customer-key`, md5: `${start}-customer-key-md5` }
}

/**
 * What a write asks for: of PutObject, CopyObject's target, CreateMultipartUpload and POST. `undefined`: nothing, so the bucket's
 * default holds. @throws S3Error
 */
export function parseEncryption(header: HeaderOf, transport: KeyTransport): EncryptionRequest | undefined {
  const algorithm = header(prefix)
  const customerKey = parseCustomerKey(header, transport)
  if (customerKey !== undefined) {
    if (algorithm !== undefined) {
      throw invalid(
        'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
        {
          ArgumentName: prefix,
          ArgumentValue: algorithm,
        },
      )
    }
    refuseKmsHeaders(header)
    return { kind: 'sse-c', customerKey }
  }
  switch (algorithm) {
    case undefined:
    case 'AES256':
      refuseKmsHeaders(header)
      return algorithm === undefined ? undefined : { kind: 'sse-s3' }
    case 'aws:kms':
      return {
        kind: 'sse-kms',
        keyId: header(kmsKeyIdHeader),
        context: parseEncryptionContext(header(contextHeader)),
        bucketKeyEnabled: parseFlag(header(`${prefix}-bucket-key-enabled`)),
      }
    case 'aws:kms:dsse':
    case 'aws:fsx':
      throw new S3Error('NotImplemented', undefined, { fields: { Header: prefix } })
    default:
      throw invalid('The encryption method specified is not supported', {
        ArgumentName: prefix,
        ArgumentValue: algorithm,
      })
  }
}

/** The customer's key of a read, of a part, or of a write. `undefined`: none was sent. @throws S3Error */
export function parseCustomerKey(header: HeaderOf, transport: KeyTransport): CustomerKey | undefined {
  return parseKeyHeaders(keyHeaders, header, transport)
}

/** The customer's key of the source of CopyObject or UploadPartCopy. @throws S3Error */
export function parseSourceCustomerKey(header: HeaderOf, transport: KeyTransport): CustomerKey | undefined {
  return parseKeyHeaders(sourceKeyHeaders, header, transport)
}

/** A read takes no header that asks for encryption. @throws S3Error `InvalidArgument`. */
export function refuseEncryptionOfRead(header: HeaderOf): void {
  for (const name of headersOfWrites) {
    const value = header(name)
    if (value === undefined) continue
    throw invalid(`${name} header is not supported for this operation.`, { ArgumentName: name, ArgumentValue: value })
  }
}

function parseKeyHeaders(names: KeyHeaders, header: HeaderOf, transport: KeyTransport): CustomerKey | undefined {
  const { algorithm: algorithmName, key: keyName, md5: md5Name } = names
  const [algorithm, encoded, md5] = [header(algorithmName), header(keyName), header(md5Name)]
  if (algorithm === undefined && encoded === undefined && md5 === undefined) return undefined
  if (algorithm === undefined) {
    throw missing('must provide a valid encryption algorithm.', algorithmName)
  }
  if (encoded === undefined) {
    throw missing('must provide an appropriate secret key.', keyName)
  }
  if (md5 === undefined) {
    throw missing('must provide the client calculated MD5 of the secret key.', md5Name)
  }
  if (!transport.isPrivate) {
    throw new S3Error(
      'InvalidRequest',
      'Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.',
    )
  }
  const key = parseBase64(encoded)
  // The value is a secret, and is not repeated.
  if (key?.length !== keyBytes) throw invalid(keyProblem(key), { ArgumentName: keyName })
  if (algorithm !== 'AES256') {
    throw new S3Error('InvalidEncryptionAlgorithmError', undefined, {
      fields: { ArgumentName: algorithmName, ArgumentValue: algorithm },
    })
  }
  const digest = transport.compute.createDigest('md5')
  digest.update(key)
  if (formatBase64(digest.digest()) !== md5) {
    throw invalid('The calculated MD5 hash of the key did not match the hash that was provided.', {
      ArgumentName: md5Name,
      ArgumentValue: md5,
    })
  }
  return { key, md5 }
}

function keyProblem(key: Uint8Array | undefined): string {
  if (key === undefined) return 'The secret key was not properly base64 encoded.'
  return `The secret key was too ${key.length < keyBytes ? 'short' : 'long'} for the specified algorithm.`
}

function refuseKmsHeaders(header: HeaderOf): void {
  const keyId = header(kmsKeyIdHeader)
  if (keyId !== undefined) {
    throw invalid(`Server Side Encryption with AWS KMS managed key requires HTTP header ${prefix} : aws:kms`, {
      ArgumentName: prefix,
      ArgumentValue: header(prefix) ?? 'null',
    })
  }
  if (header(contextHeader) !== undefined) {
    throw invalid(`The header '${prefix}-context' shall be used together with ${prefix} : aws:kms`, {
      ArgumentName: `${prefix}-context`,
    })
  }
}

function parseFlag(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined
  if (/^(true|false)$/i.test(value)) return value.toLowerCase() === 'true'
  throw invalid('The value must be true or false.', {
    ArgumentName: `${prefix}-bucket-key-enabled`,
    ArgumentValue: value,
  })
}

function missing(what: string, name: string): S3Error {
  return invalid(`Requests specifying Server Side Encryption with Customer provided keys ${what}`, {
    ArgumentName: name,
    ArgumentValue: 'null',
  })
}

function invalid(message: string, fields: Readonly<Record<string, string>>): S3Error {
  return new S3Error('InvalidArgument', message, { fields })
}
