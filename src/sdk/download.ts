// Downloads: one request, and after a broken or silent connection a further one for the rest, with Range and If-Range on the same
// ETag, so that the parts are of one version: where the file was replaced meanwhile, the stream ends with `file-changed`.
// The reader sees one stream. Failures without enough progress between them are bounded; the length is checked at the end.
// Every byte was held to its chunk's checksum at the master before it was sent; on the way TCP (or TLS) guards it.

import { FrostByteError, networkError } from './errors.ts'
import { parseContentRange, rangeHeader } from './range.ts'
import type { ByteRange } from './range.ts'
import { waitForRepeat, withRetries } from './retry.ts'
import { fileQuery } from './transport.ts'
import type { RequestOptions, Transport } from './transport.ts'
import type { OnProgress } from './upload-body.ts'
import type { Watchdog } from './watchdog.ts'
import { parseFileHeaders } from './wire.ts'
import type { FileInfo } from './wire.ts'

export interface DownloadOptions extends RequestOptions {
  /** Default: the client's. */
  readonly bucket?: string | undefined
  /** Default: the whole file. Where no byte of it lies in the file: `range-unsatisfiable`. */
  readonly range?: ByteRange | undefined
  readonly onProgress?: OnProgress | undefined
}

export interface Download {
  readonly info: FileInfo
  /** Where in the file the stream begins. */
  readonly offset: number
  /** How many bytes the stream gives. */
  readonly sizeBytes: number
  /** Must be read to its end or cancelled. */
  readonly stream: ReadableStream<Uint8Array>
}

export async function download(transport: Transport, name: string, options: DownloadOptions): Promise<Download> {
  const connection = new DownloadConnection(transport, name, options)
  const opened = await withRetries(transport.policy, { signal: options.signal }, () => connection.open(options.range))
  const body = new ResumingBody(connection, transport, opened, options)
  const stream = new ReadableStream<Uint8Array>(
    { pull: (controller) => body.pull(controller), cancel: (reason) => connection.close(reason) },
    { highWaterMark: 0 },
  )
  return { info: opened.info, offset: opened.first, sizeBytes: opened.end - opened.first, stream }
}

/** What the first answer said. */
interface Opened {
  readonly info: FileInfo
  /** As the header had it; `undefined`: the server gives none that a range can be tied to. */
  readonly strongEtag: string | undefined
  readonly first: number
  /** The byte after the last one. */
  readonly end: number
}

/** At most one answer at a time, being read. */
class DownloadConnection {
  readonly #transport: Transport
  readonly #name: string
  readonly #options: DownloadOptions
  readonly #subject: string
  #watchdog: Watchdog | undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined

  constructor(transport: Transport, name: string, options: DownloadOptions) {
    this.#transport = transport
    this.#name = name
    this.#options = options
    this.#subject = `download of "${name}"`
  }

  get isOpen(): boolean {
    return this.#reader !== undefined
  }

  async open(range: ByteRange | undefined): Promise<Opened> {
    const response = await this.#request(range === undefined ? {} : { range: rangeHeader(range) })
    try {
      return this.#parseOpened(response, range !== undefined)
    } catch (error) {
      this.close(error)
      throw error
    }
  }

  /** Goes on at `next`. @throws FrostByteError `file-changed`. */
  async resume(opened: Opened, next: number): Promise<void> {
    if (opened.strongEtag === undefined) {
      throw new FrostByteError(
        'network-failed',
        `${this.#subject}: the connection broke, and the server gave no ETag to go on with`,
      )
    }
    let response: Response
    try {
      response = await this.#request({ 'range': `bytes=${next}-${opened.end - 1}`, 'if-range': opened.strongEtag })
    } catch (error) {
      if (error instanceof FrostByteError && (error.status === 404 || error.status === 416)) throw this.#changed(error)
      throw error
    }
    const range = parseContentRange(response.headers.get('content-range'))
    const isSame = response.status === 206 && response.headers.get('etag') === opened.strongEtag
    if (isSame && range?.first === next && range.last === opened.end - 1) return
    const error = this.#changed(undefined)
    this.close(error)
    throw error
  }

