// The end of an upload that is a whole version: its bytes become the newest version of a key.

import { makeVersionId } from '../base/ids.ts'
import type { VersionId } from '../base/ids.ts'
import type { Histogram } from '../base/histogram.ts'
import { encodeManifest } from '../codec/manifest.ts'
import type { ChangeCause } from '../meta/contract/change-metadata.ts'
import type { CommitVersion, NewData } from '../meta/contract/file-metadata.ts'
import type { HeadCondition } from '../meta/contract/head-condition.ts'
import type { NewVersion, VersionRow } from '../meta/contract/version-row.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'
import type { FileName } from './file-service.ts'
import type { Sealing } from './object-service.ts'
import type { OpenUploads } from './open-uploads.ts'
import { repeatUntilKnown } from './repeat.ts'
import { spanned } from './spanned.ts'
import type { SeenAtStart, StoredBody, UploadEnding } from './upload-ending.ts'
import { describeVersion, manifestOf } from './version-manifest.ts'
import type { GivenProperties } from './version-manifest.ts'

export interface CommitPorts {
  readonly clock: Clock
  readonly random: Random
  readonly metadata: MetadataStore
  readonly openUploads: OpenUploads
  /** Told how long each commit took, in seconds. */
  readonly commitTimes?: Histogram
}

export interface VersionRequest extends FileName {
  readonly properties: GivenProperties
  readonly condition?: HeadCondition | undefined
  readonly cause?: ChangeCause | undefined
  readonly trail?: RequestTrail | undefined
}

export class VersionEnding<Result> implements UploadEnding<Result> {
  readonly #ports: CommitPorts
  readonly #request: VersionRequest
  readonly #seen: SeenAtStart
  readonly #show: (name: FileName, row: VersionRow) => Result
  readonly #version: VersionId

  /** `show`: what the upload resolves to. */
  constructor(
    ports: CommitPorts,
    request: VersionRequest,
    seen: SeenAtStart,
    show: (name: FileName, row: VersionRow) => Result,
  ) {
    this.#ports = ports
    this.#request = request
    this.#seen = seen
    this.#show = show
    this.#version = newVersionId(ports)
  }

  manifest(body: StoredBody, sealing: Sealing): Uint8Array<ArrayBuffer> {
    const context = { ...this.#seen, crcBefore: body.crc32, hasOwnCrc: sealing.logical !== undefined }
    return encodeManifest(manifestOf(this.#request, this.#describe(body, sealing), context))
  }

  async commit(body: StoredBody, newData: readonly NewData[], sealing: Sealing): Promise<Result> {
    const { bucket, key } = this.#request
    const version = this.#describe(body, sealing)
    const { room, bucketMs } = this.#seen
    const command = { bucket, key, version, newData, ...decidedBy(this.#request), ...inBucket(bucketMs) }
    const commit = async (): Promise<VersionRow> => await commitTimed(this.#ports, command, this.#request.trail)
    return this.#show(this.#request, await (room === undefined ? commit() : room.take(version.sizeBytes, commit)))
  }

  #describe(body: StoredBody, sealing: Sealing): NewVersion {
    const { properties } = this.#request
    return describeVersion({
      version: this.#version,
      modifiedMs: this.#ports.clock.wallMs(),
      properties,
      body,
      sealing,
    })
  }
}

/** Of the id clock, as data ids are. */
export function newVersionId({ openUploads, random }: Pick<CommitPorts, 'openUploads' | 'random'>): VersionId {
  return makeVersionId(openUploads.nextTimeMs(), random.bytes(10))
}

export function decidedBy({
  condition,
  cause,
}: Pick<VersionRequest, 'condition' | 'cause'>): Pick<CommitVersion, 'condition' | 'cause'> {
  return { ...(condition === undefined ? {} : { condition }), ...(cause === undefined ? {} : { cause }) }
}

export function inBucket(bucketMs: number | undefined): Pick<CommitVersion, 'bucketMs'> {
  return bucketMs === undefined ? {} : { bucketMs }
}

/** Repeats the commit until its outcome is known. */
export async function commitTimed(
  ports: CommitPorts,
  command: CommitVersion,
  trail: RequestTrail | undefined,
): Promise<VersionRow> {
  return await timed(ports, trail, async () => (await ports.metadata.commitVersion(command)).row)
}

/** Repeats a commit until its outcome is known. */
export async function timed<T>(
  { clock, commitTimes }: CommitPorts,
  trail: RequestTrail | undefined,
  commit: () => Promise<T>,
): Promise<T> {
  const startedMs = clock.monotonicMs()
  const result = await spanned(trail?.span?.child('commit'), repeatUntilKnown(clock, commit))
  commitTimes?.observe((clock.monotonicMs() - startedMs) / 1000)
  return result
}
