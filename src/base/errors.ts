// The one table of operating errors. Every error that leaves a layer is a FrostError with a code from
// here; the code decides the HTTP status, and whether and where a repeat is safe. Assertions
// (assert.ts) are for defects and never appear here. docs/reference/errors.md is held to this table by a test.

/**
 * Says whether a repeat of the same request is safe and useful.
 * - `never`: the answer will be the same, or a repeat could do the work twice
 * - `same`: later, to the same node
 * - `other-node`: at once, to another node
 * - `after-refresh`: after fetching the newest cluster map
 */
export type Retry = 'never' | 'same' | 'other-node' | 'after-refresh'

interface ErrorKind {
  /** HTTP status that the faces answer with. */
  readonly status: number
  readonly retry: Retry
  /** One sentence for documents and the `title` of a problem document. */
  readonly title: string
}

const table = {
  // The request
  'bad-request': { status: 400, retry: 'never', title: 'The request is malformed.' },
  'name-missing': { status: 400, retry: 'never', title: 'No file name was given.' },
  'name-invalid': { status: 400, retry: 'never', title: 'The file name is not valid.' },
  'name-too-long': { status: 400, retry: 'never', title: 'The file name is longer than 1,024 bytes.' },
  'bucket-invalid': { status: 400, retry: 'never', title: 'The bucket name is not valid.' },
  'size-mismatch': { status: 400, retry: 'never', title: 'The body does not have the size that was announced.' },
  'upload-aborted': { status: 400, retry: 'never', title: 'The client ended the upload before its end.' },
  'checksum-mismatch': {
    status: 400,
    retry: 'never',
    title: 'The body does not have the checksum that was announced.',
  },
  'part-invalid': { status: 400, retry: 'never', title: 'A part that the upload names is not there.' },
  'customer-key-required': {
    status: 400,
    retry: 'never',
    title: 'The content opens only with the key of its customer.',
  },
  'customer-key-invalid': { status: 400, retry: 'never', title: 'The key of the customer does not belong here.' },
  'credentials-required': { status: 401, retry: 'never', title: 'The request must say who sends it.' },
  'credentials-invalid': { status: 401, retry: 'never', title: 'The credentials are not valid.' },
  'access-denied': { status: 403, retry: 'never', title: 'The sender has no right to this.' },
  'share-link-invalid': { status: 403, retry: 'never', title: 'The share link was not made by this cluster.' },
  'cross-site-refused': { status: 403, retry: 'never', title: 'A page of another site may not change anything here.' },
  'profiling-closed': { status: 403, retry: 'never', title: 'Profiles are not open at this address.' },
  'quota-exceeded': {
    status: 403,
    retry: 'never',
    title: 'The bucket, or all buckets of its owner, would hold more than the quota.',
  },
  'customer-key-wrong': { status: 403, retry: 'never', title: 'The content was encrypted with another key.' },
  'encryption-key-disabled': { status: 403, retry: 'never', title: 'The key that encrypts it is disabled.' },
  'object-locked': { status: 403, retry: 'never', title: 'The version is locked against deletion.' },
  'file-not-found': { status: 404, retry: 'never', title: 'There is no such file.' },
  'version-not-found': { status: 404, retry: 'never', title: 'There is no such version of the file.' },
  'upload-not-found': { status: 404, retry: 'never', title: 'There is no such multipart upload.' },
  'bucket-not-found': { status: 404, retry: 'never', title: 'There is no such bucket.' },
  'worker-not-found': { status: 404, retry: 'never', title: 'There is no such worker.' },
  'user-not-found': { status: 404, retry: 'never', title: 'There is no such user.' },
  'access-key-not-found': { status: 404, retry: 'never', title: 'There is no such access key.' },
  'token-not-found': { status: 404, retry: 'never', title: 'There is no such token.' },
  'grant-not-found': { status: 404, retry: 'never', title: 'There is no such grant.' },
  'identity-not-found': { status: 404, retry: 'never', title: 'There is no such group or role.' },
  'policy-not-found': { status: 404, retry: 'never', title: 'There is no such policy.' },
  'encryption-key-not-found': { status: 404, retry: 'never', title: 'There is no such encryption key.' },
  'share-link-not-found': { status: 404, retry: 'never', title: 'There is no such share link.' },
  'route-not-found': { status: 404, retry: 'never', title: 'There is nothing at this path.' },
  'method-not-allowed': { status: 405, retry: 'never', title: 'This path does not answer this method.' },
  'request-timeout': { status: 408, retry: 'same', title: 'The head of the request did not arrive in time.' },
  'upload-stalled': { status: 408, retry: 'same', title: 'The upload sent no bytes for too long.' },
  'bucket-exists': { status: 409, retry: 'never', title: 'The bucket exists already.' },
  'bucket-not-empty': { status: 409, retry: 'never', title: 'The bucket still holds files.' },
  'user-exists': { status: 409, retry: 'never', title: 'The name of the user is taken.' },
  'access-key-exists': { status: 409, retry: 'never', title: 'The id of the access key is taken.' },
  'encryption-key-exists': { status: 409, retry: 'never', title: 'The id or an alias of the encryption key is taken.' },
  'identity-exists': { status: 409, retry: 'never', title: 'The name of the group or role is taken.' },
  'policy-exists': { status: 409, retry: 'never', title: 'The name of the policy is taken.' },
  'identity-in-use': { status: 409, retry: 'never', title: 'The group, role or policy is still in use.' },
  'last-administrator': { status: 409, retry: 'never', title: 'No enabled administrator would be left.' },
  'worker-in-use': { status: 409, retry: 'never', title: 'The worker still belongs to the cluster.' },
  'drain-refused': { status: 409, retry: 'never', title: 'Too few workers would remain to drain this one.' },
  'share-link-ended': { status: 410, retry: 'never', title: 'The share link has expired, was used up or was revoked.' },
  'precondition-failed': { status: 412, retry: 'never', title: 'The condition of the request does not hold.' },
  'body-too-large': { status: 413, retry: 'never', title: 'The body is larger than allowed.' },
  'media-type-unsupported': { status: 415, retry: 'never', title: 'The media type is not one that this call takes.' },
  'range-unsatisfiable': { status: 416, retry: 'never', title: 'No part of the range lies within the file.' },
  'expectation-failed': {
    status: 417,
    retry: 'never',
    title: 'The expectation of the request is not one that this server knows.',
  },
  'host-not-allowed': { status: 421, retry: 'never', title: 'The server does not answer to this host name.' },
  'too-many-attempts': { status: 429, retry: 'same', title: 'Too many wrong credentials came from here.' },
  'headers-too-large': { status: 431, retry: 'never', title: 'The head of the request is larger than allowed.' },
  'encryption-unsupported': { status: 501, retry: 'never', title: 'This kind of encryption is not supported.' },
  // The cluster
  'overloaded': { status: 503, retry: 'same', title: 'The server is at its limit of work.' },
  'not-enough-workers': { status: 503, retry: 'same', title: 'Too few workers answer to store the file safely.' },
  'data-unavailable': { status: 503, retry: 'same', title: 'Too few pieces of the file can be read now.' },
  'metadata-unavailable': { status: 503, retry: 'same', title: 'The metadata store does not answer.' },
  'outcome-unknown': { status: 503, retry: 'never', title: 'Whether the change was stored is not known yet.' },
  'upload-expired': { status: 503, retry: 'same', title: 'The upload was open for too long and was given up.' },
  'data-gone': { status: 503, retry: 'same', title: 'The data to be shared was deleted meanwhile.' },
  'read-only': { status: 503, retry: 'same', title: 'The cluster serves reads only.' },
  'insufficient-storage': { status: 507, retry: 'never', title: 'There is too little space.' },
  'profile-running': { status: 409, retry: 'same', title: 'Another profile of the process is being taken.' },
  // Between the nodes
  'epoch-stale': { status: 503, retry: 'after-refresh', title: 'The placement group has changed since.' },
  'group-not-adopted': {
    status: 503,
    retry: 'same',
    title: 'The worker does not know this state of the placement group yet.',
  },
  'fragment-missing': { status: 503, retry: 'other-node', title: 'The worker does not hold the fragment.' },
  'fragment-corrupt': { status: 503, retry: 'other-node', title: 'The fragment failed its checksum.' },
  'fragment-conflict': { status: 500, retry: 'never', title: 'A different fragment is stored under the same key.' },
  'disk-failed': { status: 503, retry: 'other-node', title: 'The disk reported an error.' },
  'peer-unreachable': { status: 503, retry: 'other-node', title: 'The peer cannot be reached.' },
  'deadline-exceeded': { status: 503, retry: 'other-node', title: 'The peer did not answer in time.' },
  'cancelled': { status: 499, retry: 'never', title: 'The request was cancelled.' },
  'protocol-error': { status: 502, retry: 'other-node', title: 'The peer sent something that is not the protocol.' },
  'version-unsupported': {
    status: 502,
    retry: 'never',
    title: 'The peer speaks no version of the protocol that this node speaks.',
  },
  'peer-refused': { status: 502, retry: 'never', title: 'The peer did not prove the cluster secret.' },
  'foreign-cluster': { status: 502, retry: 'never', title: 'The node belongs to another cluster.' },
  // Starting up
  'config-invalid': { status: 500, retry: 'never', title: 'The configuration is not valid.' },
  'address-in-use': { status: 500, retry: 'never', title: 'The address is in use.' },
  'directory-locked': { status: 500, retry: 'never', title: 'Another process uses the data directory.' },
  'directory-foreign': { status: 500, retry: 'never', title: 'The data directory belongs to something else.' },
  'format-unsupported': {
    status: 500,
    retry: 'never',
    title: 'The stored format is none that this version understands.',
  },
  'store-corrupt': { status: 500, retry: 'never', title: 'Stored bytes are damaged.' },
  'internal': { status: 500, retry: 'never', title: 'Something that should not happen has happened.' },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof table

export const errorTable: Readonly<Record<ErrorCode, ErrorKind>> = table

export interface FrostErrorOptions {
  readonly cause?: unknown
  /** What the caller can do about it, as a sentence. */
  readonly remedy?: string
  /** For 503: when a repeat is worth it. */
  readonly retryAfterSeconds?: number
}

/** An operating error: expected to happen, handled by its code, shown to users with its message. */
export class FrostError extends Error {
  override readonly name = 'FrostError'
  readonly code: ErrorCode
  readonly retry: Retry
  readonly status: number
  readonly remedy: string | undefined
  readonly retryAfterSeconds: number | undefined

  /** `message` names the thing (file, worker, path) that the error is about. */
  constructor(code: ErrorCode, message: string, options: FrostErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retry = errorTable[code].retry
    this.status = errorTable[code].status
    this.remedy = options.remedy
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(table, text)
}

/** The code of a FrostError, `undefined` for everything else. */
export function errorCode(error: unknown): ErrorCode | undefined {
  return error instanceof FrostError ? error.code : undefined
}
