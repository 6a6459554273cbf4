// Cuts the bytes of a connection into frames. Heads are gathered and checked before anything is made of them; the bytes of
// a body go where the sink says: into memory, to a function slice by slice, or nowhere.
//
// Where the connection lets its receiver place bytes (`target`), the rest of a body goes straight from the kernel into
// its memory; what was read together with the head is copied. Where the connection brings slices (`chunk`), each is copied
// on and then freed at once: memory that the collector frees later has to be faced by the kernel as fresh memory meanwhile.
//
// Memory is lent: between `target` and `received` the kernel may write into the body's memory. So a body that nobody
// wants any more (`abandon`) gives its memory back only when the next bytes have come, or the connection is over.
//
// Faults: whatever arrives, in whatever pieces, the reader hands over only heads whose check is right and whose lengths are
// inside the limits; anything else is one `failed` call, after which it is deaf.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { KIB } from '../base/units.ts'
import type { Compute } from '../ports/compute.ts'
import type { Connection, Receiver } from '../ports/network.ts'
import { FrameHead, fixedBytes, headBytesMax } from './frame.ts'
import type { FrameLimits } from './frame.ts'

/** Where the body of one frame goes. */
export interface BodyPlace {
  /** The body fills it from its start; at least as long as the body. */
  readonly bytes: Uint8Array | undefined
  /** Where `bytes` is undefined: gets slice after slice, valid during the call. Both undefined: the bytes go nowhere. */
  readonly slice: ((slice: Uint8Array, offset: number, bodyLength: number) => void) | undefined
  /** The body is complete. */
  done(): void
  /** It never will be, or was abandoned; the memory is not touched any more. */
  lost(): void
}

/** Takes what the reader finds. All calls come one at a time, from inside the connection's calls. */
export interface FrameSink {
  /**
   * A head, valid during the call. Where `bodyLength` > 0 it says where the body goes; `later`: no memory now, the
   * connection stops until `provide`.
   */
  frame(head: FrameHead): BodyPlace | 'later' | undefined
  /** Something arrived, whatever it was: a sign of life. */
  heard(): void
  /** What arrives is not the protocol. */
  failed(error: FrostError): void
  /** The connection is over. */
  ended(error: Error | undefined): void
}

const stagingBytes = 64 * KIB
/** A shorter rest of a body comes through the staging memory, together with the frames behind it. */
const directBytesMin = 16 * KIB
/** Below this, freeing costs more than it brings. */
const freedBytesMin = 4 * KIB

interface Source {
  bytes: Uint8Array
  view: DataView
  start: number
  end: number
}

export class FrameReader implements Receiver {
  /** Taken by what follows on the handshake. */
  sink: FrameSink
  limits: FrameLimits
  readonly #connection: Connection
  readonly #compute: Compute
  readonly #head = new FrameHead()
  /** What is read together; where slices come, the beginning of a head that was cut. */
  readonly #staging: Source = createSource(new Uint8Array(stagingBytes))
  /** A slice in work, or kept while the connection is stopped. */
  #chunk: Source | undefined
  #place: BodyPlace | undefined
  #bodyLength = 0
  #bodyFilled = 0
  /** What the frame says, and what came so far. */
  #bodyCheck: number | undefined
  #check = 0
  /** The last `target` was the body's memory. */
  #isLent = false
  /** To be told as soon as its memory is not lent any more. */
  #abandoned: BodyPlace | undefined
  /** A body waits for memory. */
  #isWaiting = false
  #isDeaf = false

  constructor(options: {
    readonly connection: Connection
    readonly compute: Compute
    readonly sink: FrameSink
    readonly limits: FrameLimits
  }) {
    assert(headBytesMax <= stagingBytes, 'every head fits the staging memory')
    this.sink = options.sink
    this.limits = options.limits
    this.#connection = options.connection
    this.#compute = options.compute
  }

