// What both services of a master, files and objects, move bytes through: where uploads go and what they need, readers, and what is refused
// before a body comes.

import { FrostError } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import { chooseGroup } from '../cluster/choose-group.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { behindError } from '../meta/contract/behind.ts'
import { conditionHolds } from '../meta/contract/head-condition.ts'
import type { HeadCondition } from '../meta/contract/head-condition.ts'
import type { VersionRow } from '../meta/contract/version-row.ts'
import type { BlockReaderPorts } from './block-reader.ts'
import type { ClusterHistory } from './cluster-history.ts'
import type { ClusterMap } from './cluster-map.ts'
import type { FileName } from './file-service.ts'
import { Quotas } from './quotas.ts'
import type { ReadGenerations } from './read-generations.ts'
import { SmallPlaces } from './small-places.ts'
import type { SmallPlace } from './small-places.ts'
import { UploadStream } from './upload.ts'
import type { UploadPorts, UploadRequest } from './upload.ts'
import type { SeenAtStart, UploadEnding } from './upload-ending.ts'
import type { UploadOptions } from './upload-extents.ts'
import type { CommitPorts } from './version-ending.ts'
import type { ConnectedWorkers } from './worker-links.ts'

export interface DataPathPorts
  extends
    CommitPorts,
    Omit<UploadPorts, 'chooseGroup' | 'smallPlace' | 'refreshMap' | 'links'>,
    Omit<BlockReaderPorts, 'links' | 'latency' | 'groupNow' | 'refreshMap'> {
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly history: Pick<ClusterHistory, 'isBehind'>
  readonly reads: ReadGenerations
  /** Of reads; the other `latency` is that of block writes. */
  readonly readLatency: BlockReaderPorts['latency']
}

/** What is known of an upload before its body comes. */
export interface AskedFor {
  readonly condition?: HeadCondition | undefined
  /** As the client sees it; absent: not known. */
  readonly sizeBytes?: number | undefined
  /** It becomes a part of a multipart upload, and replaces nothing. */
  readonly isPart?: boolean
}

export class DataPath {
  readonly ports: DataPathPorts
  readonly readerPorts: BlockReaderPorts
  readonly #options: UploadOptions
  readonly #uploadPorts: UploadPorts
  readonly #smallPlaces: SmallPlaces
  readonly #quotas: Quotas

  constructor(ports: DataPathPorts, options: UploadOptions) {
    this.ports = ports
    this.#options = options
    const refreshMap = async (): Promise<void> => {
      await ports.map.refresh()
    }
    const anyGroup = (): PlacementGroup => this.#chooseGroup()
    const { clock, random, groupNow, metadata } = ports
    this.#quotas = new Quotas({ metadata, clock })
    this.#smallPlaces = new SmallPlaces({ clock, random, chooseGroup: anyGroup, groupNow })
    const smallPlace = (): SmallPlace => this.#smallPlaces.take()
    this.#uploadPorts = { ...ports, links: ports.workers, chooseGroup: anyGroup, smallPlace, refreshMap }
    this.readerPorts = { ...ports, links: ports.workers, latency: ports.readLatency, refreshMap }
  }

  /**
   * Before the body comes: refuses what could not be stored, and what the condition forbids already (the commit decides it).
   * @throws FrostError `bucket-not-found`, `read-only`, `not-enough-workers`, `insufficient-storage`, `precondition-failed`,
   * `quota-exceeded`.
   */
  async admit(name: FileName, asked: AskedFor = {}): Promise<SeenAtStart> {
    const { condition, sizeBytes, isPart = false } = asked
    const { history, map, metadata } = this.ports
    if (history.isBehind) throw behindError()
    if (map.writable.length === 0) await map.refresh()
    this.#smallPlaces.now()
    const [head, visible, bucket] = await Promise.all([
      metadata.getHead(name.bucket, name.key),
      metadata.visibleSequence(),
      metadata.getBucket(name.bucket),
    ])
    if (condition !== undefined && !conditionHolds(head, condition))
      throw new FrostError('precondition-failed', `The condition on "${name.key}" does not hold.`)
    const room = bucket === undefined ? undefined : await this.#quotas.admit({ bucket, head, isPart }, sizeBytes)
    return {
      ...(room === undefined ? {} : { room }),
      headSequence: head?.sequence ?? 0,
      seenSequence: visible - 1,
      isVersioned: bucket?.versioning === 'enabled',
      ...(bucket === undefined ? {} : { bucketMs: bucket.createdMs }),
    }
  }

  upload<Result>(request: UploadRequest, ending: UploadEnding<Result>): UploadStream<Result> {
    return new UploadStream(this.#uploadPorts, this.#options, request, ending)
  }

  /** What is there and no delete marker. `undefined`: nothing is. @throws FrostError `metadata-unavailable`. */
  present(name: FileName, row: VersionRow | undefined): VersionRow | undefined {
    return row === undefined || row.deleteMarker === true ? this.absent(name) : row
  }

  /** Metadata that is behind cannot say that there is no such file. @throws FrostError `metadata-unavailable`. */
  absent({ key }: FileName): undefined {
    if (!this.ports.history.isBehind) return undefined
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
    const { map, workers, random } = this.ports
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
