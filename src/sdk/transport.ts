// Requests to one server: address, authorization, deadlines, errors. Upload and download stand on `exchange`; the small
// calls on `requestJson`, which also repeats them: those that change something only where the server surely did not do it, or where
// doing it twice is the same as doing it once.

import { errorFromResponse, FrostByteError, isSurelyUndone, messageOf, networkError } from './errors.ts'
import { inRange, retryPolicy, withRetries } from './retry.ts'
import type { RetryOptions, RetryPolicy } from './retry.ts'
import { readText } from './slices.ts'
import { Watchdog } from './watchdog.ts'

export interface ClientOptions {
  /** Where the server is: `http://HOST:PORT`, or a longer path where a proxy puts it. Default `http://127.0.0.1:8080`. */
  readonly url?: string | URL
  /** Sent as `Authorization: Bearer TOKEN`. Default: none. */
  readonly token?: string
  /** A user, or the id of an access key; with `password`. Not beside `token`. Default: none. */
  readonly user?: string
  /** That of the user, or the secret of the access key. */
  readonly password?: string
  /** The bucket of calls that name none. Default `default`. */
  readonly bucket?: string
  /** Another implementation of fetch. Default: the global one. */
  readonly fetch?: typeof fetch
  /** When failed requests are repeated. `attemptsMax: 1` turns it off. */
  readonly retries?: RetryOptions
  /** How long the server may do nothing while it is its turn. Milliseconds; default 60,000, 100 to 3,600,000. */
  readonly timeoutMs?: number
  /**
   * Whether fetch can send a body while it is being made. Default: yes, but in browsers no (most cannot, and none over HTTP/1.1):
   * there an upload from a stream is gathered into a Blob first.
   */
  readonly streaming?: boolean
}

export interface RequestOptions {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the client's address, without a slash at the start. */
  readonly path: string
  /** `undefined` values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Sent as the body, by `requestJson`; members that are `undefined` are left out. */
  readonly json?: object
  /** What the call is about, for messages. */
  readonly subject: string
  /** Of a call that changes something: a repeat does no more than the first one. Default: no. */
  readonly isRepeatable?: boolean
}

export interface RequestBody {
  readonly bytes: Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>
  /** What sends it in the place of fetch. */
  readonly fetch?: typeof fetch | undefined
}

export interface Transport {
  readonly bucket: string
  readonly policy: RetryPolicy
  readonly streaming: boolean
  watchdog(subject: string, outer: AbortSignal | undefined): Watchdog
  target(request: HttpRequest): { readonly url: string; readonly headers: Record<string, string> }
  exchange(request: HttpRequest, watchdog: Watchdog, body?: RequestBody): Promise<Response>
  requestJson(request: HttpRequest, options: RequestOptions): Promise<unknown>
}

/** A page of the largest answer (1,000 pieces of a layout, 1,000 long names) stays far below. */
const jsonBytesMax = 64 * 1024 * 1024

export class HttpTransport implements Transport {
  readonly bucket: string
  readonly policy: RetryPolicy
  readonly streaming: boolean
  readonly #base: URL
  readonly #authorization: string | undefined
  readonly #fetch: typeof fetch
  readonly #timeoutMs: number

  constructor(options: ClientOptions) {
    this.#base = parseBase(options.url ?? 'http://127.0.0.1:8080')
    this.bucket = options.bucket ?? 'default'
    this.policy = retryPolicy(options.retries)
    this.streaming = options.streaming ?? !('XMLHttpRequest' in globalThis || 'WorkerGlobalScope' in globalThis)
    this.#authorization = authorizationOf(options)
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
    this.#timeoutMs = inRange('timeoutMs', options.timeoutMs ?? 60_000, 100, 3_600_000)
  }

