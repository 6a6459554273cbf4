// One upload: a body comes in slices, is gathered to blocks, coded, sent, and committed in one metadata operation.
//
// - A block is sent when a further byte arrives or the body ends, because the fragments of the last block carry the manifest.
// - A body of at most one chunk needs no block memory: its slices are joined and sent as they are, to 1 + m slots.
// - Blocks are sent while the next is gathered; at most `blocksInFlightMax` of one upload, so that one client cannot take the budget.
// - It succeeds as a whole or nothing stays: whatever fails, every data id that was used is discarded, unless metadata knows
//   it as committed. A commit whose outcome is unknown is repeated until it answers, never guessed.

import { assert, defined, unreachableRejection } from '../base/assert.ts'
import { FrostError, errorCode } from '../base/errors.ts'
import { makeVersionId } from '../base/ids.ts'
import type { DataId, Epoch, VersionId } from '../base/ids.ts'
import { columnCount, columnsMax } from '../base/scheme.ts'
import type { Histogram } from '../base/histogram.ts'
import type { Scheme } from '../base/scheme.ts'
import { GIB } from '../base/units.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { BlockLayout, encodeBlock, encodeOneChunkBlock } from '../codec/block.ts'
import type { BlockContent, EncodedBlock } from '../codec/block.ts'
import { joinCrc32 } from '../codec/crc32.ts'
import type { ErasureCoder } from '../codec/erasure-coder.ts'
import { BlockGeometry, fullBlockBytes, slotOf } from '../codec/geometry.ts'
import { encodeManifest } from '../codec/manifest.ts'
import { repairsMax } from '../meta/contract/file-metadata.ts'
import type { CommitRepair, CommitVersion } from '../meta/contract/file-metadata.ts'
import type { Extent, NewVersion } from '../meta/contract/version-row.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { Random } from '../ports/random.ts'
import { writeBlock } from './block-writer.ts'
import { spanned } from './spanned.ts'
import type { BlockWriterPorts } from './block-writer.ts'
import type { Discards } from './discards.ts'
import type { FileInfo, PutRequest, Upload } from './file-service.ts'
import { fileInfo } from './file-info.ts'
import type { Grant, MemoryBudget } from './memory-budget.ts'
import type { OpenUploads, UploadHandle } from './open-uploads.ts'
import { repeatUntilKnown } from './repeat.ts'
import type { SmallPlace } from './small-places.ts'

export interface UploadPorts extends BlockWriterPorts {
  readonly clock: Clock
  readonly random: Random
  readonly compute: Compute
  readonly coder: ErasureCoder
  readonly budget: MemoryBudget
  readonly metadata: MetadataStore
  readonly openUploads: OpenUploads
  readonly discards: Discards
  /** A writable group for new data. @throws FrostError `not-enough-workers`, `insufficient-storage`. */
  readonly chooseGroup: () => PlacementGroup
  /** Where a file of one chunk goes. @throws as `chooseGroup`. */
  readonly smallPlace: () => SmallPlace
  /** The newest state of a group; `undefined` where there is none. */
  readonly groupNow: (group: PlacementGroup['group']) => PlacementGroup | undefined
  /** Fetches the newest map. */
  readonly refreshMap: () => Promise<void>
  /** Told how long each commit took, in seconds. */
  readonly commitTimes?: Histogram
}

export interface UploadOptions {
  readonly chunkSizeBytes: number
  /** A new data id begins with the block after so many bytes. */
  readonly extentBytesMax: number
}

/** What metadata said as the upload began, for the manifest. */
export interface SeenAtStart {
  /** Of the newest version of the key; 0: there is none. */
  readonly headSequence: number
  /** The number of the last change. */
  readonly seenSequence: number
}

export const defaultExtentBytesMax = 16 * GIB
const blocksInFlightMax = 3
/** For changes of the group meanwhile. Besides, each worker may once be found not to know the group yet, one after the other. */
const epochAttemptsMax = 4
/** Slices of a small body that are held one by one; more are joined, because each costs more than its bytes. */
const slicesHeldMax = 32

interface ExtentInProgress {
  group: PlacementGroup
  readonly dataId: DataId
  readonly scheme: Scheme
  lengthBytes: number
  blocks: number
  acknowledgedEpoch: Epoch
  readonly repairs: CommitRepair[]
}

interface FillingBlock {
  readonly grant: Grant
  readonly layout: BlockLayout
  filledBytes: number
}

export class UploadStream implements Upload {
  readonly #ports: UploadPorts
  readonly #options: UploadOptions
  readonly #request: PutRequest
  readonly #seen: SeenAtStart
  readonly #version: VersionId
  readonly #handle: UploadHandle
  readonly #age: number
  readonly #extents: ExtentInProgress[] = []
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

