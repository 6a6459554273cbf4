// What the client library throws. One class, told apart by `code`: the server's codes come from its problem documents
// (RFC 9457; src/base/errors.ts has the table), the client's own are listed here. Aborting rejects with the signal's reason, as
// fetch does, and with nothing of this file.

import { errorTable, isErrorCode } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { readText } from './slices.ts'

/** Errors that the client finds by itself. */
export type ClientErrorCode =
  /** An option of the client or of a call is not valid. */
  | 'option-invalid'
  /** The server cannot be reached, or the connection broke. */
  | 'network-failed'
  /** The server took or sent nothing for too long. */
  | 'timed-out'
  /** What answered does not speak FrostByte's protocol. */
  | 'response-invalid'
  /** The file was replaced while it was being downloaded; what was received is a part of the old one. */
  | 'file-changed'
  /** Fewer or more bytes than announced were sent or received. */
  | 'length-mismatch'
  /** The source of an upload, or the target of a download, failed. */
  | 'local-failed'

export interface FrostByteErrorOptions {
  readonly cause?: unknown
  readonly status?: number | undefined
  readonly remedy?: string | undefined
  readonly requestId?: string | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly retryable?: boolean
  readonly unsent?: boolean
}

export class FrostByteError extends Error {
  override readonly name = 'FrostByteError'
  /** One of `ErrorCode` or `ClientErrorCode`; an unknown one where the server is newer than this client. */
  readonly code: ErrorCode | ClientErrorCode | (string & {})
  /** HTTP status; `undefined` where there was no answer. */
  readonly status: number | undefined
  /** What to do about it, as a sentence. */
  readonly remedy: string | undefined
  /** Names the request in the server's log. */
  readonly requestId: string | undefined
  readonly retryAfterSeconds: number | undefined
  /** Whether the same request may succeed later. The client has already repeated it where that was safe. */
  readonly retryable: boolean
  /** Whether it is certain that the server saw nothing of the request. */
  readonly unsent: boolean

  constructor(code: FrostByteError['code'], message: string, options: FrostByteErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status
    this.remedy = options.remedy
    this.requestId = options.requestId
    this.retryAfterSeconds = options.retryAfterSeconds
    this.retryable = options.retryable ?? false
    this.unsent = options.unsent ?? false
  }
}

/** A problem document is small; more than this of an error's body is not read. */
const problemBytesMax = 64 * 1024

/** Reads the answer of a request that failed, and ends its body. */
export async function errorFromResponse(response: Response, subject: string): Promise<FrostByteError> {
  const problem = await readProblem(response)
  const status = response.status
  const code = textMember(problem, 'code') ?? codeFromStatus(status)
  const title = textMember(problem, 'title')
  const detail = textMember(problem, 'detail')
  return new FrostByteError(code, detail ?? title ?? `${subject}: the server answered with status ${status}`, {
    status,
    remedy: textMember(problem, 'remedy'),
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfterSeconds: parseRetryAfter(response.headers.get('retry-after')),
    retryable: isErrorCode(code) ? errorTable[code].retry !== 'never' : [429, 502, 503, 504].includes(status),
  })
}

/** An error of fetch itself: no answer, or a body that broke. */
export function networkError(error: unknown, subject: string): FrostByteError {
  if (error instanceof FrostByteError) return error
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const reason = causeCode(cause)
  const unsent = reason !== undefined && neverSentCodes.has(reason)
  const explained = reason === undefined ? messageOf(cause) : (reasons[reason] ?? reason)
  return new FrostByteError('network-failed', `${subject}: ${explained}`, {
    cause: error,
    remedy: 'Check the address, and that the server is running.',
    retryable: true,
    unsent,
  })
}

/** Whether the failed request changed nothing for certain: our server refused it, or never saw it. */
export function isSurelyUndone(error: FrostByteError): boolean {
  return isErrorCode(error.code) || error.unsent
}

/** Failures of Node.js's fetch before a byte of the request has left. */
const neverSentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at this address',
  ECONNRESET: 'the connection was broken by the other side',
  EPIPE: 'the connection was broken by the other side',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  UND_ERR_SOCKET: 'the connection was broken by the other side',
  UND_ERR_CONNECT_TIMEOUT: 'the host does not answer',
}

/** The first code among an error and, for an AggregateError (one try per address of a name), its parts. */
function causeCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  if (!(error instanceof AggregateError)) return undefined
  const parts: readonly unknown[] = error.errors
  return causeCode(parts[0])
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Seconds from a Retry-After header: a number or a date. `undefined` where there is none that makes sense. */
export function parseRetryAfter(header: string | null, nowMs: number = Date.now()): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil((atMs - nowMs) / 1000))
}

function codeFromStatus(status: number): string {
  switch (status) {
    case 404:
      return 'route-not-found'
    case 405:
      return 'method-not-allowed'
    case 412:
      return 'precondition-failed'
    case 413:
      return 'body-too-large'
    case 416:
      return 'range-unsatisfiable'
    default:
      return `http-${status}`
  }
}

async function readProblem(response: Response): Promise<object | undefined> {
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/(problem\+)?json\b/i.test(type) || response.body === null) {
    await response.body?.cancel().catch(() => undefined)
    return undefined
  }
  try {
    const parsed: unknown = JSON.parse((await readText(response.body, problemBytesMax)) ?? '')
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined // The status says enough; a broken problem document must not hide it.
  }
}

function textMember(value: object | undefined, name: string): string | undefined {
  if (value === undefined) return undefined
  const found: unknown = Reflect.get(value, name)
  return typeof found === 'string' ? found : undefined
}
