// Receives an upload as the part `file` of a multipart/form-data body (RFC 7578), as browsers and `curl -F` send it. The parser
// is @fastify/busboy; this file bounds it, and holds the two rules that a form adds: exactly one part
// `file`, and nothing is stored before the form's closing delimiter has been seen.

import { Busboy } from '@fastify/busboy'
import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy'
import type { IncomingMessage } from 'node:http'

import { FrostError } from '../../base/errors.ts'
import type { FileInfo, PutRequest, Upload } from '../../master/file-service.ts'
import { BodyPump } from './body-pump.ts'
import type { Exchange } from './exchange.ts'
import type { StallWatch, Transfer } from './stall-watch.ts'
import { clientGone, uploadStalled } from './upload-body.ts'
import type { UploadParts } from './upload-body.ts'

/** What the form's part says of the file. */
export interface FormFile {
  /** As the client sent it, with its path; `undefined` where it names none. */
  readonly fileName: string | undefined
  readonly contentType: string
}

/** Parts of a form, of which all but one are ignored. */
const partsMax = 32
const partHeadBytesMax = 16 * 1024
const partHeaderPairsMax = 32
const streamBytesMax = 128 * 1024
const filePart = 'file'

/** `describe` decides, from the part's head, what to store; it may throw. */
export async function receiveFormBody(
  exchange: Exchange,
  parts: UploadParts,
  describe: (file: FormFile) => PutRequest,
): Promise<FileInfo> {
  if (!exchange.hasBody) throw noFilePart()
  const body = new FormBody(exchange, parts, describe)
  exchange.onClose(() => body.onClose())
  exchange.acceptBody()
  return body.receive()
}

class FormBody implements Transfer {
  readonly #request: IncomingMessage
  readonly #exchange: Exchange
  readonly #parts: UploadParts
  readonly #watch: StallWatch
  readonly #describe: (file: FormFile) => PutRequest
  readonly #parser: BusboyInstance
  readonly #ended = Promise.withResolvers<void>()
  #stored: Promise<Upload> | undefined
  #upload: Upload | undefined
  #pump: BodyPump | undefined
  #receivedBytes = 0
  #isPaused = false
  #hasEnded = false
  #failure: unknown

  constructor(exchange: Exchange, parts: UploadParts, describe: (file: FormFile) => PutRequest) {
    this.#exchange = exchange
    this.#request = exchange.request
    this.#parts = parts
    this.#watch = parts.uploadWatch
    this.#describe = describe
    this.#parser = createParser(this.#request)
  }

  async receive(): Promise<FileInfo> {
    this.#listen()
    this.#watch.add(this)
    try {
      await this.#ended.promise
      if (this.#stored === undefined) throw noFilePart()
      const upload = await this.#stored
      this.#watch.remove(this)
      this.#hasEnded = true
      return await upload.finish()
    } catch (error) {
      this.fail(error)
      this.#upload?.abort(error)
      throw error
    } finally {
      this.#watch.remove(this)
      this.#exchange.bytesReceived = this.#receivedBytes
    }
  }

  /** Also the end of every upload that went well. */
  onClose(): void {
    if (!this.#hasEnded) this.fail(clientGone())
  }

  /** No effect once the form has ended. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#ended.reject(error instanceof Error ? error : new FrostError('internal', String(error)))
    this.#pump?.fail(error)
    this.#request.removeAllListeners('data')
  }

  progress(): number {
    return this.#receivedBytes
  }

  isPeerTurn(): boolean {
    return !this.#isPaused
  }

  onStall(): void {
    this.fail(uploadStalled(this.#watch.timeoutMs))
  }

  #listen(): void {
    const parser = this.#parser
    // After the first one the parser skips further parts, and `filesLimit` tells of them.
    parser.on('file', (...[, stream, fileName, , contentType]) => {
      this.#stored = this.#store(stream, { fileName, contentType })
      this.#stored.catch((error: unknown) => this.fail(error))
    })
    parser.on('filesLimit', () => this.fail(badForm('has more than one part "file"')))
    parser.on('partsLimit', () => this.fail(badForm(`has more than ${partsMax} parts`)))
    parser.on('error', (error: unknown) => this.fail(badForm('is malformed or cut off', error)))
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

  async #store(stream: BusboyFileStream, file: FormFile): Promise<Upload> {
    stream.on('error', (error: unknown) => this.fail(badForm('ends within its file', error)))
    const request = this.#describe(file)
    const upload = await this.#parts.files.put(request)
    this.#upload = upload
    if (this.#failure !== undefined) {
      upload.abort(this.#failure)
      return upload
    }
    this.#pump = new BodyPump(stream, upload, { announcedBytes: request.sizeBytes, sharesMemory: true })
    await this.#pump.run()
    return upload
  }
}

function createParser(request: IncomingMessage): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
      highWaterMark: streamBytesMax,
      fileHwm: streamBytesMax,
      preservePath: true,
      isPartAFile: (field) => field === filePart,
      limits: {
        files: 1,
        parts: partsMax,
        fieldSize: 0, // other parts are read past
        headerPairs: partHeaderPairsMax,
        headerSize: partHeadBytesMax,
      },
    })
  } catch (error) {
    throw badForm('has no usable boundary', error)
  }
}

function badForm(what: string, cause?: unknown): FrostError {
  return new FrostError('bad-request', `The multipart/form-data body ${what}.`, {
    cause,
    remedy: 'Send one part named "file" with the bytes, or the bytes as the raw body.',
  })
}

function noFilePart(): FrostError {
  return badForm('has no part "file"')
}
