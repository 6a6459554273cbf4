/** Requests to servers of others, whose addresses come from the configuration alone. */
export interface HttpClient {
  /**
   * Sends one POST and resolves to what was answered, whatever its status; the body of the answer is read up to a bound and thrown away.
   * No redirect is followed, the certificate of a server must be valid for its name, and no proxy of the environment is used. Rejects with
   * an `HttpFailure` where no answer came within `timeoutMs`, and with `signal.reason` as soon as `signal` aborts.
   */
  post(request: HttpPost): Promise<HttpAnswer>
}

export interface HttpPost {
  /** http: or https:. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  /** The header Retry-After. */
  readonly retryAfter?: string | undefined
}

/** No answer came; `message` says why, and holds nothing of the request. Whether the server took the request is not known. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure'
}