  /** The next bytes; `undefined` at the end of the answer. @throws FrostByteError or the signal's reason. */
  async read(): Promise<Uint8Array | undefined> {
    const watchdog = this.#watchdog
    watchdog?.start()
    try {
      const next = await this.#reader?.read()
      watchdog?.stop() // Now it is the reader's turn.
      return next?.value
    } catch (error) {
      watchdog?.signal.throwIfAborted()
      throw networkError(error, this.#subject)
    }
  }

  /** Breaks what is open. Can be called twice. */
  close(reason: unknown): void {
    this.#reader?.cancel(reason).catch(() => undefined)
    this.#reader = undefined
    this.#watchdog?.abort(reason)
    this.#watchdog = undefined
  }

  /** The answer was read to its end. */
  finish(): void {
    this.#watchdog?.close()
    this.#watchdog = undefined
    this.#reader = undefined
  }

  broken(): FrostByteError {
    return new FrostByteError('network-failed', `${this.#subject}: the connection ended before the file did`, {
      retryable: true,
    })
  }

  async #request(headers: Readonly<Record<string, string>>): Promise<Response> {
    const watchdog = this.#transport.watchdog(this.#subject, this.#options.signal)
    const response = await this.#transport
      .exchange(
        {
          method: 'GET',
          path: 'download',
          query: fileQuery(this.#name, this.#options.bucket ?? this.#transport.bucket),
          headers: { 'accept-encoding': 'identity', ...headers }, // Ranges and lengths are those of the stored bytes.
          subject: this.#subject,
        },
        watchdog,
      )
      .catch((error: unknown) => {
        watchdog.close()
        throw error
      })
    watchdog.stop()
    this.#watchdog = watchdog
    this.#reader = response.body?.getReader()
    return response
  }

  #parseOpened(response: Response, isRange: boolean): Opened {
    const { headers } = response
    const length = headers.get('content-length') ?? ''
    const range = isRange && response.status === 206 ? parseContentRange(headers.get('content-range')) : undefined
    const isWhole = response.status === 200 && /^\d{1,15}$/.test(length) && (!isRange || length === '0') // Empty files have no range.
    if (range === undefined && !isWhole) {
      throw new FrostByteError('response-invalid', `${this.#subject}: the server did not say which bytes it sends`, {
        status: response.status,
        remedy: 'Check that the address is that of a FrostByte server, and that no proxy changes what it sends.',
      })
    }
    const sizeBytes = range?.sizeBytes ?? Number(length)
    const bucket = this.#options.bucket ?? this.#transport.bucket
    return {
      info: parseFileHeaders(headers, { name: this.#name, bucket, sizeBytes }),
      strongEtag: /^"[^"]+"$/.exec(headers.get('etag') ?? '')?.[0],
      first: range?.first ?? 0,
      end: range === undefined ? sizeBytes : range.last + 1,
    }
  }

  #changed(cause: unknown): FrostByteError {
    return new FrostByteError('file-changed', `${this.#subject}: the file was replaced or deleted meanwhile`, {
      cause,
      remedy: 'Start the download again.',
    })
  }
}

/** This much between two failures makes the next one count as the first. */
const progressBytes = 1024 * 1024

class ResumingBody {
  readonly #connection: DownloadConnection
  readonly #transport: Transport
  readonly #opened: Opened
  readonly #options: DownloadOptions
  #next: number
  #failures = 0
  #failedAt: number

  constructor(connection: DownloadConnection, transport: Transport, opened: Opened, options: DownloadOptions) {
    this.#connection = connection
    this.#transport = transport
    this.#opened = opened
    this.#options = options
    this.#next = opened.first
    this.#failedAt = opened.first
  }

  /** Hands on the next bytes, or the end. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      try {
        this.#options.signal?.throwIfAborted()
        const slice = await this.#step()
        if (slice === undefined) {
          this.#connection.finish()
          controller.close()
        } else {
          this.#report()
          controller.enqueue(slice)
        }
        return
      } catch (error) {
        this.#connection.close(error)
        if (!(await this.#mayGoOn(error))) throw error
      }
    }
  }

  async #step(): Promise<Uint8Array | undefined> {
    const { end } = this.#opened
    if (!this.#connection.isOpen && this.#next < end) await this.#connection.resume(this.#opened, this.#next)
    const slice = this.#connection.isOpen ? await this.#connection.read() : undefined
    this.#next += slice?.length ?? 0
    if (this.#next > end) throw new FrostByteError('length-mismatch', 'the server sent more bytes than it announced')
    if (slice === undefined && this.#next < end) throw this.#connection.broken()
    return slice
  }

  #report(): void {
    const { first, end } = this.#opened
    this.#options.onProgress?.({ transferredBytes: this.#next - first, totalBytes: end - first })
  }

  async #mayGoOn(error: unknown): Promise<boolean> {
    if (!(error instanceof FrostByteError) || !error.retryable) return false
    if (this.#next - this.#failedAt >= progressBytes) this.#failures = 0
    this.#failedAt = this.#next
    return waitForRepeat(this.#transport.policy, this.#failures++, error, this.#options.signal)
  }
}
