// The file service of one master process: names and conditions are checked here, bytes go through upload.ts and file-reader.ts.

import { FrostError, errorCode } from '../base/errors.ts'
import { makeVersionId, toHex } from '../base/ids.ts'
import type { ClusterId, WorkerId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'
import { SECOND_MS } from '../base/units.ts'
import { chooseGroup } from '../cluster/choose-group.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { canDrain } from '../cluster/drain.ts'
import { behindError } from '../meta/contract/behind.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { DeletedKey } from '../meta/contract/file-metadata.ts'
import { conditionHolds } from '../meta/contract/head-condition.ts'
import type { VersionRow } from '../meta/contract/version-row.ts'
import type { WorkerRow } from '../meta/contract/worker-metadata.ts'
import type { BlockReaderPorts } from './block-reader.ts'
import type { ClusterHistory } from './cluster-history.ts'
import type { ClusterMap } from './cluster-map.ts'
import { ClusterStateReader } from './cluster-state.ts'
import type { ClusterStatePorts } from './cluster-state.ts'
import { fileInfo } from './file-info.ts'
import { VersionReader } from './file-reader.ts'
import type {
  BucketInfo,
  ClusterState,
  FileInfo,
  FileLayout,
  FileList,
  FileName,
  FileReader,
  FileService,
  LayoutRequest,
  ListRequest,
  NameList,
  PutRequest,
  Readiness,
  RebuildOptions,
  RebuildState,
  Upload,
  VerifyPage,
  VerifyRequest,
  WriteCondition,
} from './file-service.ts'
import { placementNow } from './healing/placement-now.ts'
import type { PlacementNowPorts } from './healing/placement-now.ts'
import { layoutOf } from './layout.ts'
import { checkBucket, checkName } from './names.ts'
import type { ReadGenerations } from './read-generations.ts'
import { repeatUntilKnown } from './repeat.ts'
import { SmallPlaces } from './small-places.ts'
import type { SmallPlace } from './small-places.ts'
import { UploadStream } from './upload.ts'
import type { UploadOptions, UploadPorts } from './upload.ts'
import { verifyFile } from './verify-file.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'
import type { ConnectedWorkers } from './worker-links.ts'

/** To begin a scrub, which then goes on by itself. */
const scrubDeadlineMs = 10 * SECOND_MS

export interface MasterFilesPorts
  extends
    Omit<UploadPorts, 'chooseGroup' | 'smallPlace' | 'refreshMap' | 'links'>,
    Omit<BlockReaderPorts, 'links' | 'latency' | 'groupNow' | 'refreshMap'> {
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly history: Pick<ClusterHistory, 'isBehind'>
  readonly reads: ReadGenerations
  readonly fullness: PlacementNowPorts['fullness']
  /** Of new placement groups. */
  readonly scheme: Scheme
  readonly healing: ClusterStatePorts['healing']
  /** Has the holder of the lease compare and repair everything. */
  readonly repair: () => Promise<void>
  /** Of reads; the other `latency` is that of block writes. */
  readonly readLatency: BlockReaderPorts['latency']
}

export class MasterFiles implements FileService {
  readonly #ports: MasterFilesPorts
  readonly #state: ClusterStateReader
  readonly #options: UploadOptions
  readonly #uploadPorts: UploadPorts
  readonly #readerPorts: BlockReaderPorts
  readonly #smallPlaces: SmallPlaces

  constructor(ports: MasterFilesPorts, clusterId: ClusterId, options: UploadOptions) {
    this.#ports = ports
    this.#state = new ClusterStateReader(ports, clusterId)
    this.#options = options
    const refreshMap = async (): Promise<void> => {
      await ports.map.refresh()
    }
    const anyGroup = (): PlacementGroup => this.#chooseGroup()
    const { clock, random, groupNow } = ports
    this.#smallPlaces = new SmallPlaces({ clock, random, chooseGroup: anyGroup, groupNow })
    const smallPlace = (): SmallPlace => this.#smallPlaces.take()
    this.#uploadPorts = { ...ports, links: ports.workers, chooseGroup: anyGroup, smallPlace, refreshMap }
    this.#readerPorts = { ...ports, links: ports.workers, latency: ports.readLatency, refreshMap }
  }

  async put(request: PutRequest): Promise<Upload> {
    checkName(request)
    if (this.#ports.history.isBehind) throw behindError()
    if (this.#ports.map.writable.length === 0) await this.#ports.map.refresh()
    // Refused before the body comes where it could not be stored anyway.
    this.#smallPlaces.now()
    const { metadata } = this.#ports
    const [head, visible] = await Promise.all([
      metadata.getHead(request.bucket, request.key),
      metadata.visibleSequence(),
    ])
    checkCondition(request, head)
    const seen = { headSequence: head?.sequence ?? 0, seenSequence: visible - 1 }
    return new UploadStream(this.#uploadPorts, this.#options, request, seen)
  }

  async head(name: FileName): Promise<FileInfo | undefined> {
    checkName(name)
    const row = await this.#ports.metadata.getHead(name.bucket, name.key)
    return row === undefined || row.deleteMarker === true ? this.#absent(name) : fileInfo(name.bucket, name.key, row)
  }

  async open(name: FileName, trail?: RequestTrail): Promise<FileReader | undefined> {
    checkName(name)
    const ended = this.#ports.reads.begin()
    try {
      const row = await this.#ports.metadata.getHead(name.bucket, name.key)
      if (row !== undefined && row.deleteMarker !== true) {
        const ports = trail === undefined ? this.#readerPorts : { ...this.#readerPorts, trail }
        return new VersionReader(ports, name, row, ended)
      }
    } catch (error) {
      ended()
      throw error
    }
    ended()
    return this.#absent(name)
  }

  async remove(name: FileName, condition?: WriteCondition): Promise<FileInfo | undefined> {
    checkName(name)
    const { bucket, key } = name
    try {
      const deleted = await this.#delete(name, condition ?? { kind: 'if-present' })
      const row = deleted.hidden ?? deleted.removed
      return row === undefined ? undefined : fileInfo(bucket, key, row)
    } catch (error) {
      if (condition === undefined && errorCode(error) === 'precondition-failed') return undefined
      throw error
    }
  }

  async list(request: ListRequest): Promise<FileList> {
    checkLimit(request)
    const page = await this.#ports.metadata.list(request)
    return {
      files: page.entries.map((entry) => fileInfo(request.bucket, entry.key, entry)),
      truncated: page.next !== undefined,
    }
  }

  async listNames(request: ListRequest): Promise<NameList> {
    checkLimit(request)
    const page = await this.#ports.metadata.listNames(request)
    return { names: page.names, truncated: page.next !== undefined }
  }

  async layout(request: LayoutRequest): Promise<FileLayout | undefined> {
    return await this.#readPage(request, async (row) => await layoutOf(this.#readerPorts, request, row))
  }

  async createBucket(bucket: string): Promise<void> {
    checkBucket(bucket)
    await this.#ports.metadata.createBucket({ name: bucket, createdMs: this.#ports.clock.wallMs() })
  }

  async listBuckets(): Promise<readonly BucketInfo[]> {
    return await this.#ports.metadata.listBuckets()
  }

  async removeBucket(bucket: string): Promise<void> {
    checkBucket(bucket)
    await this.#ports.metadata.deleteBucket({ name: bucket })
  }

  async cluster(): Promise<ClusterState> {
    return await this.#state.read()
  }

  async drain(worker: WorkerId): Promise<void> {
    const { metadata } = this.#ports
    const rows = await metadata.listWorkers()
    const row = mustFind(rows, worker)
    if (row.state === 'draining') return
    const input = { ...placementNow(this.#ports, rows), slotsPerGroup: columnCount(this.#ports.scheme) }
    const verdict = canDrain(input, worker)
    if ('refused' in verdict)
      throw new FrostError('drain-refused', verdict.refused, { remedy: 'Add workers first: frostbyte worker' })
    await metadata.setWorkerState({ worker, state: 'draining' })
  }

  async cancelDrain(worker: WorkerId): Promise<void> {
    const { metadata } = this.#ports
    const row = mustFind(await metadata.listWorkers(), worker)
    if (row.state === 'draining') await metadata.setWorkerState({ worker, state: 'in' })
    else if (row.drains === true) await metadata.setWorkerState({ worker, drains: false })
  }

  async forgetWorker(worker: WorkerId): Promise<void> {
    const { metadata, workers } = this.#ports
    mustFind(await metadata.listWorkers(), worker)
    if (workers.connected().includes(worker)) {
      throw new FrostError('worker-in-use', `Worker ${worker} is connected.`, {
        remedy: 'Stop it first. It would come back as a new one.',
      })
    }
    try {
      await metadata.removeWorker({ worker })
    } catch (error) {
      if (errorCode(error) !== 'precondition-failed') throw error
      throw new FrostError('worker-in-use', `Worker ${worker} still holds slots of placement groups.`, {
        cause: error,
        remedy: 'Start it and drain it; or wait until it is out, and what it held was rebuilt elsewhere.',
      })
    }
  }

  async repair(): Promise<void> {
    await this.#ports.repair()
  }

  async scrub(): Promise<readonly WorkerId[]> {
    const { workers } = this.#ports
    const asked = workers.connected().map(async (worker) => {
      await workers.link(worker)?.startScrub({ deadlineMs: scrubDeadlineMs })
      return worker
    })
    const began = await Promise.allSettled(asked)
    return began.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  }

  async verify(request: VerifyRequest): Promise<VerifyPage | undefined> {
    return await this.#readPage(request, async (row) => await verifyFile(this.#readerPorts, request, row))
  }

  /** A page about the newest version, which stays readable meanwhile. */
  async #delete({ bucket, key }: FileName, condition: WriteCondition): Promise<DeletedKey> {
    const { metadata, openUploads, clock, random } = this.#ports
    const marker = {
      version: makeVersionId(openUploads.nextTimeMs(), random.bytes(10)),
      modifiedMs: clock.wallMs(),
    }
    return await openUploads.command(
      async (commandId) =>
        await repeatUntilKnown(clock, () => metadata.deleteKey({ bucket, key, commandId, marker, condition })),
    )
  }

  async #readPage<T>(
    request: FileName & { readonly limit: number },
    read: (row: VersionRow) => Promise<T>,
  ): Promise<T | undefined> {
    checkName(request)
    checkLimit(request)
    const ended = this.#ports.reads.begin()
    try {
      const row = await this.#ports.metadata.getHead(request.bucket, request.key)
      if (row === undefined || row.deleteMarker === true) return this.#absent(request)
      return await read(row)
    } finally {
      ended()
    }
  }

  async startRebuild(options: RebuildOptions): Promise<RebuildState> {
    const { metadata, random, clock } = this.#ports
    const command = { ...options, id: toHex(random.bytes(16)), startedMs: clock.wallMs() }
    return await repeatUntilKnown(clock, async () => await metadata.startRebuild(command))
  }

  async rebuild(): Promise<RebuildState | undefined> {
    return await this.#ports.metadata.getRebuild()
  }

  async allowOrphans(worker: WorkerId): Promise<void> {
    await this.#ports.metadata.allowOrphans({ worker })
  }

  readiness(): Readiness {
    const { map, workers, history, metadata } = this.#ports
    const unreachable = metadata.unreachable()
    if (unreachable !== undefined) return { canRead: false, canWrite: false, reason: unreachable }
    if (map.groups.length === 0 && !history.isBehind)
      return { canRead: false, canWrite: false, reason: 'No placement groups yet: too few workers have joined.' }
    let canRead = true
    let canWrite = false
    for (const group of map.groups) {
      const up = group.slots.filter((slot) => workers.isReadable(slot.worker)).length
      if (up < group.scheme.dataColumns) canRead = false
      else if (group.state === 'writable') canWrite = true
    }
    if (history.isBehind) return { canRead, canWrite: false, reason: behindError().message }
    const reason = canRead && canWrite ? undefined : `Only ${workers.writable().length} workers can be reached.`
    return { canRead, canWrite, reason }
  }

  /** Metadata that is behind cannot say that there is no such file. @throws FrostError `metadata-unavailable`. */
  #absent({ key }: FileName): undefined {
    if (!this.#ports.history.isBehind) return undefined
    throw new FrostError(
      'metadata-unavailable',
      `Whether there is a file "${key}" is not known: the metadata is behind.`,
      {
        remedy: 'Start all workers and run: frostbyte rebuild-metadata',
        retryAfterSeconds: 120,
      },
    )
  }

  #chooseGroup(): PlacementGroup {
    const { map, workers, random } = this.#ports
    const isReachable = (worker: WorkerId): boolean => workers.isReadable(worker)
    const choice = chooseGroup({
      groups: map.writable,
      isReachable,
      freeBytes: (worker) => workers.freeBytes(worker),
      below: (bound) => random.below(bound),
    })
    if ('group' in choice) return choice.group
    if (choice.refused === 'no-space') {
      throw new FrostError('insufficient-storage', 'No placement group has space left.', {
        remedy: 'Delete files, add a worker or give the workers more capacity.',
      })
    }
    throw new FrostError(
      'not-enough-workers',
      'There is no placement group to write to: too few workers have joined.',
      {
        remedy: 'Start more workers.',
        retryAfterSeconds: 2,
      },
    )
  }
}

function mustFind(rows: readonly WorkerRow[], worker: WorkerId): WorkerRow {
  const row = rows.find((candidate) => candidate.worker === worker)
  if (row !== undefined) return row
  throw new FrostError('worker-not-found', `There is no worker ${worker}.`, {
    remedy: 'Ask for the ids of all workers with: frostbyte status',
  })
}

function checkLimit({ limit }: { readonly limit: number }): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax) return
  throw new FrostError('bad-request', `The limit ${limit} is not between 1 and ${pageLimitMax}.`, {
    remedy: `Ask for at most ${pageLimitMax} at a time.`,
  })
}

/** Spares the body of what would be refused at the commit, which decides. */
function checkCondition({ condition, key }: PutRequest, head: VersionRow | undefined): void {
  if (condition === undefined) return
  if (!conditionHolds(head, condition))
    throw new FrostError('precondition-failed', `The condition on "${key}" does not hold.`)
}
