// The object service of one master process: what S3 needs beyond files. Bytes go through the same uploads and readers; copies, parts and
// buckets have files of their own.

import { versionIdOf } from '../base/ids.ts'
import type { BucketRow, BucketUsage } from '../meta/contract/bucket-metadata.ts'
import type {
  BucketSetting,
  BucketSettingKind,
  BucketSettings,
  ListBucketSettings,
} from '../meta/contract/bucket-settings.ts'
import type { CommandId } from '../meta/contract/conventions.ts'
import type { ListPage, ListRequest } from '../meta/contract/file-metadata.ts'
import type {
  ListMultiparts,
  ListParts,
  MultipartName,
  MultipartPage,
  MultipartRow,
  PartRow,
} from '../meta/contract/multipart-metadata.ts'
import type { DeleteVersion, ListVersionsRequest, VersionPage } from '../meta/contract/version-metadata.ts'
import type { VersionRow } from '../meta/contract/version-row.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'
import { Buckets } from './buckets.ts'
import { Copies } from './copies.ts'
import type { DataPath } from './data-path.ts'
import { VersionReader } from './file-reader.ts'
import { Multiparts } from './multiparts.ts'
import { checkName } from './names.ts'
import { objectInfo } from './object-info.ts'
import type {
  BucketChange,
  CompleteRequest,
  CopyObject,
  CopyPartRequest,
  ObjectChange,
  ObjectInfo,
  ObjectName,
  ObjectReader,
  ObjectService,
  ObjectUpload,
  PutObject,
  PutPartRequest,
  RemovedObject,
  RemoveObject,
} from './object-service.ts'
import { repeatUntilKnown } from './repeat.ts'
import { decidedBy, VersionEnding } from './version-ending.ts'

export class MasterObjects implements ObjectService {
  readonly #path: DataPath
  readonly #copies: Copies
  readonly #multiparts: Multiparts
  readonly #buckets: Buckets

  constructor(path: DataPath) {
    this.#path = path
    this.#copies = new Copies(path)
    this.#multiparts = new Multiparts(path)
    this.#buckets = new Buckets(path.ports)
  }

