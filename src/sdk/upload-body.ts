// The body of one attempt of an upload: counts what the connection takes, tells the watchdog whose turn it is, and holds the source to
// the length that was announced. What goes wrong here is kept in `failure`, because fetch wraps it beyond recognition.

import { FrostByteError } from './errors.ts'
import { readSlice } from './source.ts'
import type { PreparedSource } from './source.ts'
import type { RequestBody } from './transport.ts'
import type { Watchdog } from './watchdog.ts'
import { fetchByXhr, hasXhr } from './xhr.ts'

export interface Progress {
  /** Falls back to 0 where an upload is repeated. */
  readonly transferredBytes: number
  readonly totalBytes: number | undefined
}

export type OnProgress = (progress: Progress) => void

/** Bodies up to this length are handed to fetch whole: there is no progress to show within them. */
const wholeBytesMax = 64 * 1024

export class UploadBody {
  readonly #source: PreparedSource
  readonly #watchdog: Watchdog
  readonly #totalBytes: number | undefined
  readonly #onProgress: OnProgress | undefined
  #slices: AsyncIterator<Uint8Array> | undefined
  #takenBytes = 0
  #failure: unknown

  constructor(
    source: PreparedSource,
    watchdog: Watchdog,
    options: { readonly totalBytes: number | undefined; readonly onProgress: OnProgress | undefined },
  ) {
    this.#source = source
    this.#watchdog = watchdog
    this.#totalBytes = options.totalBytes
    this.#onProgress = options.onProgress
  }

  /** Bytes that the connection took from the source. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  /** Why the body broke off, where that was not the connection's fault. */
  get failure(): unknown {
    return this.#failure
  }

  /** Once. `streaming`: whether fetch can send a stream. */
  open(streaming: boolean): RequestBody {
    const whole = this.#source.whole
    const sizeBytes = this.#source.sizeBytes
    if (whole === undefined || (streaming && (sizeBytes ?? 0) > wholeBytesMax)) return { bytes: this.#stream() }
    if (sizeBytes !== undefined && this.#totalBytes !== undefined && sizeBytes !== this.#totalBytes)
      throw this.#wrongLength(sizeBytes)
    if (!streaming && hasXhr()) return { bytes: whole, fetch: fetchByXhr((sentBytes) => this.#report(sentBytes)) }
    return { bytes: whole }
  }

  /** Whether the watchdog can see this body move; else it must not run while the body is being sent. */
  static isWatched(body: RequestBody, sizeBytes: number | undefined): boolean {
    return body.bytes instanceof ReadableStream || body.fetch !== undefined || (sizeBytes ?? 0) <= wholeBytesMax
  }

  /** The whole body went. */
  sent(sizeBytes: number): void {
    this.#report(sizeBytes)
  }

  /** Lets go of the source. Can be called twice. */
  close(): void {
    this.#slices?.return?.().catch(() => undefined)
    this.#slices = undefined
  }

  #stream(): ReadableStream<Uint8Array> {
    const slices = this.#source.open()
    this.#slices = slices
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      this.#watchdog.stop() // It is the source's turn.
      try {
        const slice = await readSlice(slices)
        const total = this.#totalBytes
        const soFar = this.#takenBytes + (slice?.length ?? 0)
        if (total !== undefined && (soFar > total || (slice === undefined && soFar < total)))
          throw this.#wrongLength(soFar)
        if (slice === undefined) controller.close()
        else controller.enqueue(slice)
        if (slice !== undefined) this.#report(soFar)
      } catch (error) {
        this.#failure = error
        controller.error(error)
      }
      this.#watchdog.start()
    }
    return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 })
  }

  #report(sentBytes: number): void {
    this.#takenBytes = sentBytes
    this.#watchdog.start()
    this.#onProgress?.({ transferredBytes: sentBytes, totalBytes: this.#totalBytes })
  }

  #wrongLength(bytes: number): FrostByteError {
    return new FrostByteError(
      'length-mismatch',
      `the source gave ${bytes} bytes or more of the ${this.#totalBytes} that were announced`,
      {
        remedy: 'Leave the size out, or check that the source does not change during the upload.',
      },
    )
  }
}
