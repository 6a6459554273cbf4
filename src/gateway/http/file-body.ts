// Sends the bytes of a file: all of it, one range, or several as multipart/byteranges. The first slice is fetched before the head
// goes out, so that a file that cannot be read is a problem document with its status; what fails later ends
// the connection. A small window of slices is kept on its way to the client, and each slice is given back to its pool exactly
// once: when the kernel has taken it, or when the connection has ended.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { KIB } from '../../base/units.ts'
import type { BodySlice, FileBody, FileReader } from '../../master/file-service.ts'
import type { Exchange } from './exchange.ts'
import type { ByteRange } from './ranges.ts'

/** What to send: the parts in order, with what stands before and after them. */
export interface FileBodyPlan {
  readonly status: number
  /** Flat; may be added to. With the Content-Length. */
  readonly headers: string[]
  /** At least one. */
  readonly parts: readonly ByteRange[]
  /** Before the part of the same index. */
  readonly headings?: readonly string[]
  readonly closing?: string
}

/** What is needed of a file. */
export type BytesReader = Pick<FileReader, 'read' | 'close'>

/** Slices and bytes on their way to the client; the next slice is awaited only below one of the two. */
const slicesInFlightMin = 2
const bytesInFlightMax = 512 * KIB

/** Owns `reader` from here on. Resolves when the answer is complete or its client gone. */
export async function sendFileBody(exchange: Exchange, reader: BytesReader, plan: FileBodyPlan): Promise<void> {
  const sender = new FileBodySender(exchange, reader, plan)
  exchange.onClose(() => sender.close())
  try {
    await sender.send()
  } catch (error) {
    if (!exchange.isClosed) throw error
  } finally {
    sender.closeReader()
  }
}

class FileBodySender {
  readonly #exchange: Exchange
  readonly #reader: BytesReader
  readonly #plan: FileBodyPlan
  /** Written and not given back yet, in the order in which they were written. */
  readonly #slices: BodySlice[] = []
  #bytesInFlight = 0
  #body: FileBody | undefined
  #onRoom: (() => void) | undefined
  #isClosed = false

  constructor(exchange: Exchange, reader: BytesReader, plan: FileBodyPlan) {
    this.#exchange = exchange
    this.#reader = reader
    this.#plan = plan
  }

  async send(): Promise<void> {
    const { headings, closing, parts } = this.#plan
    const { response } = this.#exchange
    for (const [index, part] of parts.entries()) {
      const heading = headings?.[index] ?? ''
      const isComplete = await this.#sendPart(part, heading, index === 0)
      if (isComplete || this.#isClosed) return
    }
    this.closeReader()
    if (closing === undefined) response.end()
    else response.end(closing, 'latin1')
  }

  /** Gives back everything. For the end of the exchange: nothing is written any more. */
  close(): void {
    this.#isClosed = true
    for (const slice of this.#slices) slice.release()
    this.#slices.length = 0
    this.closeReader()
    this.#onRoom?.()
  }

  closeReader(): void {
    this.#body?.close()
    this.#reader.close()
  }

  /** Whether the answer is complete with it. */
  async #sendPart(part: ByteRange, heading: string, isFirst: boolean): Promise<boolean> {
    const { exchange, response } = { exchange: this.#exchange, response: this.#exchange.response }
    const body = this.#reader.read(part.offset, part.length)
    this.#body = body
    let sentBytes = 0
    while (sentBytes < part.length) {
      const slice = await body.next()
      if (slice === undefined && !this.#isClosed) throw lengthError(part.length, sentBytes)
      if (slice === undefined || this.#isClosed) {
        slice?.release()
        return false
      }
      this.#slices.push(slice)
      const { bytes } = slice
      if (sentBytes + bytes.length > part.length) throw lengthError(part.length, sentBytes + bytes.length)
      if (sentBytes === 0) {
        if (isFirst && this.#sendAtOnce(bytes, part)) return true
        if (isFirst) exchange.startBody(this.#plan.status, this.#plan.headers)
        if (heading !== '') response.write(heading, 'latin1')
      }
      sentBytes += bytes.length
      this.#write(bytes)
      if (this.#slices.length >= slicesInFlightMin && this.#bytesInFlight >= bytesInFlightMax) await this.#room()
    }
    body.close()
    return false
  }

  /** The usual small file: one slice, in one write with the head. It is given back when the exchange ends. */
  #sendAtOnce(bytes: Uint8Array, part: ByteRange): boolean {
    const { status, headers, parts } = this.#plan
    if (bytes.length !== part.length || parts.length !== 1) return false
    this.closeReader()
    this.#exchange.bytesSent = bytes.length
    this.#exchange.sendSized(status, headers, bytes)
    return true
  }

  #write(bytes: Uint8Array): void {
    this.#bytesInFlight += bytes.length
    this.#exchange.response.write(bytes, (error: unknown) => {
      if (this.#isClosed || (error !== undefined && error !== null)) return // `close` gives everything back
      const slice = this.#slices.shift()
      assert(slice !== undefined && slice.bytes === bytes, 'slices leave in the order in which they were written')
      slice.release()
      this.#bytesInFlight -= bytes.length
      this.#exchange.bytesSent += bytes.length
      this.#exchange.stepsSent++
      if (this.#bytesInFlight < bytesInFlightMax || this.#slices.length < slicesInFlightMin) this.#onRoom?.()
    })
  }

  async #room(): Promise<void> {
    if (this.#isClosed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onRoom = resolve
    await promise
    this.#onRoom = undefined
  }
}

function lengthError(expected: number, actual: number): FrostError {
  return new FrostError('internal', `A read of ${expected} bytes gave ${actual}.`)
}
