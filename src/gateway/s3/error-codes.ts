// What each error of the master is to a client of S3: one table, total by its type, so that a new code cannot be forgotten.

import { FrostError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { S3Error } from './s3-error.ts'
import type { S3ErrorCode } from './s3-error.ts'

/** What no request of S3 can meet is `InternalError`: it would be a defect. */
export const s3CodeOf: Readonly<Record<ErrorCode, S3ErrorCode>> = {
  'bad-request': 'InvalidRequest',
  'name-missing': 'InvalidRequest',
  'name-invalid': 'InvalidURI',
  'name-too-long': 'KeyTooLongError',
  'bucket-invalid': 'InvalidBucketName',
  'size-mismatch': 'IncompleteBody',
  'upload-aborted': 'IncompleteBody',
  'checksum-mismatch': 'BadDigest',
  'part-invalid': 'InvalidPart',
  'customer-key-required': 'InvalidRequest',
  'customer-key-invalid': 'InvalidRequest',
  'credentials-required': 'AccessDenied',
  'credentials-invalid': 'InvalidAccessKeyId',
  'access-denied': 'AccessDenied',
  'share-link-invalid': 'AccessDenied',
  'cross-site-refused': 'AccessDenied',
  'profiling-closed': 'AccessDenied',
  'quota-exceeded': 'QuotaExceeded',
  'customer-key-wrong': 'AccessDenied',
  'encryption-key-disabled': 'KMS.DisabledException',
  'object-locked': 'AccessDenied',
  'file-not-found': 'NoSuchKey',
  'version-not-found': 'NoSuchVersion',
  'upload-not-found': 'NoSuchUpload',
  'bucket-not-found': 'NoSuchBucket',
  'worker-not-found': 'InternalError',
  'user-not-found': 'InternalError',
  'access-key-not-found': 'InvalidAccessKeyId',
  'token-not-found': 'InternalError',
  'grant-not-found': 'InternalError',
  'encryption-key-not-found': 'KMS.NotFoundException',
  'share-link-not-found': 'InternalError',
  'identity-not-found': 'InternalError',
  'policy-not-found': 'InternalError',
  'route-not-found': 'InvalidURI',
  'method-not-allowed': 'MethodNotAllowed',
  'request-timeout': 'RequestTimeout',
  'upload-stalled': 'RequestTimeout',
  'bucket-exists': 'BucketAlreadyExists',
  'bucket-not-empty': 'BucketNotEmpty',
  'user-exists': 'InternalError',
  'encryption-key-exists': 'InternalError',
  'identity-exists': 'InternalError',
  'policy-exists': 'InternalError',
  'identity-in-use': 'InternalError',
  'access-key-exists': 'InternalError',
  'last-administrator': 'InternalError',
  'worker-in-use': 'InternalError',
  'drain-refused': 'InternalError',
  'share-link-ended': 'AccessDenied',
  'precondition-failed': 'PreconditionFailed',
  'body-too-large': 'EntityTooLarge',
  'media-type-unsupported': 'InvalidRequest',
  'range-unsatisfiable': 'InvalidRange',
  'expectation-failed': 'InvalidRequest',
  'host-not-allowed': 'InvalidRequest',
  'too-many-attempts': 'SlowDown',
  'headers-too-large': 'RequestHeaderSectionTooLarge',
  'encryption-unsupported': 'NotImplemented',
  'overloaded': 'SlowDown',
  'not-enough-workers': 'ServiceUnavailable',
  'data-unavailable': 'ServiceUnavailable',
  'metadata-unavailable': 'ServiceUnavailable',
  'outcome-unknown': 'ServiceUnavailable',
  'upload-expired': 'ServiceUnavailable',
  'data-gone': 'ServiceUnavailable',
  'read-only': 'ServiceUnavailable',
  'insufficient-storage': 'InsufficientStorage',
  'profile-running': 'InternalError',
  'epoch-stale': 'ServiceUnavailable',
  'group-not-adopted': 'ServiceUnavailable',
  'fragment-missing': 'ServiceUnavailable',
  'fragment-corrupt': 'ServiceUnavailable',
  'fragment-conflict': 'InternalError',
  'disk-failed': 'ServiceUnavailable',
  'peer-unreachable': 'ServiceUnavailable',
  'deadline-exceeded': 'ServiceUnavailable',
  'cancelled': 'InternalError',
  'protocol-error': 'ServiceUnavailable',
  'version-unsupported': 'InternalError',
  'peer-refused': 'InternalError',
  'foreign-cluster': 'InternalError',
  'config-invalid': 'InternalError',
  'address-in-use': 'InternalError',
  'directory-locked': 'InternalError',
  'directory-foreign': 'InternalError',
  'format-unsupported': 'InternalError',
  'store-corrupt': 'InternalError',
  'internal': 'InternalError',
}

/** How long a client waits before it tries again, where the error itself says nothing. */
const retryAfterSecondsDefault = 2

/** Where the sentence of the master says more than AWS's: what the client can change. */
const ownSentence: ReadonlySet<ErrorCode> = new Set([
  'bad-request',
  'name-invalid',
  'size-mismatch',
  'insufficient-storage',
  'expectation-failed',
  'host-not-allowed',
  'media-type-unsupported',
  'customer-key-required',
  'customer-key-invalid',
  'customer-key-wrong',
  'encryption-key-disabled',
  'encryption-key-not-found',
  'encryption-unsupported',
])

/** Total. What is neither an S3Error nor a FrostError is a defect: nothing of it leaks. */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return withRetryAfter(error)
  if (!(error instanceof FrostError)) return new S3Error('InternalError', undefined, { cause: error })
  const code = s3CodeOf[error.code]
  const seconds = error.retryAfterSeconds
  return withRetryAfter(
    new S3Error(code, sentenceOf(error), {
      cause: error,
      ...(seconds === undefined ? {} : { headers: { 'Retry-After': String(seconds) } }),
    }),
  )
}

/** `undefined`: that of the code. */
function sentenceOf({ code, message }: FrostError): string | undefined {
  if (code === 'object-locked') return 'Access Denied because object protected by object lock.'
  return ownSentence.has(code) ? message : undefined
}

function withRetryAfter(error: S3Error): S3Error {
  if (error.status !== 503 || error.headers['Retry-After'] !== undefined) return error
  const { code, message, status, fields, cause } = error
  const headers = { ...error.headers, 'Retry-After': String(retryAfterSecondsDefault) }
  return new S3Error(code, message, { status, fields, headers, cause })
}