  async put(request: PutObject): Promise<ObjectUpload<ObjectInfo>> {
    checkName(request)
    const seen = await this.#path.admit(request, {
      condition: request.condition,
      sizeBytes: request.transform === undefined ? request.sizeBytes : undefined,
    })
    const { bucket, key, condition, cause, trail } = request
    const version = { bucket, key, properties: request, condition, cause, trail }
    return this.#path.upload(request, new VersionEnding(this.#path.ports, version, seen, objectInfo))
  }

  async find(name: ObjectName): Promise<ObjectInfo | undefined> {
    checkName(name)
    const row = await this.#look(name)
    return row === undefined ? this.#path.absent(name) : objectInfo(name, row)
  }

  async open(name: ObjectName, trail?: RequestTrail): Promise<ObjectReader | undefined> {
    checkName(name)
    const ended = this.#path.ports.reads.begin()
    try {
      const row = await this.#look(name)
      if (row !== undefined) {
        const { readerPorts } = this.#path
        const ports = trail === undefined ? readerPorts : { ...readerPorts, trail }
        return new VersionReader(ports, { row, info: objectInfo(name, row), ended })
      }
    } catch (error) {
      ended()
      throw error
    }
    ended()
    return this.#path.absent(name)
  }

  async copy(request: CopyObject): Promise<ObjectInfo> {
    return await this.#copies.copy(request)
  }

  async remove(request: RemoveObject): Promise<RemovedObject> {
    checkName(request)
    const { metadata, clock } = this.#path.ports
    const { bucket, key, owner } = request
    const deleted = await this.#command(async (commandId) => {
      const marker = {
        version: versionIdOf(commandId),
        modifiedMs: clock.wallMs(),
        ...(owner === undefined ? {} : { owner }),
      }
      return await metadata.deleteKey({ bucket, key, commandId, marker, ...decidedBy(request) })
    })
    return {
      removed: deleted.removed === undefined ? undefined : objectInfo(request, deleted.removed),
      marker: deleted.marker === undefined ? undefined : objectInfo(request, deleted.marker),
    }
  }

  async removeVersion(request: Omit<DeleteVersion, 'commandId' | 'wallMs'>): Promise<ObjectInfo | undefined> {
    checkName(request)
    const { metadata, clock } = this.#path.ports
    const row = await this.#command(
      async (commandId) => await metadata.deleteVersion({ ...request, commandId, wallMs: clock.wallMs() }),
    )
    return row === undefined ? undefined : objectInfo(request, row)
  }

  async change(request: ObjectChange): Promise<ObjectInfo> {
    checkName(request)
    const { metadata, clock } = this.#path.ports
    const row = await this.#command(
      async (commandId) => await metadata.changeVersion({ ...request, commandId, wallMs: clock.wallMs() }),
    )
    return objectInfo(request, row)
  }

  async list(request: ListRequest): Promise<ListPage> {
    return await this.#path.ports.metadata.list(request)
  }

  async listVersions(request: ListVersionsRequest): Promise<VersionPage> {
    return await this.#path.ports.metadata.listVersions(request)
  }

  async createMultipart(request: Omit<MultipartRow, 'upload' | 'createdMs' | 'completed'>): Promise<MultipartRow> {
    return await this.#multiparts.create(request)
  }

  async findMultipart(name: MultipartName): Promise<MultipartRow | undefined> {
    return await this.#path.ports.metadata.getMultipart(name)
  }

  async putPart(request: PutPartRequest): Promise<ObjectUpload<PartRow>> {
    return await this.#multiparts.put(request)
  }

  async copyPart(request: CopyPartRequest): Promise<PartRow> {
    return await this.#copies.copyPart(request)
  }

  async listParts(request: ListParts): Promise<readonly PartRow[]> {
    return await this.#path.ports.metadata.listParts(request)
  }

  async listMultiparts(request: ListMultiparts): Promise<MultipartPage> {
    return await this.#path.ports.metadata.listMultiparts(request)
  }

  async complete(request: CompleteRequest): Promise<ObjectInfo> {
    return await this.#multiparts.complete(request)
  }

  async abort(name: MultipartName): Promise<void> {
    await this.#multiparts.abort(name)
  }

  async createBucket(row: Omit<BucketRow, 'createdMs'>): Promise<void> {
    await this.#buckets.create(row)
  }

  async findBucket(bucket: string): Promise<BucketRow | undefined> {
    return await this.#path.ports.metadata.getBucket(bucket)
  }

  async listBuckets(): Promise<readonly BucketRow[]> {
    return await this.#path.ports.metadata.listBuckets()
  }

  async removeBucket(bucket: string): Promise<void> {
    await this.#buckets.remove(bucket)
  }

  async changeBucket({ bucket, ...change }: BucketChange): Promise<BucketRow> {
    const { clock, metadata } = this.#path.ports
    return await repeatUntilKnown(clock, () => metadata.changeBucket({ name: bucket, ...change }))
  }

  async settings(bucket: string): Promise<BucketSettings> {
    return await this.#path.ports.metadata.getBucketSettings(bucket)
  }

  async setSetting(bucket: string, kind: BucketSettingKind, value: Uint8Array | undefined): Promise<void> {
    const { clock, metadata } = this.#path.ports
    const command = { bucket, kind, ...(value === undefined ? {} : { value }) }
    await repeatUntilKnown(clock, () => metadata.setBucketSetting(command))
  }

  async listSettings(request: ListBucketSettings): Promise<readonly BucketSetting[]> {
    return await this.#path.ports.metadata.listBucketSettings(request)
  }

  async usage(bucket: string): Promise<BucketUsage> {
    return await this.#path.ports.metadata.getBucketUsage(bucket)
  }

  async #look({ bucket, key, version }: ObjectName): Promise<VersionRow | undefined> {
    const { metadata } = this.#path.ports
    return version === undefined ? await metadata.getHead(bucket, key) : await metadata.getVersion(bucket, key, version)
  }

  async #command<T>(run: (commandId: CommandId) => Promise<T>): Promise<T> {
    const { clock, openUploads } = this.#path.ports
    return await openUploads.command(
      async (commandId) => await repeatUntilKnown(clock, async () => await run(commandId)),
    )
  }
}
