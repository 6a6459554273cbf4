// Moves the bytes of a stream into an upload, slice by slice: one write at a time, and the stream pauses while the upload
// is not ready for more, which the client feels through its socket. Every way in which a body can end badly becomes one
// FrostError here: too many or too few bytes, a client that goes away, a client that stalls, a refusal by the upload.
//
// Slices belong to the upload from `write` on, which frees their memory.

import type { Readable } from 'node:stream'

import { FrostError } from '../../base/errors.ts'

/** Where the bytes of a body go: an upload, or what stands before one. */
export interface ByteSink {
  /** Takes the slice over, as `Upload.write`. A promise: wait for it before the next call. */
  write(slice: Uint8Array): Promise<void> | undefined
}

export interface BodyPumpOptions {
  /** A body of another length is refused. */
  readonly announcedBytes: number | undefined
  /** Whether slices may be parts of memory that their maker goes on to use: then none is handed over that fills its buffer. */
  readonly sharesMemory: boolean
}

/** Slices up to this length are copied where they may share memory; longer ones are whole reads from the socket. */
const sharedSliceMax = 4096

export class BodyPump {
  readonly #source: Readable
  readonly #sink: ByteSink
  readonly #options: BodyPumpOptions
  readonly #done = Promise.withResolvers<void>()
  #receivedBytes = 0
  #isHeldBack = false
  #hasEnded = false
  #isSettled = false

  constructor(source: Readable, sink: ByteSink, options: BodyPumpOptions) {
    this.#source = source
    this.#sink = sink
    this.#options = options
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** Whether the body has ended, well or badly. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Whether the upload, not the client, is what the body waits for. */
  get isHeldBack(): boolean {
    return this.#isHeldBack
  }

  /** Resolves when the whole body was taken. @throws FrostError what `fail` was given, and the upload's own. */
  async run(): Promise<void> {
    this.#source.on('data', (slice: Uint8Array) => this.#onData(slice))
    this.#source.on('end', () => this.#onEnd())
    return this.#done.promise
  }

  /** In the place of `run`, for a request without a body. @throws FrostError `size-mismatch`. */
  endEmpty(): void {
    this.#isSettled = true
    const { announcedBytes } = this.#options
    if (announcedBytes !== undefined && announcedBytes > 0) throw sizeMismatch(announcedBytes, 'none')
  }

  /** Ends the pump with an error. No effect once it has ended. */
  fail(error: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#source.pause()
    this.#done.reject(error instanceof Error ? error : new FrostError('internal', String(error)))
  }

  #onData(slice: Uint8Array): void {
    if (this.#isSettled) return
    this.#receivedBytes += slice.length
    const { announcedBytes } = this.#options
    if (announcedBytes !== undefined && this.#receivedBytes > announcedBytes) {
      this.fail(sizeMismatch(announcedBytes, 'more'))
      return
    }
    try {
      const pending = this.#sink.write(this.#options.sharesMemory ? unshare(slice) : slice)
      if (pending !== undefined) this.#hold(pending)
    } catch (error) {
      this.fail(error)
    }
  }

  #hold(pending: Promise<void>): void {
    this.#isHeldBack = true
    this.#source.pause()
    pending.then(
      () => {
        this.#isHeldBack = false
        if (this.#hasEnded) this.#finish()
        else if (!this.#isSettled) this.#source.resume()
      },
      (error: unknown) => this.fail(error),
    )
  }

  #onEnd(): void {
    this.#hasEnded = true
    if (!this.#isHeldBack) this.#finish()
  }

  #finish(): void {
    if (this.#isSettled) return
    const { announcedBytes } = this.#options
    if (announcedBytes !== undefined && this.#receivedBytes !== announcedBytes) {
      this.fail(sizeMismatch(announcedBytes, `only ${this.#receivedBytes}`))
      return
    }
    this.#isSettled = true
    this.#done.resolve()
  }
}

export function sizeMismatch(announcedBytes: number, actual: string): FrostError {
  return new FrostError('size-mismatch', `The body was announced with ${announcedBytes} bytes and has ${actual}.`)
}

function unshare(slice: Uint8Array): Uint8Array {
  return slice.length <= sharedSliceMax && slice.length === slice.buffer.byteLength ? new Uint8Array(slice) : slice
}
