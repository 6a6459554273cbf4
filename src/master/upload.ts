// One upload: a body comes in slices, is gathered to blocks, coded, sent, and committed in one metadata operation. What becomes of it,
// a version, a part or a copy's record, and what its manifest says, is its ending's (upload-ending.ts).
//
// - A block is sent when a further byte arrives or the body ends, because the fragments of the last block carry the manifest.
// - A body of at most one chunk needs no block memory: its slices are joined and sent as they are, to 1 + m slots.
// - Blocks are sent while the next is gathered; at most `blocksInFlightMax` of one upload, so that one client cannot take the budget.
// - It succeeds as a whole or nothing stays: whatever fails, every data id that was used is discarded, unless metadata knows
//   it as committed. A commit whose outcome is unknown is repeated until it answers, never guessed.

import { assert, defined, unreachableRejection } from '../base/assert.ts'
import { FrostError, errorCode } from '../base/errors.ts'
import { freeBytes } from '../base/free-bytes.ts'
import { columnCount } from '../base/scheme.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { BlockLayout, encodeBlock, encodeOneChunkBlock } from '../codec/block.ts'
import type { BlockContent, EncodedBlock } from '../codec/block.ts'
import { joinCrc32 } from '../codec/crc32.ts'
import type { ErasureCoder } from '../codec/erasure-coder.ts'
import { BlockGeometry, fullBlockBytes, slotOf } from '../codec/geometry.ts'
import type { Compute } from '../ports/compute.ts'
import { writeBlock } from './block-writer.ts'
import { spanned } from './spanned.ts'
import type { BlockWriterPorts } from './block-writer.ts'
import type { Discards } from './discards.ts'
import type { PutRequest } from './file-service.ts'
import type { Grant, MemoryBudget } from './memory-budget.ts'
import type { ObjectUpload, Sealing } from './object-service.ts'
import type { OpenUploads, UploadHandle } from './open-uploads.ts'
import type { StoredBody, UploadEnding } from './upload-ending.ts'
import { blocksInFlightMax, UploadExtents } from './upload-extents.ts'
import type { ExtentInProgress, PlacePorts, UploadOptions } from './upload-extents.ts'

export interface UploadPorts extends BlockWriterPorts, PlacePorts {
  readonly compute: Compute
  readonly coder: ErasureCoder
  readonly budget: MemoryBudget
  readonly openUploads: OpenUploads
  readonly discards: Discards
  /** Fetches the newest map. */
  readonly refreshMap: () => Promise<void>
}

/** `key`: for messages. */
export type UploadRequest = Pick<PutRequest, 'key'> & {
  readonly [Name in 'sizeBytes' | 'trail' | 'signal']?: PutRequest[Name] | undefined
}

const noSealing: Sealing = {}
/** For changes of the group meanwhile. Besides, each worker may once be found not to know the group yet, one after the other. */
const epochAttemptsMax = 4
/** Slices of a small body that are held one by one; more are joined, because each costs more than its bytes. */
const slicesHeldMax = 32

interface FillingBlock {
  readonly grant: Grant
  readonly layout: BlockLayout
  filledBytes: number
}

export class UploadStream<Result> implements ObjectUpload<Result> {
  readonly #ports: UploadPorts
  readonly #options: UploadOptions
  readonly #request: UploadRequest
  readonly #ending: UploadEnding<Result>
  readonly #handle: UploadHandle
  readonly #age: number
  readonly #extents: UploadExtents
  /** Slices of the start of the body, while it may still be one chunk. */
  #small: Uint8Array[] | undefined = []
  #block: FillingBlock | undefined
  #receivedBytes = 0
  /** Of those, what lies in blocks. */
  #gatheredBytes = 0
  #crc32 = 0
  #blocksInFlight = 0
  #wakeSender: (() => void) | undefined
  #failure: Error | undefined
  /** Made with the first block of a larger file; small ones are over before anybody could abort them. */
  #controller: AbortController | undefined
  #isOver = false

  constructor(ports: UploadPorts, options: UploadOptions, request: UploadRequest, ending: UploadEnding<Result>) {
    this.#ports = ports
    this.#options = options
    this.#request = request
    this.#ending = ending
    this.#handle = ports.openUploads.open()
    this.#extents = new UploadExtents(ports, options, this.#handle)
    this.#age = ports.budget.nextAge()
    if (request.signal !== undefined) {
      const { signal } = request
      if (signal.aborted) this.abort(signal.reason)
      else signal.addEventListener('abort', () => this.abort(signal.reason), { once: true })
    }
  }

