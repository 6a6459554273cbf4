// Reads an encrypted object by ranges of what the client sees (format: stream-format.ts): finds the segments that a range
// touches, reads those in one run, opens one after the other, and hands out a segment's bytes only after its tag was checked.
// A part's salt stands before its segments; where the run begins further in, it is fetched first, by a read of its own.

import { assert, defined } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { freeBytes } from '../../base/free-bytes.ts'
import type { BodySlice, FileBody } from '../../master/file-service.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Opener, Vault } from '../../ports/vault.ts'
import { ExactReader } from './exact-reader.ts'
import { planRun } from './segment-run.ts'
import type { RunStream, SegmentRun } from './segment-run.ts'
import { plainSize, saltBytes, segmentNonce, streamKey, tagBytes } from './stream-format.ts'
import type { PlainLayout } from './stream-format.ts'

/** The stored bytes: what `ObjectReader` and `FileReader` are. */
export interface StoredReader {
  read(offset: number, length: number, signal?: AbortSignal): FileBody
  close(): void
}

export interface DecryptionPorts {
  readonly compute: Compute
  readonly vault: Vault
}

export class DecryptingReader {
  readonly #ports: DecryptionPorts
  readonly #reader: StoredReader
  readonly #dataKey: Uint8Array
  readonly #layout: PlainLayout
  readonly sizeBytes: number

  /** Takes over `reader`. `layout`: of the whole object. */
  constructor(
    ports: DecryptionPorts,
    reader: StoredReader,
    object: { readonly dataKey: Uint8Array; readonly layout: PlainLayout },
  ) {
    this.#ports = ports
    this.#reader = reader
    this.#dataKey = object.dataKey
    this.#layout = object.layout
    this.sizeBytes = plainSize(object.layout)
  }

  /** As `FileReader.read`, in bytes as the client sees them. @throws FrostError also `store-corrupt`: the stored bytes were altered. */
  read(offset: number, length: number, signal?: AbortSignal): FileBody {
    assert(offset >= 0 && length >= 0 && offset + length <= this.sizeBytes, 'a range within the object')
    const run = planRun(this.#layout, offset, length)
    const open = (at: number, bytes: number): FileBody => this.#reader.read(at, bytes, signal)
    return new DecryptingBody(this.#ports, this.#dataKey, run, open)
  }

  /** Can be called twice. */
  close(): void {
    this.#reader.close()
  }
}

class DecryptingBody implements FileBody {
  readonly #ports: DecryptionPorts
  readonly #dataKey: Uint8Array
  readonly #open: (offset: number, length: number) => FileBody
  readonly #run: SegmentRun
  /** Checked, to be handed out. */
  #ready: Uint8Array[] = []
  #stored: ExactReader | undefined
  #isOver: boolean
  #streamIndex = 0
  #segment: number
  #key: Uint8Array | undefined
  #skipBytes: number
  #leftBytes: number

  constructor(
    ports: DecryptionPorts,
    dataKey: Uint8Array,
    run: SegmentRun,
    open: (offset: number, length: number) => FileBody,
  ) {
    this.#ports = ports
    this.#dataKey = dataKey
    this.#open = open
    this.#run = run
    this.#segment = run.firstSegment
    this.#skipBytes = run.skipBytes
    this.#leftBytes = run.plainBytes
    this.#isOver = run.streams.length === 0
  }

  async next(): Promise<BodySlice | undefined> {
    while (this.#ready.length === 0) {
      if (this.#isOver || this.#leftBytes === 0) {
        this.close()
        return undefined
      }
      try {
        await this.#openSegment()
      } catch (error) {
        this.close()
        throw error
      }
    }
    const bytes = defined(this.#ready.shift(), 'bytes that are ready')
    return { bytes, release: () => freeBytes(bytes) }
  }

  close(): void {
    this.#isOver = true
    for (const bytes of this.#ready) freeBytes(bytes)
    this.#ready = []
    this.#stored?.close()
  }

  async #openSegment(): Promise<void> {
    const stream = defined(this.#run.streams[this.#streamIndex], 'a stream that is left')
    this.#stored ??= await this.#begin(stream)
    if (this.#isOver) this.#stored.close()
    this.#key ??= this.#keyOf(stream, stream.part === 0 ? new Uint8Array(0) : await this.#stored.take(saltBytes))
    const isLast = this.#segment === stream.segments - 1
    const nonce = segmentNonce(this.#segment, isLast)
    const opener = this.#ports.vault.createOpener({ key: this.#key, nonce, context: new Uint8Array(0) })
    const plain = await this.#openPieces(opener, stream.plainBytesOf(this.#segment), this.#stored)
    this.#handOut(plain)
    this.#segment += 1
    if (isLast) {
      this.#streamIndex += 1
      this.#segment = 0
      this.#key = undefined
      this.#isOver ||= this.#streamIndex === this.#run.streams.length
    }
  }

  async #openPieces(opener: Opener, length: number, stored: ExactReader): Promise<Uint8Array[]> {
    const plain: Uint8Array[] = []
    let left = length
    while (left > 0) {
      const bytes = await stored.peek(left)
      plain.push(opener.update(bytes))
      left -= bytes.length
      stored.drop(bytes.length)
    }
    if (opener.finish(await stored.take(tagBytes))) return plain
    for (const bytes of plain) freeBytes(bytes)
    throw new FrostError('store-corrupt', `Segment ${this.#segment} of an encrypted object was altered.`)
  }

  /** Starts the run; the salt of a part that it does not begin with is read first. */
  async #begin(stream: RunStream): Promise<ExactReader> {
    if (stream.part !== 0 && this.#run.saltOffset !== undefined) {
      const before = new ExactReader(this.#open(this.#run.saltOffset, saltBytes))
      try {
        this.#key = this.#keyOf(stream, await before.take(saltBytes))
      } finally {
        before.close()
      }
    }
    return new ExactReader(this.#open(this.#run.storedOffset, this.#run.storedBytes))
  }

  #keyOf(stream: RunStream, salt: Uint8Array): Uint8Array {
    return streamKey(this.#ports.compute, this.#dataKey, stream.part, salt)
  }

  /** Cuts off what lies before and after the range. */
  #handOut(plain: readonly Uint8Array[]): void {
    for (const bytes of plain) {
      const start = Math.min(this.#skipBytes, bytes.length)
      const end = Math.min(bytes.length, start + this.#leftBytes)
      this.#skipBytes -= start
      this.#leftBytes -= end - start
      if (end > start) this.#ready.push(end - start === bytes.length ? bytes : bytes.subarray(start, end))
      else freeBytes(bytes)
    }
  }
}