  constructor(ports: UploadPorts, options: UploadOptions, request: PutRequest, seen: SeenAtStart) {
    this.#ports = ports
    this.#options = options
    this.#request = request
    this.#seen = seen
    this.#handle = ports.openUploads.open()
    this.#version = makeVersionId(ports.openUploads.nextTimeMs(), ports.random.bytes(10))
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
      freeSlice(slice)
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
        freeSlice(slice)
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
    const extent = this.#currentExtent()
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

  #currentExtent(): ExtentInProgress {
    const last = this.#extents.at(-1)
    const isFull =
      last === undefined ||
      last.lengthBytes >= this.#options.extentBytesMax ||
      // What is in flight may add to them still.
      last.repairs.length + (blocksInFlightMax + 1) * columnsMax > repairsMax
    if (!isFull) {
      if (this.#ports.groupNow(last.group.group)?.state === 'writable') return last
    }
    const group = this.#ports.chooseGroup()
    return this.#addExtent(group, this.#handle.add(group.group))
  }

  #smallExtent(): ExtentInProgress {
    const { group, turn } = this.#ports.smallPlace()
    return this.#addExtent(group, this.#handle.add(group.group, { turn, slots: columnCount(group.scheme) }))
  }

  #addExtent(group: PlacementGroup, dataId: DataId): ExtentInProgress {
    const extent: ExtentInProgress = {
      group,
      dataId,
      scheme: group.scheme,
      lengthBytes: 0,
      blocks: 0,
      acknowledgedEpoch: group.epoch,
      repairs: [],
    }
    this.#extents.push(extent)
    return extent
  }

  /** Takes the block over and sends it in the background, whose failure is the upload's. `last`: the body has ended with it. */
  #send(block: FillingBlock, last: 'last' | undefined): void {
    const extent = this.#currentExtentOfBlock()
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

  #currentExtentOfBlock(): ExtentInProgress {
    const extent = this.#extents.at(-1)
    assert(extent !== undefined, 'a filled block has its extent')
    return extent
  }

  #encode(
    extent: ExtentInProgress,
    geometry: BlockGeometry,
    last: 'last' | undefined,
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
    if (isLastBlock) content = { ...content, manifest: this.#manifest() }
    const encoded = encode(content)
    this.#crc32 = joinCrc32(this.#crc32, encoded.dataCrc, geometry.dataBytes)
    return { content, encoded }
  }

  /** What `rebuild-metadata` needs to bring the version back from the fragments of the last block alone. */
  #manifest(): Uint8Array {
    const { bucket, key, contentType } = this.#request
    return encodeManifest({
      bucket,
      key,
      versionId: this.#version,
      extents: this.#extentRows(),
      ...this.#seen,
      crcBefore: this.#crc32,
      sizeBytes: this.#receivedBytes,
      ...(contentType === undefined ? {} : { contentType }),
    })
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

  async finish(): Promise<FileInfo> {
    this.#throwIfFailed()
    assert(!this.#isOver, 'an upload ends once')
    this.#isOver = true
    const { sizeBytes } = this.#request
    if (sizeBytes !== undefined && this.#receivedBytes !== sizeBytes) await this.#refuseSize()
    try {
      this.#sendRest()
      while (this.#blocksInFlight > 0) await this.#anyBlockSent()
      this.#throwIfFailed()
      return await this.#commit()
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  #sendRest(): void {
    const block = this.#block
    if (block !== undefined) {
      this.#block = undefined
      this.#send(block, 'last')
      return
    }
    const chunk = joinSlices(this.#small ?? [])
    const extent = this.#smallExtent()
    const geometry = new BlockGeometry(extent.scheme, this.#options.chunkSizeBytes, chunk.length)
    const { content, encoded } = this.#encode(extent, geometry, 'last', (partial) =>
      encodeOneChunkBlock(this.#ports.compute, partial, chunk),
    )
    this.#sendEncoded(extent, content, encoded, () => undefined)
  }

  async #commit(): Promise<FileInfo> {
    const { bucket, key, condition, contentType } = this.#request
    const version: NewVersion = {
      version: this.#version,
      modifiedMs: this.#ports.clock.wallMs(),
      sizeBytes: this.#receivedBytes,
      extents: this.#extentRows(),
      crc32: this.#crc32,
      ...(contentType === undefined ? {} : { contentType }),
    }
    const command: CommitVersion = {
      bucket,
      key,
      version,
      newData: this.#extents.map((extent) => ({
        group: extent.group.group,
        dataId: extent.dataId,
        scheme: extent.scheme,
        chunkSizeBytes: this.#options.chunkSizeBytes,
        lengthBytes: extent.lengthBytes,
        acknowledgedEpoch: extent.acknowledgedEpoch,
        repairs: extent.repairs,
      })),
      ...(condition === undefined ? {} : { condition }),
    }
    const { clock, metadata, commitTimes } = this.#ports
    const startedMs = clock.monotonicMs()
    const span = this.#request.trail?.span?.child('commit')
    const { row } = await spanned(
      span,
      repeatUntilKnown(clock, () => metadata.commitVersion(command)),
    )
    commitTimes?.observe((clock.monotonicMs() - startedMs) / 1000)
    this.#close()
    return fileInfo(bucket, key, row)
  }

  #extentRows(): readonly Extent[] {
    return this.#extents.map((extent) => ({
      group: extent.group.group,
      dataId: extent.dataId,
      scheme: extent.scheme,
      chunkSizeBytes: this.#options.chunkSizeBytes,
      dataLengthBytes: extent.lengthBytes,
      offset: 0,
      length: extent.lengthBytes,
    }))
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

/** Frees a slice's memory at once where nothing else lies in it, instead of leaving it to the collector. */
function freeSlice(slice: Uint8Array): void {
  const { buffer } = slice
  if (buffer instanceof ArrayBuffer && slice.byteOffset === 0 && slice.byteLength === buffer.byteLength)
    buffer.transfer(0)
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
