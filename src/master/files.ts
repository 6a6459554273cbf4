// The file service of one master process: names and conditions are checked here, bytes go through upload.ts and file-reader.ts.

import { FrostError } from '../base/errors.ts'
import type { ClusterId, WorkerId } from '../base/ids.ts'
import { chooseGroup } from '../cluster/choose-group.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { keyBytesMax, pageLimitMax } from '../meta/contract/conventions.ts'
import type { VersionRow } from '../meta/contract/version-row.ts'
import type { BlockReaderPorts } from './block-reader.ts'
import type { ClusterMap } from './cluster-map.ts'
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
  Upload,
  WriteCondition,
} from './file-service.ts'
import { layoutOf } from './layout.ts'
import type { ReadGenerations } from './read-generations.ts'
import { repeatUntilKnown } from './repeat.ts'
import { SmallPlaces } from './small-places.ts'
import type { SmallPlace } from './small-places.ts'
import { UploadStream } from './upload.ts'
import type { UploadOptions, UploadPorts } from './upload.ts'
import type { ConnectedWorkers } from './worker-links.ts'

export interface MasterFilesPorts
  extends
    Omit<UploadPorts, 'chooseGroup' | 'smallPlace' | 'refreshMap' | 'links'>,
    Omit<BlockReaderPorts, 'links' | 'latency' | 'groupNow' | 'refreshMap'> {
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly reads: ReadGenerations
  /** Of reads; the other `latency` is that of block writes. */
  readonly readLatency: BlockReaderPorts['latency']
}

export class MasterFiles implements FileService {
  readonly #ports: MasterFilesPorts
  readonly #clusterId: ClusterId
  readonly #options: UploadOptions
  readonly #uploadPorts: UploadPorts
  readonly #readerPorts: BlockReaderPorts
  readonly #smallPlaces: SmallPlaces

  constructor(ports: MasterFilesPorts, clusterId: ClusterId, options: UploadOptions) {
    this.#ports = ports
    this.#clusterId = clusterId
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
    if (this.#ports.map.writable.length === 0) await this.#ports.map.refresh()
    // Refused before the body comes where it could not be stored anyway.
    this.#smallPlaces.now()
    const head = await this.#ports.metadata.getHead(request.bucket, request.key)
    checkCondition(request, head)
    return new UploadStream(this.#uploadPorts, this.#options, request, head)
  }

  async head(name: FileName): Promise<FileInfo | undefined> {
    checkName(name)
    const row = await this.#ports.metadata.getHead(name.bucket, name.key)
    return row === undefined || row.deleteMarker === true ? undefined : fileInfo(name.bucket, name.key, row)
  }

  async open(name: FileName): Promise<FileReader | undefined> {
    checkName(name)
    const ended = this.#ports.reads.begin()
    try {
      const row = await this.#ports.metadata.getHead(name.bucket, name.key)
      if (row !== undefined && row.deleteMarker !== true) return new VersionReader(this.#readerPorts, name, row, ended)
    } catch (error) {
      ended()
      throw error
    }
    ended()
    return undefined
  }

  async remove(name: FileName, condition?: WriteCondition): Promise<FileInfo | undefined> {
    checkName(name)
    const { metadata, openUploads, clock } = this.#ports
    const { bucket, key } = name
    const row = await openUploads.command(
      async (commandId) =>
        await repeatUntilKnown(clock, () =>
          metadata.deleteKey({ bucket, key, commandId, ...(condition === undefined ? {} : { condition }) }),
        ),
    )
    return row === undefined ? undefined : fileInfo(bucket, key, row)
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
    checkName(request)
    checkLimit(request)
    const ended = this.#ports.reads.begin()
    try {
      const row = await this.#ports.metadata.getHead(request.bucket, request.key)
      if (row === undefined || row.deleteMarker === true) return undefined
      return await layoutOf(this.#readerPorts, request, row)
    } finally {
      ended()
    }
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
    const { metadata, workers, map } = this.#ports
    const [rows, repairs] = await Promise.all([metadata.listWorkers(), metadata.countRepairs()])
    const slots = map.groups.reduce((sum, group) => sum + group.slots.length, 0)
    return {
      id: this.#clusterId,
      workers: rows.map((row) => {
        const vitals = workers.vitals(row.worker)
        const seen = workers.stateOf(row.worker)
        return {
          id: row.worker,
          address: row.address,
          zone: row.zone,
          state:
            row.state === 'in'
              ? seen
              : row.state === 'draining' && seen === 'up'
                ? 'draining'
                : row.state === 'out'
                  ? 'out'
                  : seen,
          usedBytes: vitals?.usedBytes ?? row.usedBytes,
          capacityBytes: vitals?.capacityBytes ?? row.capacityBytes,
        }
      }),
      groups: map.groups.map((group) => ({
        id: group.group,
        epoch: group.epoch,
        scheme: group.scheme,
        state: group.state,
        workers: group.slots.map((slot) => slot.worker),
      })),
      // Nothing compares what metadata says with what workers hold yet, so every slot is unknown and no figure is hopeful.
      redundancy: {
        fragmentsMissing: repairs.some((repair) => repair.count > 0)
          ? repairs.reduce((sum, repair) => sum + repair.count, 0)
          : undefined,
        filesAtRisk: undefined,
        filesLost: undefined,
        unknown: slots,
        comparedAtMs: undefined,
        scrubbedAtMs: undefined,
      },
    }
  }

  readiness(): Readiness {
    const { map, workers } = this.#ports
    if (map.groups.length === 0)
      return { canRead: false, canWrite: false, reason: 'No placement groups yet: too few workers have joined.' }
    let canRead = true
    let canWrite = false
    for (const group of map.groups) {
      const up = group.slots.filter((slot) => workers.isReadable(slot.worker)).length
      if (up < group.scheme.dataColumns) canRead = false
      else if (group.state === 'writable') canWrite = true
    }
    const reason = canRead && canWrite ? undefined : `Only ${workers.writable().length} workers can be reached.`
    return { canRead, canWrite, reason }
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

const encoder = new TextEncoder()

function checkName({ bucket, key }: FileName): void {
  checkBucket(bucket)
  if (key.length === 0)
    throw new FrostError('name-missing', 'No file name was given.', { remedy: 'Give one, as in ?filename=NAME.' })
  if (!key.isWellFormed())
    throw new FrostError('name-invalid', 'The file name is not valid Unicode.', { remedy: 'Send it as UTF-8.' })
  if (key.length * 3 > keyBytesMax && encoder.encode(key).length > keyBytesMax) {
    throw new FrostError('name-too-long', `The file name has more than ${keyBytesMax} bytes.`, {
      remedy: 'Choose a shorter one.',
    })
  }
}

/** The rules of S3 for bucket names that matter to every face. */
function checkBucket(bucket: string): void {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && !bucket.includes('..')) return
  throw new FrostError('bucket-invalid', `"${bucket}" is not a bucket name.`, {
    remedy: 'Use 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends.',
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
  const current = head?.deleteMarker === true ? undefined : head
  const holds = condition.kind === 'if-absent' ? current === undefined : current?.version === condition.version
  if (!holds) throw new FrostError('precondition-failed', `The condition on "${key}" does not hold.`)
}
