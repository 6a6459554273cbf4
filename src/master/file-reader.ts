// One version opened for reading: cuts a range of the file into parts of blocks, reads some of them ahead, and hands them out in order.
//
// Parts are whole blocks while memory is plenty, and small ones while it is scarce, so that many slow clients hold little each.
// Only what is asked next waits for memory; reading ahead takes it when it is there.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { BlockGeometry, blockDataBytes, fullBlockBytes, stripesInFullBlock } from '../codec/geometry.ts'
import type { Extent, VersionRow } from '../meta/contract/version-row.ts'
import { readBlockPart } from './block-reader.ts'
import type { BlockReaderPorts } from './block-reader.ts'
import type { BodySlice, FileBody, FileInfo, FileReader } from './file-service.ts'
import type { BlockPart } from './fragment-fetcher.ts'

const readAheadMax = 2
/** Of the stripes of a block, while memory is scarce. */
const scarceFraction = 10

export interface OpenedVersion<Info> {
  readonly row: VersionRow
  readonly info: Info
  /** Tells the read generations that nothing is read any more. */
  readonly ended: () => void
}

export class VersionReader<Info extends FileInfo> implements FileReader {
  readonly info: Info
  readonly #ports: BlockReaderPorts
  readonly #row: VersionRow
  readonly #ended: () => void
  readonly #bodies = new Set<FileBody>()

  constructor(ports: BlockReaderPorts, opened: OpenedVersion<Info>) {
    this.#ports = ports
    this.#row = opened.row
    this.#ended = opened.ended
    this.info = opened.info
  }

  read(offset: number, length: number, signal?: AbortSignal): FileBody {
    const { sizeBytes, storedSizeBytes = sizeBytes } = this.#row
    assert(offset >= 0 && length >= 0 && offset + length <= storedSizeBytes, 'the range lies within the file')
    const body = new RangeBody(this.#ports, this.#row.extents, { offset, end: offset + length }, signal)
    this.#bodies.add(body)
    return body
  }

  close(): void {
    for (const body of this.#bodies) body.close()
    this.#bodies.clear()
    this.#ended()
  }
}

class RangeBody implements FileBody {
  readonly #ports: BlockReaderPorts
  readonly #extents: readonly Extent[]
  readonly #end: number
  readonly #age: number
  readonly #signal: AbortSignal | undefined
  /** Where the next part begins that nobody reads yet. */
  #position: number
  readonly #ahead: Promise<BodySlice>[] = []
  #controller: AbortController | undefined
  #isClosed = false

  constructor(
    ports: BlockReaderPorts,
    extents: readonly Extent[],
    range: { readonly offset: number; readonly end: number },
    signal: AbortSignal | undefined,
  ) {
    this.#ports = ports
    this.#extents = extents
    this.#position = range.offset
    this.#end = range.end
    this.#age = ports.budget.nextAge()
    this.#signal = signal
  }

  async next(): Promise<BodySlice | undefined> {
    if (this.#isClosed) throw new FrostError('cancelled', 'The download was closed.')
    if (this.#ahead.length === 0) {
      if (this.#position >= this.#end) return undefined
      this.#start()
    }
    const next = this.#ahead.shift()
    const slice = await next
    while (
      this.#ahead.length < readAheadMax &&
      this.#position < this.#end &&
      !this.#isClosed &&
      !this.#ports.budget.isScarce
    )
      this.#start()
    return slice
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#controller?.abort(new FrostError('cancelled', 'The download was closed.'))
    for (const ahead of this.#ahead)
      ahead.then(
        (slice) => slice.release(),
        () => undefined,
      )
    this.#ahead.length = 0
  }

  #start(): void {
    const part = this.#nextPart()
    const reading = readBlockPart(this.#ports, part, { age: this.#age, ...this.#signalFor(part) })
    // Whoever awaits it sees the failure; until then it is not an unhandled one.
    reading.catch(() => undefined)
    this.#ahead.push(reading)
  }

  /** A body of one part is over before it could be aborted, and goes without the cost of a signal. */
  #signalFor(part: BlockPart): { readonly signal?: AbortSignal } {
    if (this.#controller === undefined) {
      if (
        this.#signal === undefined &&
        this.#position >= this.#end &&
        part.end - part.from <= part.geometry.chunkSizeBytes
      )
        return {}
      this.#controller = new AbortController()
      const { signal } = { signal: this.#signal }
      if (signal?.aborted === true) this.#controller.abort(signal.reason)
      else signal?.addEventListener('abort', () => this.#controller?.abort(signal.reason), { once: true })
    }
    return { signal: this.#controller.signal }
  }

  #nextPart(): BlockPart {
    let start = 0
    const extent = this.#extents.find((candidate) => {
      if (this.#position < start + candidate.length) return true
      start += candidate.length
      return false
    })
    assert(extent !== undefined, 'the extents cover the file')
    const { scheme, chunkSizeBytes, dataLengthBytes } = extent
    const full = fullBlockBytes(scheme, chunkSizeBytes)
    const inData = extent.offset + this.#position - start
    const block = Math.floor(inData / full)
    const geometry = new BlockGeometry(
      scheme,
      chunkSizeBytes,
      blockDataBytes(scheme, chunkSizeBytes, dataLengthBytes, block),
    )
    const from = inData - block * full
    const limit = Math.min(
      geometry.dataBytes,
      from + (this.#end - this.#position),
      extent.offset + extent.length - block * full,
    )
    let end = limit
    if (this.#ports.budget.isScarce) {
      const stripeBytes = scheme.dataColumns * chunkSizeBytes
      const step = Math.max(1, Math.floor(stripesInFullBlock(chunkSizeBytes) / scarceFraction)) * stripeBytes
      end = Math.min(limit, (Math.floor(from / step) + 1) * step)
    }
    this.#position += end - from
    return { ref: { group: extent.group, dataId: extent.dataId }, block, geometry, from, end }
  }
}
