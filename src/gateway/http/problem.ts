// Problem documents (RFC 9457): how an error reaches a client. The code is stable and decides the status; the remedy says what
// the client can do. What is not a FrostError is a defect: it is told as `internal`, and nothing of it leaks.

import { errorTable, FrostError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'

export interface Problem {
  readonly status: number
  /** Flat list of names and values. */
  readonly headers: readonly string[]
  readonly body: string
}

const problemMediaType = 'application/problem+json'

/** How long a client waits before it tries again, where the error itself says nothing. */
const retryAfterSecondsDefault = 2

/** RFC 9110, section 11.6.1. */
const challenges = ['Basic realm="FrostByte", charset="UTF-8"', 'Bearer realm="FrostByte"']

/** What to do about a code whose error names no remedy of its own. */
const remedies: Partial<Readonly<Record<ErrorCode, string>>> = {
  'name-missing': 'Give the name of the file, as ?filename=NAME.',
  'name-invalid': 'Percent-encode the UTF-8 bytes of the name; it may hold any character but NUL.',
  'name-too-long': 'Choose a name of at most 1,024 bytes in UTF-8.',
  'bucket-invalid': 'Choose a valid name for the bucket.',
  'size-mismatch': 'Send exactly the announced number of bytes; nothing was stored.',
  'upload-aborted': 'Send the file again; nothing was stored.',
  'upload-stalled': 'Send the file again without pauses; nothing was stored.',
  'upload-expired': 'Send the file again; nothing was stored.',
  'file-not-found': 'Look the name up with GET /files.',
  'bucket-not-found': 'Look the bucket up with GET /api/v1/buckets, or create it with PUT /api/v1/buckets?bucket=NAME.',
  'bucket-exists': 'Use it, or choose another name.',
  'bucket-not-empty': 'Delete its files first.',
  'worker-not-found': 'Look the worker up with GET /api/v1/cluster.',
  'worker-in-use': 'Drain it, wait until it is empty, and stop it first.',
  'drain-refused': 'Add a worker first.',
  'user-not-found': 'Look the user up with GET /api/v1/users.',
  'user-exists': 'Use it, or choose another name.',
  'access-key-not-found': 'Look the key up with GET /api/v1/keys.',
  'access-key-exists': 'Choose another id.',
  'encryption-key-not-found': 'Look the key up with GET /api/v1/encryption-keys.',
  'encryption-key-disabled': 'Enable the key, with PATCH /api/v1/encryption-keys.',
  'encryption-key-exists': 'Use it, or choose another name.',
  'token-not-found': 'Look the token up with GET /api/v1/tokens.',
  'grant-not-found': 'Look the grant up with GET /api/v1/grants.',
  'share-link-not-found': 'Look the link up with GET /api/v1/share-links.',
  'share-link-invalid': 'Copy the link as a whole, or ask for a new one.',
  'share-link-ended': 'Ask for a new one.',
  'route-not-found': 'Look the path up in GET /api/v1/openapi.json.',
  'method-not-allowed': 'Use one of the methods in the Allow header.',
  'precondition-failed': 'Read the file’s present ETag and decide again.',
  'range-unsatisfiable': 'Ask for bytes below the length that the Content-Range header names.',
  'insufficient-storage': 'Delete files, or add a worker or space.',
  'not-enough-workers': 'Wait until enough workers are back; see GET /api/v1/cluster. Nothing was stored.',
  'data-unavailable': 'Wait until enough workers are back; see GET /api/v1/cluster.',
  'outcome-unknown': 'Read the file’s present version before you decide whether to repeat the request.',
  'read-only': 'Read on; writes work again once the cluster’s operator has acted. See GET /api/v1/cluster.',
  'internal': 'Report it with the request’s id and the server’s log.',
}

/** `requestId` names the request in the answer and in the log. */
export function describeProblem(error: unknown, requestId: string): Problem {
  const known =
    error instanceof FrostError ? error : new FrostError('internal', 'The request failed inside the server.')
  const { code, status } = known
  const remedy = known.remedy ?? remedies[code] ?? defaultRemedy(known)
  const headers = ['Content-Type', problemMediaType]
  if (status === 401) for (const challenge of challenges) headers.push('WWW-Authenticate', challenge)
  if (status === 503 || status === 429)
    headers.push('Retry-After', String(known.retryAfterSeconds ?? retryAfterSecondsDefault))
  if (status === 408) headers.push('Connection', 'close') // what the client still sends would be taken for a request
  const { title } = errorTable[code]
  const type = `urn:frostbyte:error:${code}`
  const instance = `urn:frostbyte:request:${requestId}`
  return {
    status,
    headers,
    body: JSON.stringify({ type, title, status, code, detail: known.message, remedy, instance }),
  }
}

function defaultRemedy(error: FrostError): string {
  if (error.status < 500) return 'Correct the request; GET /api/v1/openapi.json describes it.'
  return error.retry === 'never' ? 'Look into the server’s log.' : 'Try again in a moment.'
}
