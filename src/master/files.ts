// The file service of one master process: names and conditions are checked here, bytes go through upload.ts and file-reader.ts.

import { FrostError, errorCode } from '../base/errors.ts'
import { toHex, versionIdOf } from '../base/ids.ts'
import type { ClusterId, WorkerId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'
import { SECOND_MS } from '../base/units.ts'
import { canDrain } from '../cluster/drain.ts'
import type { BucketUsage, ChangeBucket } from '../meta/contract/bucket-metadata.ts'
import { behindError } from '../meta/contract/behind.ts'
import type { ChangeCause } from '../meta/contract/change-metadata.ts'
import type { HeadCondition } from '../meta/contract/head-condition.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { VersionRow } from '../meta/contract/version-row.ts'
import type { WorkerRow } from '../meta/contract/worker-metadata.ts'
import { ClusterStateReader } from './cluster-state.ts'
import type { ClusterStatePorts } from './cluster-state.ts'
import type { DataPath, DataPathPorts } from './data-path.ts'
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
import { repeatUntilKnown } from './repeat.ts'
import { verifyFile } from './verify-file.ts'
import { decidedBy, VersionEnding } from './version-ending.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'

/** To begin a scrub, which then goes on by itself. */
const scrubDeadlineMs = 10 * SECOND_MS

export interface MasterFilesPorts extends DataPathPorts {
  readonly fullness: PlacementNowPorts['fullness']
  /** Of new placement groups. */
  readonly scheme: Scheme
  readonly healing: ClusterStatePorts['healing']
  /** Has the holder of the lease compare and repair everything. */
  readonly repair: () => Promise<void>
}

export class MasterFiles implements FileService {
  readonly #ports: MasterFilesPorts
  readonly #path: DataPath
  readonly #state: ClusterStateReader

  constructor(ports: MasterFilesPorts, path: DataPath, clusterId: ClusterId) {
    this.#ports = ports
    this.#path = path
    this.#state = new ClusterStateReader(ports, clusterId)
  }

  async put(request: PutRequest): Promise<Upload> {
    checkName(request)
    const seen = await this.#path.admit(request, request)
    const { bucket, key, condition, cause, trail } = request
    const version = { bucket, key, properties: request, condition, cause, trail }
    return this.#path.upload(request, new VersionEnding(this.#ports, version, seen, fileInfo))
  }

  async head(name: FileName): Promise<FileInfo | undefined> {
    checkName(name)
    const row = await this.#ports.metadata.getHead(name.bucket, name.key)
    const present = this.#path.present(name, row)
    return present === undefined ? undefined : fileInfo(name, present)
  }

  async open(name: FileName, trail?: RequestTrail): Promise<FileReader | undefined> {
    checkName(name)
    const ended = this.#ports.reads.begin()
    try {
      const row = this.#path.present(name, await this.#ports.metadata.getHead(name.bucket, name.key))
      if (row !== undefined) {
        refuseTransformed(name, row)
        const { readerPorts } = this.#path
        const ports = trail === undefined ? readerPorts : { ...readerPorts, trail }
        return new VersionReader(ports, { row, info: fileInfo(name, row), ended })
      }
    } catch (error) {
      ended()
      throw error
    }
    ended()
    return undefined
  }

  async remove(name: FileName, condition?: WriteCondition, cause?: ChangeCause): Promise<FileInfo | undefined> {
    checkName(name)
    const { metadata, openUploads, clock } = this.#ports
    const { bucket, key } = name
    // Of what is not there no delete marker is made.
    const decided: HeadCondition = condition ?? { kind: 'if-present' }
    try {
      const { removed, hidden } = await openUploads.command(async (commandId) => {
        const marker = { version: versionIdOf(commandId), modifiedMs: clock.wallMs() }
        const command = { bucket, key, commandId, marker, ...decidedBy({ condition: decided, cause }) }
        return await repeatUntilKnown(clock, () => metadata.deleteKey(command))
      })
      const gone = hidden ?? removed
      return gone === undefined || gone.deleteMarker === true ? undefined : fileInfo(name, gone)
    } catch (error) {
      if (condition === undefined && errorCode(error) === 'precondition-failed') return undefined
      throw error
    }
  }

  async list(request: ListRequest): Promise<FileList> {
    checkLimit(request)
    const page = await this.#ports.metadata.list(request)
    return {
      files: page.entries.map((entry) => fileInfo({ bucket: request.bucket, key: entry.key }, entry)),
      truncated: page.next !== undefined,
    }
  }

  async listNames(request: ListRequest): Promise<NameList> {
    checkLimit(request)
    const page = await this.#ports.metadata.listNames(request)
    return { names: page.names, truncated: page.next !== undefined }
  }

  async layout(request: LayoutRequest): Promise<FileLayout | undefined> {
    return await this.#readPage(request, async (row) => await layoutOf(this.#path.readerPorts, request, row))
  }

  async createBucket(bucket: string, owner?: string): Promise<void> {
    checkBucket(bucket)
    const row = { name: bucket, createdMs: this.#ports.clock.wallMs(), ...(owner === undefined ? {} : { owner }) }
    await this.#ports.metadata.createBucket(row)
  }

  async listBuckets(): Promise<readonly BucketInfo[]> {
    return await this.#ports.metadata.listBuckets()
  }

  async changeBucket(change: ChangeBucket): Promise<BucketInfo> {
    checkBucket(change.name)
    const { clock, metadata } = this.#ports
    return await repeatUntilKnown(clock, () => metadata.changeBucket(change))
  }

  async bucketUsage(bucket: string): Promise<BucketUsage | undefined> {
    try {
      return await this.#ports.metadata.getBucketUsage(bucket)
    } catch (error) {
      if (errorCode(error) === 'bucket-not-found') return undefined
      throw error
    }
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
    return await this.#readPage(request, async (row) => await verifyFile(this.#path.readerPorts, request, row))
  }

  /** A page about the newest version, which stays readable meanwhile. */
  async #readPage<T>(
    request: FileName & { readonly limit: number },
    read: (row: VersionRow) => Promise<T>,
  ): Promise<T | undefined> {
    checkName(request)
    checkLimit(request)
    const ended = this.#ports.reads.begin()
    try {
      const row = this.#path.present(request, await this.#ports.metadata.getHead(request.bucket, request.key))
      return row === undefined ? undefined : await read(row)
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

/** What this face would serve as it is stored would not be the file. @throws FrostError `bad-request`. */
function refuseTransformed({ key }: FileName, { transform }: VersionRow): void {
  if (transform === undefined) return
  throw new FrostError('bad-request', `"${key}" is stored in another form (${transform.kind}).`, {
    remedy: 'Read it through the face that stored it.',
  })
}
