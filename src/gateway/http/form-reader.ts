// Reads a multipart/form-data body (RFC 7578), as browsers and `curl -F` send it: fields, and exactly one part `file`, whose bytes go to a
// sink that is opened with what came before them. The parser is @fastify/busboy; this file bounds it, and holds the two rules that
// a form adds: one file, and the form has not ended well before its closing delimiter has been seen.

import { Busboy } from '@fastify/busboy'
import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy'
import type { IncomingMessage } from 'node:http'

import { FrostError } from '../../base/errors.ts'
import { BodyPump } from './body-pump.ts'
import type { ByteSink } from './body-pump.ts'
import type { Exchange } from './exchange.ts'
import type { StallWatch, Transfer } from './stall-watch.ts'
import { clientGone, uploadStalled } from './upload-body.ts'

/** What is known of a form when its file begins. */
export interface FormHead {
  /** As the client sent it, with its path; `undefined` where it names none. */
  readonly fileName: string | undefined
  readonly contentType: string
  /** Those before the file: names and values as they came, also where a name comes twice. Empty where fields are not wanted. */
  readonly fields: readonly FormField[]
}

export interface FormField {
  readonly name: string
  readonly value: string
}

export interface FormTarget {
  readonly sink: ByteSink
  /** A file of another length is refused. */
  readonly announcedBytes?: number | undefined
}

/** What is used of a request. */
export type FormExchange = Pick<Exchange, 'request' | 'hasBody' | 'onClose' | 'acceptBody' | 'bytesReceived'>

export interface FormOptions {
  readonly watch: StallWatch
  /** Opens what the file goes to. May refuse. Has settled when `run` has. */
  readonly open: (head: FormHead) => Promise<FormTarget>
  /** Absent: fields are read past. */
  readonly fields?: { readonly countMax: number; readonly bytesMax: number } | undefined
  /** The error for a form that is not as it should be. */
  readonly problem: (problem: FormProblem, cause?: unknown) => Error
}

export type FormProblem = 'boundary' | 'malformed' | 'file-cut-off' | 'no-file' | 'files' | 'parts' | 'fields-too-long'

/** Parts of a form whose fields are not wanted, of which all but one are ignored. */
export const partsMax = 32
const partHeadBytesMax = 16 * 1024
const partHeaderPairsMax = 32
const streamBytesMax = 128 * 1024
const filePart = 'file'

export class FormReader implements Transfer {
  readonly #request: IncomingMessage
  readonly #exchange: FormExchange
  readonly #options: FormOptions
  readonly #parser: BusboyInstance
  readonly #ended = Promise.withResolvers<void>()
  readonly #fields: FormField[] = []
  #fieldBytes = 0
  #filled: Promise<void> | undefined
  #pump: BodyPump | undefined
  #receivedBytes = 0
  #isPaused = false
  #hasEnded = false
  #failure: Error | undefined

  /** @throws what `problem` makes of a request that is no form. */
  constructor(exchange: FormExchange, options: FormOptions) {
    if (!exchange.hasBody) throw options.problem('no-file')
    this.#exchange = exchange
    this.#request = exchange.request
    this.#options = options
    this.#parser = createParser(this.#request, options)
  }

  /**
   * Resolves when the form has ended well and the sink has taken all of the file.
   * @throws what `problem` makes, FrostError for a client that is gone or stalls, and whatever `open` and the sink throw.
   */
  async run(): Promise<void> {
    const { watch, problem } = this.#options
    this.#exchange.onClose(() => this.#onClose())
    this.#exchange.acceptBody()
    this.#listen()
    watch.add(this)
    try {
      await this.#ended.promise
      if (this.#filled === undefined) throw problem('no-file')
      await this.#filled
      this.#hasEnded = true
    } catch (error) {
      this.#fail(error)
      // What `open` is opening is known to the caller by then, who ends it.
      await this.#filled?.catch(() => undefined)
      throw error
    } finally {
      watch.remove(this)
      this.#exchange.bytesReceived = this.#receivedBytes
    }
  }

  progress(): number {
    return this.#receivedBytes
  }

  isPeerTurn(): boolean {
    return !this.#isPaused
  }

  onStall(): void {
    this.#fail(uploadStalled(this.#options.watch.timeoutMs))
  }

  /** Also the end of every form that went well. */
  #onClose(): void {
    if (!this.#hasEnded) this.#fail(clientGone())
  }

  /** No effect once it has failed. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = error instanceof Error ? error : new FrostError('internal', String(error))
    this.#ended.reject(this.#failure)
    this.#pump?.fail(this.#failure)
    this.#request.removeAllListeners('data')
  }

  #listen(): void {
    const parser = this.#parser
    const { problem } = this.#options
    // After the first one the parser skips further parts, and `filesLimit` tells of them.
    parser.on('file', (...[, stream, fileName, , contentType]) => {
      this.#filled = this.#fill(stream, { fileName, contentType, fields: this.#fields })
      this.#filled.catch((error: unknown) => this.#fail(error))
    })
    parser.on('field', (name: string | undefined, value: string, _isNameCut, isValueCut: boolean) =>
      this.#onField(name, value, isValueCut),
    )
    parser.on('filesLimit', () => this.#fail(problem('files')))
    parser.on('partsLimit', () => this.#fail(problem('parts')))
    parser.on('error', (error: unknown) => this.#fail(problem('malformed', error)))
    parser.on('finish', () => this.#ended.resolve())
    parser.on('drain', () => {
      this.#isPaused = false
      if (this.#failure === undefined) this.#request.resume()
    })
    this.#request.on('data', (slice: Uint8Array) => {
      this.#receivedBytes += slice.length
      if (parser.write(slice)) return
      this.#isPaused = true
      this.#request.pause()
    })
    this.#request.on('end', () => parser.end())
  }

  /** What follows the file is read past, and so is what has no name. */
  #onField(name: string | undefined, value: string, isValueCut: boolean): void {
    const { fields, problem } = this.#options
    if (fields === undefined || name === undefined || this.#filled !== undefined) return
    this.#fieldBytes += Buffer.byteLength(name) + Buffer.byteLength(value)
    if (isValueCut || this.#fieldBytes > fields.bytesMax) this.#fail(problem('fields-too-long'))
    else this.#fields.push({ name, value })
  }

  async #fill(stream: BusboyFileStream, head: FormHead): Promise<void> {
    const { open, problem } = this.#options
    stream.on('error', (error: unknown) => this.#fail(problem('file-cut-off', error)))
    this.#throwIfFailed()
    const { sink, announcedBytes } = await open(head)
    this.#throwIfFailed()
    this.#pump = new BodyPump(stream, sink, { announcedBytes, sharesMemory: true })
    await this.#pump.run()
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}

function createParser(request: IncomingMessage, { fields, problem }: FormOptions): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
      highWaterMark: streamBytesMax,
      fileHwm: streamBytesMax,
      preservePath: true,
      isPartAFile: (field) => field === filePart,
      limits: {
        files: 1,
        parts: fields === undefined ? partsMax : fields.countMax + 1,
        fieldSize: fields?.bytesMax ?? 0, // else read past
        headerPairs: partHeaderPairsMax,
        headerSize: partHeadBytesMax,
      },
    })
  } catch (error) {
    throw problem('boundary', error)
  }
}
