// Ends a request whose peer has gone silent. The timer runs only while the peer is due to do something: a slow
// source of an upload, or a slow reader of a download, is not the peer's fault.

import { FrostByteError } from './errors.ts'

export class Watchdog {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #timeoutMs: number
  readonly #subject: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /** `outer`: the caller's signal, whose abort is passed on. */
  constructor(options: {
    readonly timeoutMs: number
    readonly subject: string
    readonly outer: AbortSignal | undefined
  }) {
    this.#timeoutMs = options.timeoutMs
    this.#subject = options.subject
    this.#outer = options.outer
    if (options.outer?.aborted === true) this.#controller.abort(options.outer.reason)
    else options.outer?.addEventListener('abort', this.#passOn, { once: true })
  }

  /** Hand this to fetch. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From now on the peer is due; called again, it has shown life. */
  start(): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#expire, this.#timeoutMs)
  }

  /** The peer is not due. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Ends the request under way. */
  abort(reason: unknown): void {
    this.close()
    this.#controller.abort(reason)
  }

  /** Nothing fires afterwards. Can be called twice. */
  close(): void {
    this.#isClosed = true
    this.stop()
    this.#outer?.removeEventListener('abort', this.#passOn)
  }

  readonly #passOn = (): void => {
    this.close()
    this.#controller.abort(this.#outer?.reason)
  }

  readonly #expire = (): void => {
    this.close()
    this.#controller.abort(
      new FrostByteError('timed-out', `${this.#subject}: the server did nothing for ${this.#timeoutMs / 1000} s`, {
        remedy: 'Try again later, or look at the state of the cluster.',
        retryable: true,
      }),
    )
  }
}