  /** The connection is stopped because a body waits for memory. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  target(): Uint8Array {
    const place = this.#place
    const bytes = place?.bytes
    if (bytes !== undefined && this.#bodyLength - this.#bodyFilled >= directBytesMin) {
      this.#isLent = true
      return bytes.subarray(this.#bodyFilled, this.#bodyLength)
    }
    this.#isLent = false
    const staging = this.#staging
    if (staging.start === staging.end) staging.start = staging.end = 0
    else if (staging.start > 0 && stagingBytes - staging.end < directBytesMin) compact(staging)
    return staging.bytes.subarray(staging.end)
  }

  received(count: number): void {
    if (this.#isDeaf) return
    this.sink.heard()
    if (this.#isLent) {
      this.#isLent = false
      this.#addToCheck(this.#place?.bytes, count)
      this.#bodyFilled += count
      this.#tellAbandoned()
      if (this.#bodyFilled === this.#bodyLength) this.#endBody()
      return
    }
    this.#staging.end += count
    this.#run(this.#staging)
  }

  chunk(bytes: Uint8Array<ArrayBuffer>): void {
    this.sink.heard()
    assert(this.#chunk === undefined, 'a stopped connection brings nothing')
    const chunk = createSource(bytes)
    chunk.end = bytes.length
    this.#chunk = chunk
    this.#runChunk(chunk)
  }

  closed(error?: Error): void {
    this.#isDeaf = true
    this.#isLent = false
    this.#freeChunk()
    this.#tellAbandoned()
    const place = this.#place
    this.#place = undefined
    place?.lost()
    this.sink.ended(error)
  }

  /** Memory for the body that waits. */
  provide(place: BodyPlace): void {
    assert(this.#isWaiting, 'a body waits')
    this.#isWaiting = false
    if (this.#isDeaf) {
      place.lost()
      return
    }
    this.#place = place
    const chunk = this.#chunk
    if (chunk === undefined) this.#run(this.#staging)
    else this.#runChunk(chunk)
    if (!this.#isWaiting && !this.#isDeaf) this.#connection.resume()
  }

  /** Nobody wants the rest of this body: it goes nowhere, and `lost` is called when its memory is not lent. */
  abandon(place: BodyPlace): void {
    if (this.#place !== place) return
    this.#place = nowhere
    this.#abandoned = place
    if (!this.#isLent) this.#tellAbandoned()
  }

  /** Hears nothing any more; what it has is dropped. */
  stop(): void {
    this.#isDeaf = true
  }

  /** Finishes a head that was cut, then reads on in the slice itself; what is left of it is a head that is cut. */
  #runChunk(chunk: Source): void {
    const staging = this.#staging
    while (staging.end > 0 && chunk.start < chunk.end && !this.#isDeaf && !this.#isWaiting) {
      this.#gatherHead(chunk)
      this.#run(staging)
      if (staging.start === staging.end) staging.start = staging.end = 0
    }
    if (!this.#isWaiting) this.#run(chunk)
    if (this.#isWaiting && !this.#isDeaf) return
    if (!this.#isDeaf) {
      staging.bytes.set(chunk.bytes.subarray(chunk.start, chunk.end), staging.end)
      staging.end += chunk.end - chunk.start
    }
    this.#freeChunk()
  }

  /** Moves bytes from the slice to the staging memory: the fixed part first, then as much as the head has. */
  #gatherHead(chunk: Source): void {
    const staging = this.#staging
    let length = fixedBytes
    if (staging.end >= fixedBytes) length = this.#headLength(staging) ?? 0
    const count = Math.min(length - staging.end, chunk.end - chunk.start)
    if (count <= 0) return
    staging.bytes.set(chunk.bytes.subarray(chunk.start, chunk.start + count), staging.end)
    staging.end += count
    chunk.start += count
  }

  /** Reads what is complete. */
  #run(source: Source): void {
    while (!this.#isDeaf && !this.#isWaiting) {
      if (this.#place !== undefined) {
        if (source.start === source.end) return
        this.#fillBody(this.#place, source)
        continue
      }
      if (source.end - source.start < fixedBytes) return
      const length = this.#headLength(source)
      if (length === undefined || source.end - source.start < length) return
      this.#takeHead(source, length)
    }
  }

  #headLength(source: Source): number | undefined {
    try {
      return FrameHead.lengthAt(source.view, source.start, this.limits)
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  #takeHead(source: Source, length: number): void {
    const head = this.#head
    try {
      head.read(source, source.start, length, this.#compute)
      source.start += length
      const { bodyLength } = head
      const place = this.sink.frame(head)
      if (bodyLength === 0 || this.#isDeaf) return
      this.#bodyLength = bodyLength
      this.#bodyFilled = 0
      this.#bodyCheck = head.bodyCheck
      this.#check = 0
      if (place === 'later') {
        this.#isWaiting = true
        this.#connection.pause()
      } else {
        this.#place = place ?? nowhere
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #fillBody(place: BodyPlace, source: Source): void {
    const count = Math.min(source.end - source.start, this.#bodyLength - this.#bodyFilled)
    if (place.bytes !== undefined || place.slice !== undefined) {
      const slice = source.bytes.subarray(source.start, source.start + count)
      if (this.#bodyCheck !== undefined) this.#check = this.#compute.crc32(slice, this.#check)
      if (place.bytes === undefined) place.slice?.(slice, this.#bodyFilled, this.#bodyLength)
      else place.bytes.set(slice, this.#bodyFilled)
    }
    source.start += count
    this.#bodyFilled += count
    if (this.#bodyFilled === this.#bodyLength) this.#endBody()
  }

  #addToCheck(bytes: Uint8Array | undefined, count: number): void {
    if (this.#bodyCheck === undefined || bytes === undefined) return
    const filled = this.#bodyFilled
    this.#check = this.#compute.crc32(bytes.subarray(filled, filled + count), this.#check)
  }

  #endBody(): void {
    const place = this.#place
    this.#place = undefined
    if (place === undefined || place === nowhere) return
    if (this.#bodyCheck === undefined || this.#check === this.#bodyCheck) {
      place.done()
    } else {
      place.lost()
      this.#fail(new FrostError('protocol-error', 'A body has a wrong check: what arrives is damaged.'))
    }
  }

  #tellAbandoned(): void {
    const place = this.#abandoned
    this.#abandoned = undefined
    place?.lost()
  }

  #freeChunk(): void {
    const bytes = this.#chunk?.bytes
    this.#chunk = undefined
    if (bytes === undefined || bytes.byteLength < freedBytesMin) return
    const { buffer } = bytes
    // A slice of memory that it shares with others (Node.js has such a pool) is not this receiver's to free.
    if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0)
  }

  /** An operating error is the peer's fault; anything else is a defect, and not hidden here. */
  #fail(error: unknown): void {
    if (!(error instanceof FrostError)) throw error
    if (this.#isDeaf) return
    this.#isDeaf = true
    this.sink.failed(error)
  }
}

const nowhere: BodyPlace = { bytes: undefined, slice: undefined, done: () => {}, lost: () => {} }

function createSource(bytes: Uint8Array): Source {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start: 0, end: 0 }
}

function compact(source: Source): void {
  source.bytes.copyWithin(0, source.start, source.end)
  source.end -= source.start
  source.start = 0
}