  watchdog(subject: string, outer: AbortSignal | undefined): Watchdog {
    return new Watchdog({ timeoutMs: this.#timeoutMs, subject, outer })
  }

  target(request: HttpRequest): { readonly url: string; readonly headers: Record<string, string> } {
    const url = new URL(request.path, this.#base)
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      if (value !== undefined) headers[name] = value
    }
    if (this.#authorization !== undefined) headers['authorization'] = this.#authorization
    return { url: url.href, headers }
  }

  /** One request, sent once. Resolves to the answer where it is a 2xx, its body unread; the watchdog is left running. */
  async exchange(request: HttpRequest, watchdog: Watchdog, body?: RequestBody): Promise<Response> {
    const { url, headers } = this.target(request)
    if (request.json !== undefined) headers['content-type'] = 'application/json'
    watchdog.start()
    let response: Response
    try {
      response = await (body?.fetch ?? this.#fetch)(url, {
        method: request.method,
        headers,
        signal: watchdog.signal,
        redirect: 'follow',
        cache: 'no-store',
        ...(body === undefined ? {} : { body: body.bytes }),
        ...(body?.bytes instanceof ReadableStream ? { duplex: 'half' } : {}),
      })
    } catch (error) {
      watchdog.signal.throwIfAborted()
      throw networkError(error, request.subject)
    }
    if (response.ok) return response
    try {
      throw await errorFromResponse(response, request.subject)
    } finally {
      watchdog.close()
    }
  }

  async requestJson(request: HttpRequest, options: RequestOptions): Promise<unknown> {
    const isHarmless = request.method === 'GET' || request.isRepeatable === true
    const mayRepeat = (error: FrostByteError): boolean => isHarmless || isSurelyUndone(error)
    return withRetries(this.policy, { signal: options.signal, mayRepeat }, async () => {
      const watchdog = this.watchdog(request.subject, options.signal)
      try {
        const response = await this.exchange(request, watchdog, jsonBody(request))
        return await readJson(response, watchdog, request.subject)
      } finally {
        watchdog.close()
      }
    })
  }
}

function jsonBody({ json }: HttpRequest): RequestBody | undefined {
  return json === undefined ? undefined : { bytes: new TextEncoder().encode(JSON.stringify(json)) }
}

/** @throws FrostByteError `option-invalid`. */
function authorizationOf({ token, user, password }: ClientOptions): string | undefined {
  if (token !== undefined && user === undefined && password === undefined) return `Bearer ${token}`
  if (user === undefined && password === undefined) return undefined
  if (token !== undefined || user === undefined || password === undefined) {
    throw new FrostByteError('option-invalid', 'credentials are a token, or a user and a password', {
      remedy: 'Give one or the other.',
    })
  }
  if (user.includes(':')) throw new FrostByteError('option-invalid', 'the name of a user holds no colon')
  // btoa takes one byte a character: those of the UTF-8 (RFC 7617).
  const bytes = new TextEncoder().encode(`${user}:${password}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}

function parseBase(given: string | URL): URL {
  const invalid = (reason: string): FrostByteError =>
    new FrostByteError('option-invalid', `"${String(given)}" is no address of a server: ${reason}`, {
      remedy: 'Give it as http://HOST:PORT.',
    })
  const url = URL.parse(String(given))
  if (url === null) throw invalid('it is no URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid('it must start with http:// or https://')
  if (url.username !== '' || url.password !== '') throw invalid('user and password do not belong there')
  if (url.search !== '' || url.hash !== '') throw invalid('it must end with its path')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** The query that names a file. @throws FrostByteError `name-invalid`. */
export function fileQuery(name: string, bucket: string): Readonly<Record<string, string>> {
  if (name.isWellFormed()) return { filename: name, bucket }
  throw new FrostByteError(
    'name-invalid',
    'the name of the file has half of a surrogate pair in it, which no UTF-8 can express',
  )
}

/** Reads a JSON answer to its end, with the watchdog running between its parts. */
export async function readJson(response: Response, watchdog: Watchdog, subject: string): Promise<unknown> {
  const text = await readWhole(response, watchdog, subject)
  if (text === '') return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    return parsed
  } catch (error) {
    throw new FrostByteError('response-invalid', `${subject}: the answer is no JSON: ${messageOf(error)}`, {
      cause: error,
      status: response.status,
      remedy: 'Check that the address is that of a FrostByte server.',
    })
  }
}

async function readWhole(response: Response, watchdog: Watchdog, subject: string): Promise<string> {
  if (response.body === null) return ''
  let text: string | undefined
  try {
    text = await readText(response.body, jsonBytesMax, () => watchdog.start())
  } catch (error) {
    watchdog.signal.throwIfAborted()
    throw networkError(error, subject)
  }
  if (text === undefined) throw new FrostByteError('response-invalid', `${subject}: the answer is too long`)
  return text
}
