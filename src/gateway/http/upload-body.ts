// Receives the body of an upload: raw, or as the part `file` of a form. The upload is opened before the body is read (and
// before a client that waits with Expect: 100-continue is told to send), committed only after the body's proper end, and
// aborted on every other way out, so that nothing of a broken body stays.

import type { Readable } from 'node:stream'

import { FrostError } from '../../base/errors.ts'
import type { FileInfo, FileService, PutRequest, Upload } from '../../master/file-service.ts'
import { BodyPump } from './body-pump.ts'
import type { Exchange } from './exchange.ts'
import type { StallWatch, Transfer } from './stall-watch.ts'

export interface UploadParts {
  readonly content: Pick<FileService, 'put'>
  readonly uploadWatch: StallWatch
}

/** Stores the raw body of a request. */
export async function receiveRawBody(exchange: Exchange, parts: UploadParts, request: PutRequest): Promise<FileInfo> {
  const upload = await parts.content.put(request)
  return new UploadBody(exchange, upload, parts.uploadWatch).receive(exchange.request, request.sizeBytes)
}

class UploadBody implements Transfer {
  readonly #exchange: Exchange
  readonly #upload: Upload
  readonly #watch: StallWatch
  #pump: BodyPump | undefined

  constructor(exchange: Exchange, upload: Upload, watch: StallWatch) {
    this.#exchange = exchange
    this.#upload = upload
    this.#watch = watch
  }

  async receive(source: Readable, announcedBytes: number | undefined): Promise<FileInfo> {
    const pump = new BodyPump(source, this.#upload, { announcedBytes, sharesMemory: false })
    this.#pump = pump
    try {
      this.#exchange.onClose(() => this.#onClose())
      this.#exchange.acceptBody()
      this.#watch.add(this)
      if (this.#exchange.hasBody) await pump.run()
      else pump.endEmpty()
      this.#watch.remove(this)
      return await this.#upload.finish()
    } catch (error) {
      this.#upload.abort(error)
      throw error
    } finally {
      this.#watch.remove(this)
      this.#exchange.bytesReceived = pump.receivedBytes
    }
  }

  /** Also the end of every upload that went well. */
  #onClose(): void {
    if (this.#pump?.isSettled === false) this.#pump.fail(clientGone())
  }

  progress(): number {
    return this.#pump?.receivedBytes ?? 0
  }

  isPeerTurn(): boolean {
    return this.#pump?.isHeldBack === false
  }

  onStall(): void {
    this.#pump?.fail(uploadStalled(this.#watch.timeoutMs))
  }
}

export function clientGone(): FrostError {
  return new FrostError('upload-aborted', 'The client closed the connection before the end of the body.')
}

export function uploadStalled(timeoutMs: number): FrostError {
  return new FrostError('upload-stalled', `The body stood still for ${Math.ceil(timeoutMs / 1000)} s.`)
}