  write(slice: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    assert(!this.#isOver, 'nothing is written after the end')
    this.#receivedBytes += slice.length
    const { sizeBytes } = this.#request
    if (sizeBytes !== undefined && this.#receivedBytes > sizeBytes) return this.#refuseSize()
    if (this.#small !== undefined) {
      if (this.#small.length >= slicesHeldMax) this.#small = [joinSlices(this.#small)]
      this.#small.push(slice)
      if (this.#receivedBytes <= this.#options.chunkSizeBytes) return undefined
      const held = this.#small
      this.#small = undefined
      this.#controller = new AbortController()
      return this.#fillWaiting(held)
    }
    return this.#fill(slice)
  }

  /** Copies it at once where there is room; else it waits for memory. */
  #fill(slice: Uint8Array): Promise<void> | undefined {
    const block = this.#block
    if (block !== undefined && block.filledBytes + slice.length <= block.layout.capacityBytes) {
      this.#copy(block, slice)
      freeBytes(slice)
      return undefined
    }
    return this.#fillWaiting([slice])
  }

  async #fillWaiting(slices: readonly Uint8Array[]): Promise<void> {
    try {
      for (const slice of slices) {
        for (let from = 0; from < slice.length;) {
          await this.#makeRoom()
          // The upload can have failed, and its block's memory be somebody else's, in whatever was awaited.
          this.#throwIfFailed()
          const block = defined(this.#block, 'a block with room')
          const count = Math.min(slice.length - from, block.layout.capacityBytes - block.filledBytes)
          this.#copy(block, slice.subarray(from, from + count))
          from += count
        }
        freeBytes(slice)
      }
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  #copy(block: FillingBlock, bytes: Uint8Array): void {
    block.layout.scatter(block.grant.buffer.bytes, block.filledBytes, bytes)
    block.filledBytes += bytes.length
    this.#gatheredBytes += bytes.length
  }

  /** Sends the block where it is full, and takes memory for the next one. */
  async #makeRoom(): Promise<void> {
    const block = this.#block
    if (block !== undefined) {
      if (block.filledBytes < block.layout.capacityBytes) return
      this.#block = undefined
      this.#send(block, undefined)
    }
    while (this.#blocksInFlight >= blocksInFlightMax) {
      await this.#anyBlockSent()
      this.#throwIfFailed()
    }
    const extent = this.#extents.current()
    const full = fullBlockBytes(extent.scheme, this.#options.chunkSizeBytes)
    const { sizeBytes } = this.#request
    const rest = sizeBytes === undefined ? full : sizeBytes - this.#gatheredBytes
    const layout = new BlockLayout(extent.scheme, this.#options.chunkSizeBytes, Math.min(full, rest))
    const grant = await this.#ports.budget.acquire(layout.bufferBytes, this.#age, this.#controller?.signal)
    if (this.#failure === undefined) this.#block = { grant, layout, filledBytes: 0 }
    else grant.release()
  }

  async #anyBlockSent(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakeSender = resolve
    })
  }

  /** Takes the block over and sends it in the background, whose failure is the upload's. `last`: with it the body has ended. */
  #send(block: FillingBlock, last: Sealing | undefined): void {
    const extent = defined(this.#extents.last, 'a filled block has its extent')
    const geometry = new BlockGeometry(extent.scheme, this.#options.chunkSizeBytes, block.filledBytes)
    const span = this.#request.trail?.span?.child('encode block')
    const { content, encoded } = this.#encode(extent, geometry, last, (partial) =>
      encodeBlock(this.#ports.compute, partial, {
        coder: this.#ports.coder,
        buffer: block.grant.buffer,
        layout: block.layout,
      }),
    )
    span?.end({ attributes: { 'frostbyte.bytes': geometry.dataBytes } })
    this.#sendEncoded(extent, content, encoded, () => block.grant.release())
  }

  #encode(
    extent: ExtentInProgress,
    geometry: BlockGeometry,
    last: Sealing | undefined,
    encode: (content: BlockContent) => EncodedBlock,
  ): { readonly content: BlockContent; readonly encoded: EncodedBlock } {
    const block = extent.blocks
    extent.blocks++
    extent.lengthBytes += geometry.dataBytes
    const { group, dataId } = extent
    const isLastBlock = last !== undefined
    let content: BlockContent = {
      group: group.group,
      dataId,
      block,
      geometry,
      isLastBlock,
      manifest: new Uint8Array(0),
    }
    if (isLastBlock) content = { ...content, manifest: this.#ending.manifest(this.#body(), last) }
    const encoded = encode(content)
    this.#crc32 = joinCrc32(this.#crc32, encoded.dataCrc, geometry.dataBytes)
    return { content, encoded }
  }

  #sendEncoded(extent: ExtentInProgress, content: BlockContent, encoded: EncodedBlock, release: () => void): void {
    this.#blocksInFlight++
    // The memory is free when the last attempt has ended and none of them has bytes on their way any more.
    let uses = 1
    const released = (): void => {
      uses--
      if (uses === 0) release()
    }
    const attempt = async (group: PlacementGroup): Promise<void> => {
      const columns = encoded.records.map((record) => ({
        column: record.column,
        slot: slotOf(extent.scheme, content.dataId, content.block, record.column),
        record: record.parts,
      }))
      uses++
      const { trail } = this.#request
      const span = trail?.span?.child('write block', { attributes: { 'frostbyte.block': content.block } })
      const block = { group, columns, needed: content.geometry.dataColumnCount, released, trail, span }
      const repairs = await spanned(span, writeBlock(this.#ports, block, this.#controller?.signal))
      for (const repair of repairs) extent.repairs.push({ block: content.block, ...repair })
      if (group.epoch < extent.acknowledgedEpoch) extent.acknowledgedEpoch = group.epoch
    }
    this.#attemptAll(extent, attempt)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        released()
        this.#blocksInFlight--
        this.#wakeSender?.()
        this.#wakeSender = undefined
      })
      .catch(unreachableRejection)
  }

  /** Again under the newest map where the group has changed meanwhile. */
  async #attemptAll(extent: ExtentInProgress, attempt: (group: PlacementGroup) => Promise<void>): Promise<void> {
    const attemptsMax = epochAttemptsMax + columnCount(extent.scheme)
    for (let count = 1; ; count++) {
      try {
        await attempt(this.#ports.groupNow(extent.group.group) ?? extent.group)
        return
      } catch (error) {
        if (errorCode(error) !== 'epoch-stale' || count >= attemptsMax) throw error
        await this.#ports.refreshMap()
      }
    }
  }

  async finish(sealing = noSealing): Promise<Result> {
    this.#throwIfFailed()
    assert(!this.#isOver, 'an upload ends once')
    this.#isOver = true
    const { sizeBytes } = this.#request
    if (sizeBytes !== undefined && this.#receivedBytes !== sizeBytes) await this.#refuseSize()
    try {
      this.#sendRest(sealing)
      while (this.#blocksInFlight > 0) await this.#anyBlockSent()
      this.#throwIfFailed()
      const result = await this.#ending.commit(this.#body(), this.#extents.newData(), sealing)
      this.#close()
      return result
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  #sendRest(sealing: Sealing): void {
    const block = this.#block
    if (block !== undefined) {
      this.#block = undefined
      this.#send(block, sealing)
      return
    }
    const chunk = joinSlices(this.#small ?? [])
    const extent = this.#extents.small()
    const geometry = new BlockGeometry(extent.scheme, this.#options.chunkSizeBytes, chunk.length)
    const { content, encoded } = this.#encode(extent, geometry, sealing, (partial) =>
      encodeOneChunkBlock(this.#ports.compute, partial, chunk),
    )
    this.#sendEncoded(extent, content, encoded, () => undefined)
  }

  #body(): StoredBody {
    return { sizeBytes: this.#receivedBytes, crc32: this.#crc32, extents: this.#extents.rows() }
  }

  abort(reason: unknown): void {
    if (this.#isOver && this.#failure === undefined) return
    this.#fail(
      reason instanceof FrostError
        ? reason
        : new FrostError('upload-aborted', `The upload of "${this.#request.key}" was aborted.`, { cause: reason }),
    )
  }

  #refuseSize(): Promise<never> {
    const { sizeBytes } = this.#request
    const error = new FrostError(
      'size-mismatch',
      `The body has ${this.#receivedBytes} bytes${this.#isOver ? '' : ' or more'}, but ${sizeBytes} were announced.`,
      {
        remedy: 'Give the size of the body, or leave the size away.',
      },
    )
    this.#fail(error)
    return Promise.reject(error)
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** The first failure ends the upload: nothing more is sent, and what was sent is discarded. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = error instanceof Error ? error : new Error(String(error))
    this.#isOver = true
    this.#small = undefined
    this.#controller?.abort(error)
    this.#block?.grant.release()
    this.#block = undefined
    this.#wakeSender?.()
    this.#wakeSender = undefined
    this.#ports.discards.add(this.#handle.refs, () => this.#close())
  }

  #close(): void {
    this.#handle.close()
  }
}

function joinSlices(slices: readonly Uint8Array[]): Uint8Array {
  const [first] = slices
  if (slices.length === 1 && first !== undefined) return first
  const joined = new Uint8Array(slices.reduce((sum, slice) => sum + slice.length, 0))
  let at = 0
  for (const slice of slices) {
    joined.set(slice, at)
    at += slice.length
  }
  return joined
}
