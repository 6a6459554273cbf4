// A complete FileService in memory, for the tests and the benchmark of the faces. It is strict about the contract, so that a face
// that breaks it is noticed: one write and one `next` at a time, each slice released exactly once, every reader closed.
// Faults are switched on by setting fields.

import { assert } from '../../../src/base/assert.ts'
import { FrostError } from '../../../src/base/errors.ts'
import { makeVersionId, parseClusterId, parseGroupId, parseEpoch, parseWorkerId } from '../../../src/base/ids.ts'
import type { ClusterId, Epoch, GroupId, WorkerId } from '../../../src/base/ids.ts'
import { defined } from '../../../src/base/assert.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { defaultScheme } from '../../../src/base/scheme.ts'
import { conditionHolds } from '../../../src/meta/contract/head-condition.ts'
import type { BucketUsage, ChangeBucket } from '../../../src/meta/contract/bucket-metadata.ts'
import type {
  BodySlice,
  BucketInfo,
  ClusterState,
  FileBody,
  FileInfo,
  FileLayout,
  FileList,
  FileName,
  FileReader,
  FileService,
  LayoutPiece,
  LayoutRequest,
  ListRequest,
  NameList,
  PutRequest,
  Readiness,
  RebuildOptions,
  RebuildState,
  Upload,
  VerifyPage,
  VerifyProblem,
  VerifyRequest,
  WorkerState,
  WriteCondition,
} from '../../../src/master/file-service.ts'

interface Version {
  readonly info: FileInfo
  readonly bytes: Uint8Array
}

interface Bucket {
  row: BucketInfo
  readonly files: Map<string, Version>
  /** Keys in byte order; `undefined` after a change. */
  sorted: string[] | undefined
}

const chunkSizeBytes = 10_240

export class FakeFileService implements FileService {
  readonly #buckets = new Map<string, Bucket>()
  readonly #random = new SeededRandom(1)

  // What the face did.
  /** Of the requests whose uploads were opened. */
  readonly requestIds: string[] = []
  uploadsOpen = 0
  uploadsAborted = 0
  readersOpen = 0
  slicesOut = 0
  repairs = 0
  reads: { readonly offset: number; readonly length: number }[] = []

  // What the service does wrong, or slowly.
  sliceBytes = 65_536
  putError: Error | undefined
  finishError: Error | undefined
  headError: Error | undefined
  /** Resolves before a put is accepted. */
  putGate: Promise<void> | undefined
  /** What a write returns. */
  writeGate: (() => Promise<void> | undefined) | undefined
  finishGate: Promise<void> | undefined
  /** Called before each slice, with the count of bytes already read by this body. */
  onRead: ((readBytes: number) => Promise<void> | void) | undefined
  onList: (() => Promise<void> | void) | undefined
  clusterError: Error | undefined
  /** Of removals, and of changes of buckets. */
  changeError: Error | undefined
  rebuildNow: RebuildState | undefined
  readinessNow: Readiness = { canRead: true, canWrite: true, reason: undefined }
  clusterNow: ClusterState = someCluster()
  damage: readonly VerifyProblem[] = []
  now: () => number = Date.now
  /** Uploads are measured, not kept: for benchmarks. */
  keepsBytes = true

  constructor() {
    this.#buckets.set('default', { row: { name: 'default', createdMs: 0 }, files: new Map(), sorted: [] })
  }

  /** Puts a file there without an upload. */
  store(key: string, bytes: Uint8Array | string, options: Partial<FileInfo> = {}): FileInfo {
    const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
    const info = { ...this.#newInfo({ bucket: 'default', key }, content), ...options }
    this.#commit(info, content)
    return info
  }

  bytesOf(key: string, bucket = 'default'): Uint8Array | undefined {
    return this.#buckets.get(bucket)?.files.get(key)?.bytes
  }

  infoOf(key: string): FileInfo | undefined {
    return this.#buckets.get('default')?.files.get(key)?.info
  }

  textOf(key: string, bucket = 'default'): string | undefined {
    const bytes = this.bytesOf(key, bucket)
    return bytes === undefined ? undefined : Buffer.from(bytes).toString()
  }

  keys(bucket = 'default'): readonly string[] {
    return this.#sortedKeys(this.#bucket(bucket))
  }

  async put(request: PutRequest): Promise<Upload> {
    if (request.trail !== undefined) this.requestIds.push(request.trail.requestId)
    if (this.putGate !== undefined) await this.putGate
    if (this.putError !== undefined) throw this.putError
    this.#bucket(request.bucket)
    this.uploadsOpen++
    return new FakeUpload(this, request)
  }

  async head(name: FileName): Promise<FileInfo | undefined> {
    if (this.headError !== undefined) throw this.headError
    return this.#bucket(name.bucket).files.get(name.key)?.info
  }

  async open(name: FileName): Promise<FileReader | undefined> {
    if (this.headError !== undefined) throw this.headError
    const version = this.#bucket(name.bucket).files.get(name.key)
    if (version === undefined) return undefined
    this.readersOpen++
    return new FakeReader(this, version)
  }

  async remove(name: FileName, condition?: WriteCondition): Promise<FileInfo | undefined> {
    if (this.changeError !== undefined) throw this.changeError
    const bucket = this.#bucket(name.bucket)
    const version = bucket.files.get(name.key)
    if (condition !== undefined) checkCondition(condition, version?.info)
    if (version === undefined) return undefined
    bucket.files.delete(name.key)
    bucket.sorted = undefined
    return version.info
  }

  async list(request: ListRequest): Promise<FileList> {
    const bucket = this.#bucket(request.bucket)
    const { names, truncated } = await this.listNames(request)
    return { files: names.map((key) => defined(bucket.files.get(key), key).info), truncated }
  }

  async listNames({ bucket, prefix = '', after, limit }: ListRequest): Promise<NameList> {
    await this.onList?.()
    assert(limit >= 1 && limit <= 1000, 'limit of a page')
    const keys = this.#sortedKeys(this.#bucket(bucket))
    const start = after === undefined || compareBytes(after, prefix) < 0 ? prefix : after
    let index = firstAtOrAfter(keys, start)
    if (after === start && keys[index] === after) index++
    const names = keys.slice(index, index + limit + 1).filter((key) => key.startsWith(prefix))
    return { names: names.slice(0, limit), truncated: names.length > limit }
  }

  async layout(request: LayoutRequest): Promise<FileLayout | undefined> {
    if (this.headError !== undefined) throw this.headError
    const version = this.#bucket(request.bucket).files.get(request.key)
    if (version === undefined) return undefined
    const { info, bytes } = version
    const chunkCount = Math.ceil(bytes.length / chunkSizeBytes)
    const end = Math.min(chunkCount, request.after + 1 + request.limit)
    const pieces: LayoutPiece[] = []
    for (let index = request.after + 1; index < end; index++) {
      const lengthBytes = Math.min(chunkSizeBytes, bytes.length - index * chunkSizeBytes)
      const at = { group: groupId, block: 0, stripe: Math.floor(index / 3), lengthBytes, worker: workerIds[0] }
      pieces.push({ ...at, kind: 'data', index, column: index % 3, crc32: 0xabc })
      if (index % 3 < 2 && index + 1 < chunkCount) continue
      for (const column of [3, 4]) pieces.push({ ...at, kind: 'parity', index: at.stripe, column, crc32: undefined })
    }
    const next = end < chunkCount ? end - 1 : undefined
    return { info, chunkSizeBytes, scheme: defaultScheme, chunkCount, pieces, next }
  }

  async createBucket(bucket: string, owner?: string): Promise<void> {
    if (this.changeError !== undefined) throw this.changeError
    if (!/^[a-z0-9.-]{3,63}$/.test(bucket)) throw new FrostError('bucket-invalid', `${bucket} is not a bucket's name.`)
    if (this.#buckets.has(bucket)) throw new FrostError('bucket-exists', `The bucket ${bucket} exists.`)
    const row = { name: bucket, createdMs: this.now(), ...(owner === undefined ? {} : { owner }) }
    this.#buckets.set(bucket, { row, files: new Map(), sorted: [] })
  }

  async listBuckets(): Promise<readonly BucketInfo[]> {
    if (this.headError !== undefined) throw this.headError
    return [...this.#buckets.values()].map(({ row }) => row)
  }

  async changeBucket({ quotaBytes, ...change }: ChangeBucket): Promise<BucketInfo> {
    if (this.changeError !== undefined) throw this.changeError
    const bucket = this.#bucket(change.name)
    const { quotaBytes: before = 0, ...row } = bucket.row
    const quota = quotaBytes ?? before
    bucket.row = { ...row, ...change, ...(quota === 0 ? {} : { quotaBytes: quota }) }
    return bucket.row
  }

  async bucketUsage(bucket: string): Promise<BucketUsage | undefined> {
    const files = [...this.#bucket(bucket).files.values()]
    return { files: files.length, bytes: files.reduce((sum, { info }) => sum + info.sizeBytes, 0) }
  }

  async removeBucket(bucket: string): Promise<void> {
    if (this.changeError !== undefined) throw this.changeError
    if (this.#bucket(bucket).files.size > 0) throw new FrostError('bucket-not-empty', `${bucket} holds files.`)
    this.#buckets.delete(bucket)
  }

  async cluster(): Promise<ClusterState> {
    if (this.clusterError !== undefined) throw this.clusterError
    return this.clusterNow
  }

  async drain(worker: WorkerId): Promise<void> {
    if (this.changeError !== undefined) throw this.changeError
    this.#setState(worker, 'draining')
  }

  async forgetWorker(worker: WorkerId): Promise<void> {
    if (this.changeError !== undefined) throw this.changeError
    this.#setState(worker, 'down')
    this.clusterNow = { ...this.clusterNow, workers: this.clusterNow.workers.filter(({ id }) => id !== worker) }
  }

  async cancelDrain(worker: WorkerId): Promise<void> {
    if (this.changeError !== undefined) throw this.changeError
    this.#setState(worker, 'up')
  }

  async repair(): Promise<void> {
    if (this.changeError !== undefined) throw this.changeError
    this.repairs++
  }

  async scrub(): Promise<readonly WorkerId[]> {
    if (this.changeError !== undefined) throw this.changeError
    return this.clusterNow.workers.filter(({ state }) => state === 'up').map(({ id }) => id)
  }

  /** A block is 30 chunks in 5 columns, all of them on one worker each; `damage` says what is wrong. */
  async verify(request: VerifyRequest): Promise<VerifyPage | undefined> {
    if (this.headError !== undefined) throw this.headError
    const version = this.#bucket(request.bucket).files.get(request.key)
    if (version === undefined) return undefined
    const blockCount = Math.ceil(version.bytes.length / (30 * chunkSizeBytes))
    const end = Math.min(blockCount, request.after + 1 + request.limit)
    const problems = this.damage.filter(({ block }) => block > request.after && block < end)
    const blocks = Math.max(0, end - request.after - 1)
    const next = end < blockCount ? end - 1 : undefined
    return { info: version.info, blocks, good: blocks * 5 - problems.length, problems, next }
  }

  #setState(worker: WorkerId, state: WorkerState): void {
    const { workers } = this.clusterNow
    if (!workers.some(({ id }) => id === worker)) throw new FrostError('worker-not-found', `There is no ${worker}.`)
    const changed = workers.map((info) => (info.id === worker ? { ...info, state } : info))
    this.clusterNow = { ...this.clusterNow, workers: changed }
  }

  async startRebuild(options: RebuildOptions): Promise<RebuildState> {
    if (this.changeError !== undefined) throw this.changeError
    this.rebuildNow = { ...rebuildOf(this.now()), ...options }
    return this.rebuildNow
  }

  async allowOrphans(): Promise<void> {
    if (this.changeError !== undefined) throw this.changeError
  }

  async rebuild(): Promise<RebuildState | undefined> {
    if (this.clusterError !== undefined) throw this.clusterError
    return this.rebuildNow
  }

  readiness(): Readiness {
    return this.readinessNow
  }

  /** For FakeUpload. */
  finish(request: PutRequest, bytes: Uint8Array, sizeBytes: number): FileInfo {
    if (request.sizeBytes !== undefined && request.sizeBytes !== sizeBytes) {
      throw new FrostError('size-mismatch', 'The body has another size.')
    }
    const current = this.#bucket(request.bucket).files.get(request.key)
    if (request.condition !== undefined) checkCondition(request.condition, current?.info)
    const info = this.#newInfo(request, bytes)
    this.#commit(info, bytes)
    return info
  }

  #newInfo(request: PutRequest, bytes: Uint8Array): FileInfo {
    const modifiedMs = this.now()
    const version = makeVersionId(modifiedMs, this.#random.bytes(10))
    const { bucket, key, contentType } = request
    return { bucket, key, version, sizeBytes: bytes.length, etag: version, contentType, modifiedMs, crc32: 0x1234 }
  }

  #commit(info: FileInfo, bytes: Uint8Array): void {
    const bucket = this.#bucket(info.bucket)
    if (!bucket.files.has(info.key)) bucket.sorted = undefined
    bucket.files.set(info.key, { info, bytes })
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw new FrostError('bucket-not-found', `There is no bucket ${JSON.stringify(name)}.`)
    return bucket
  }

  #sortedKeys(bucket: Bucket): string[] {
    bucket.sorted ??= [...bucket.files.keys()].toSorted(compareBytes)
    return bucket.sorted
  }
}

class FakeUpload implements Upload {
  readonly #service: FakeFileService
  readonly #request: PutRequest
  readonly #slices: Uint8Array[] = []
  #sizeBytes = 0
  #isBusy = false
  #state: 'open' | 'finished' | 'aborted' = 'open'

  constructor(service: FakeFileService, request: PutRequest) {
    this.#service = service
    this.#request = request
  }

  write(slice: Uint8Array): Promise<void> | undefined {
    assert(!this.#isBusy, 'one write at a time')
    assert(slice.length > 0, 'a slice has bytes')
    if (this.#state !== 'open') throw new FrostError('upload-aborted', 'The upload has ended.')
    this.#sizeBytes += slice.length
    if (this.#service.keepsBytes) this.#slices.push(new Uint8Array(slice))
    const { buffer } = slice
    if (buffer instanceof ArrayBuffer && slice.length === buffer.byteLength) buffer.transfer(0)
    const pending = this.#service.writeGate?.()
    if (pending === undefined) return undefined
    this.#isBusy = true
    return pending.finally(() => {
      this.#isBusy = false
    })
  }

  async finish(): Promise<FileInfo> {
    assert(!this.#isBusy, 'finish after the last write')
    if (this.#service.finishGate !== undefined) await this.#service.finishGate
    if (this.#service.finishError !== undefined) throw this.#service.finishError
    if (this.#state !== 'open') throw new FrostError('upload-aborted', 'The upload has ended.')
    const info = this.#service.finish(this.#request, Buffer.concat(this.#slices), this.#sizeBytes)
    this.#state = 'finished'
    this.#service.uploadsOpen--
    return info
  }

  abort(): void {
    if (this.#state !== 'open') return
    this.#state = 'aborted'
    this.#service.uploadsOpen--
    this.#service.uploadsAborted++
  }
}

class FakeReader implements FileReader {
  readonly info: FileInfo
  readonly #service: FakeFileService
  readonly #bytes: Uint8Array
  #isClosed = false

  constructor(service: FakeFileService, version: Version) {
    this.#service = service
    this.info = version.info
    this.#bytes = version.bytes
  }

  read(offset: number, length: number): FileBody {
    assert(!this.#isClosed, 'a closed reader reads nothing')
    assert(offset >= 0 && length >= 1 && offset + length <= this.#bytes.length, 'the range lies within the file')
    this.#service.reads.push({ offset, length })
    return new FakeBody(this.#service, this.#bytes.subarray(offset, offset + length))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#service.readersOpen--
  }
}

class FakeBody implements FileBody {
  readonly #service: FakeFileService
  readonly #bytes: Uint8Array
  #position = 0
  #isBusy = false
  #onClosed: (() => void) | undefined
  #isClosed = false

  constructor(service: FakeFileService, bytes: Uint8Array) {
    this.#service = service
    this.#bytes = bytes
  }

  async next(): Promise<BodySlice | undefined> {
    assert(!this.#isBusy, 'one next at a time')
    if (this.#isClosed) throw new FrostError('cancelled', 'The read was given up.')
    const waiting = this.#service.onRead?.(this.#position)
    if (waiting !== undefined) await this.#wait(waiting)
    if (this.#position === this.#bytes.length) return undefined
    const bytes = this.#bytes.subarray(this.#position, this.#position + this.#service.sliceBytes)
    this.#position += bytes.length
    this.#service.slicesOut++
    let isReleased = false
    const release = (): void => {
      assert(!isReleased, 'a slice is released once')
      isReleased = true
      this.#service.slicesOut--
    }
    return { bytes, release }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClosed?.()
  }

  async #wait(waiting: Promise<void>): Promise<void> {
    this.#isBusy = true
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve
    })
    try {
      await Promise.race([waiting, closed])
    } finally {
      this.#isBusy = false
    }
    if (this.#isClosed) throw new FrostError('cancelled', 'The read was given up.')
  }
}

function checkCondition(condition: WriteCondition, current: FileInfo | undefined): void {
  if (!conditionHolds(current, condition)) throw new FrostError('precondition-failed', 'The condition does not hold.')
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

/** Index of the first key that is not below `text`. */
function firstAtOrAfter(keys: readonly string[], text: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareBytes(keys[middle] ?? '', text) < 0) low = middle + 1
    else high = middle
  }
  return low
}

const scrubbedAtMs = 1_800_000_000_000
const workerIds: readonly [WorkerId, ...WorkerId[]] = [parseWorker(1), ...[2, 3, 4, 5].map(parseWorker)]
const groupId: GroupId = defined(parseGroupId(1), 'a group id')
const epoch: Epoch = defined(parseEpoch(1), 'an epoch')
const clusterId: ClusterId = defined(parseClusterId('c'.repeat(32)), 'a cluster id')

function parseWorker(digit: number): WorkerId {
  return defined(parseWorkerId(String(digit).repeat(16)), 'a worker id')
}

/** One worker with all that can be said of one, the others with little; half of the redundancy is unknown. */
function someCluster(): ClusterState {
  const workers = workerIds.map((id, index) => ({
    id,
    address: `127.0.0.1:${7001 + index}`,
    zone: index === 0 ? 'a' : undefined,
    state: 'up' as const,
    usedBytes: 1,
    capacityBytes: 2 ** 40,
    slots: 1,
    failing: index === 0,
    oldestDiskOperationMs: index === 0 ? 1500 : 0,
    diskLatencyMs: 2,
    damagedFragments: index === 0 ? 2 : 0,
    asksToDelete: false,
    scrub:
      index > 1
        ? undefined
        : { runningFull: true, doneBytes: 1, totalBytes: 2, lastFinishedAtMs: index === 0 ? scrubbedAtMs : undefined },
  }))
  const redundancy = {
    fragmentsMissing: undefined,
    filesAtRisk: 0,
    filesLost: undefined,
    lostFiles: [{ bucket: 'default', key: '<lost>' }],
    unknown: 5,
    comparedAtMs: undefined,
    scrubbedAtMs,
  }
  const [from, to = from] = workerIds
  const healing = {
    moves: [{ group: groupId, slot: 2, from, to, copied: 7 }],
    queued: 3,
    rebuiltFragments: 4,
    writtenBytes: 5,
    readBytes: 6,
    bytesPerSecond: 7,
    slotsToMove: 8,
    slotsWithoutSpare: 1,
  }
  const group = { id: groupId, epoch, scheme: defaultScheme, state: 'writable' as const, workers: workerIds }
  return { id: clusterId, behind: false, workers, groups: [group], redundancy, healing }
}

function rebuildOf(startedMs: number): RebuildState {
  return {
    id: '0123456789abcdef0123456789abcdef',
    history: 'fedcba9876543210fedcba9876543210',
    state: 'running',
    behind: true,
    merge: false,
    force: false,
    startedMs,
    groups: 3,
    groupsDone: 1,
    group: 2,
    filesRecovered: 10,
    filesIncomplete: 1,
    idsUnnamed: 2,
    repairs: 4,
    examples: [{ bucket: 'default', key: 'half.bin', reason: 'Too few fragments were found.' }],
    missing: [workerIds[0]],
    highest: { sequence: 1, idMs: 1, group: 3 },
  }
}
