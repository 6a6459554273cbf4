// A complete ObjectService in memory, for the tests of the face: versions, delete markers, locks and multipart uploads as the contract has
// them. It is strict about it, so that a face that breaks it is noticed: one write at a time, each reader closed.

import { createHash } from 'node:crypto'

import { crc32 } from '@node-rs/crc32'

import { assert } from '../../../base/assert.ts'
import { joinCrc32 } from '../../../codec/crc32.ts'
import { FrostError } from '../../../base/errors.ts'
import { makeVersionId } from '../../../base/ids.ts'
import type { VersionId } from '../../../base/ids.ts'
import { SeededRandom } from '../../../base/random.ts'
import type { BodySlice, FileBody } from '../../../master/file-service.ts'
import { checkBucket, checkName } from '../../../master/names.ts'
import { crc32Checksum } from '../../../master/range-crc.ts'
import type {
  BucketChange,
  CompleteRequest,
  CopyObject,
  CopyPartRequest,
  ObjectInfo,
  ObjectName,
  ObjectReader,
  ObjectService,
  ObjectUpload,
  PutObject,
  PutPartRequest,
  RemovedObject,
  RemoveObject,
  Sealing,
} from '../../../master/object-service.ts'
import type { BucketRow, BucketUsage } from '../../../meta/contract/bucket-metadata.ts'
import type {
  BucketSetting,
  BucketSettingKind,
  BucketSettings,
  ListBucketSettings,
} from '../../../meta/contract/bucket-settings.ts'
import type { ListEntry, ListPage, ListRequest } from '../../../meta/contract/file-metadata.ts'
import type {
  ListMultiparts,
  ListParts,
  MultipartName,
  MultipartPage,
  MultipartRow,
  PartRow,
} from '../../../meta/contract/multipart-metadata.ts'
import type { ListVersionsRequest, VersionPage } from '../../../meta/contract/version-metadata.ts'
import { checkCondition, checkPlace, memoryPage, propertiesOf } from './memory-rules.ts'
import type { GivenProperties } from './memory-rules.ts'
import type { Condition } from './memory-rules.ts'

export interface Version {
  readonly info: ObjectInfo
  readonly bytes: Uint8Array
}

interface Bucket {
  row: BucketRow
  settings: BucketSettings
  /** From the newest. */
  readonly keys: Map<string, Version[]>
  readonly uploads: Map<string, Multipart>
}

interface Multipart {
  row: MultipartRow
  readonly parts: Map<number, { readonly row: PartRow; readonly bytes: Uint8Array }>
}

export class MemoryObjects implements ObjectService {
  readonly #buckets = new Map<string, Bucket>()
  readonly #random = new SeededRandom(1)
  #clockMs = 0
  nowMs: () => number = Date.now

  // What the face did.
  uploadsOpen = 0
  readersOpen = 0
  readersOpened = 0
  /** Called before each slice of a read is handed out. */
  onSlice: ((signal: AbortSignal | undefined) => Promise<void>) | undefined
  settingReads = 0
  readonly causes: string[] = []
  /** What the service does wrong. */
  failure: Error | undefined
  sliceBytes = 65_536

  bytesOf(bucket: string, key: string): Uint8Array | undefined {
    return this.#bucket(bucket).keys.get(key)?.[0]?.bytes
  }

  async put(request: PutObject): Promise<ObjectUpload<ObjectInfo>> {
    this.#fail()
    checkName(request)
    const bucket = this.#bucket(request.bucket)
    return this.#upload((bytes, sealing) => {
      return this.#commit(bucket, request, { bytes, sealing, properties: request, condition: request.condition })
    })
  }

  async find({ bucket, key, version }: ObjectName): Promise<ObjectInfo | undefined> {
    this.#fail()
    return this.#version(bucket, key, version)?.info
  }

  async open(name: ObjectName): Promise<ObjectReader | undefined> {
    this.#fail()
    const found = this.#version(name.bucket, name.key, name.version)
    if (found === undefined) return undefined
    this.readersOpen++
    this.readersOpened++
    let isOpen = true
    return {
      info: found.info,
      read: (offset, length, signal) => {
        const body = readBytes(found.bytes.subarray(offset, offset + length), this.sliceBytes)
        return {
          next: async () => {
            await this.onSlice?.(signal)
            signal?.throwIfAborted()
            return await body.next()
          },
          close: () => body.close(),
        }
      },
      close: () => {
        if (isOpen) this.readersOpen--
        isOpen = false
      },
    }
  }

  async copy(request: CopyObject): Promise<ObjectInfo> {
    const { source, sourceVersion, properties, own, sealing, condition } = request
    const from = this.#version(source.bucket, source.key, source.version)
    if (from === undefined || from.info.isDeleteMarker || (sourceVersion ?? from.info.version) !== from.info.version)
      throw new FrostError('version-not-found', 'There is no such source.')
    const kept = propertiesOf({ ...from.info, lock: undefined, owner: undefined })
    return this.#commit(this.#bucket(request.bucket), request, {
      bytes: from.bytes,
      sealing: {
        etag: from.info.etag,
        ...(from.info.checksums === undefined ? {} : { checksums: from.info.checksums }),
        logical: { sizeBytes: from.info.sizeBytes, crc32: from.info.crc32 },
        ...sealing,
      },
      properties: { ...(properties ?? kept), transform: properties?.transform ?? from.info.transform, ...own },
      condition,
      parts: from.info.parts,
    })
  }

  async remove({ bucket: name, key, condition, owner, cause }: RemoveObject): Promise<RemovedObject> {
    this.#fail()
    const bucket = this.#bucket(name)
    const versions = bucket.keys.get(key) ?? []
    checkCondition(condition, versions[0]?.info)
    const { versioning } = bucket.row
    if (cause !== undefined)
      this.causes.push(versioning === undefined ? cause.event : cause.event.replace(/:Delete$/, ':DeleteMarkerCreated'))
    if (versioning === undefined) {
      bucket.keys.delete(key)
      return { removed: versions[0]?.info, marker: undefined }
    }
    const removed = versioning === 'suspended' ? this.#dropNull(versions) : undefined
    const info = this.#info({ bucket: name, key }, new Uint8Array(0), { properties: { owner }, sealing: {} })
    const marker = { ...info, isDeleteMarker: true, isVersioned: versioning === 'enabled' }
    versions.unshift({ info: marker, bytes: new Uint8Array(0) })
    bucket.keys.set(key, versions)
    return { removed, marker }
  }

  async removeVersion(request: Parameters<ObjectService['removeVersion']>[0]): Promise<ObjectInfo | undefined> {
    const versions = this.#bucket(request.bucket).keys.get(request.key) ?? []
    const found = this.#version(request.bucket, request.key, request.version)
    checkCondition(request.condition, found?.info)
    if (found === undefined) return undefined
    const { lock } = found.info
    const isRetained = lock?.retainUntilMs !== undefined && lock.retainUntilMs > this.nowMs()
    const mayBypass = lock?.mode === 'governance' && request.bypassGovernance === true
    if (lock?.legalHold === true || (isRetained && !mayBypass))
      throw new FrostError('object-locked', 'The version is locked.')
    checkPlace(request, versions.indexOf(found), versions.length)
    if (request.cause !== undefined) this.causes.push(request.cause.event)
    versions.splice(versions.indexOf(found), 1)
    if (versions.length === 0) this.#bucket(request.bucket).keys.delete(request.key)
    return found.info
  }

  async change(request: Parameters<ObjectService['change']>[0]): Promise<ObjectInfo> {
    const { bucket, key, version, tags, retention, legalHold, extra, bypassGovernance } = request
    const found = this.#version(bucket, key, version)
    if (found === undefined || found.info.isDeleteMarker)
      throw new FrostError('version-not-found', 'There is no such version.')
    const { lock } = found.info
    const isShorter = (retention?.retainUntilMs ?? 0) < (lock?.retainUntilMs ?? 0) || retention?.mode !== lock?.mode
    const holds = (lock?.retainUntilMs ?? 0) > this.nowMs()
    if (retention !== undefined && holds && isShorter && !(lock?.mode === 'governance' && bypassGovernance === true))
      throw new FrostError('object-locked', 'The lock would be weakened.')
    const info: ObjectInfo = {
      ...found.info,
      ...(tags === undefined ? {} : { tags }),
      ...(extra === undefined ? {} : { extra: { ...found.info.extra, ...extra } }),
      ...(retention === undefined && legalHold === undefined
        ? {}
        : {
            lock: {
              ...(retention ?? withoutHold(lock)),
              ...((legalHold ?? lock?.legalHold) === true ? ({ legalHold: true } as const) : {}),
            },
          }),
    }
    const versions = this.#bucket(bucket).keys.get(key) ?? []
    versions[versions.indexOf(found)] = { info, bytes: found.bytes }
    return info
  }

  async list({ bucket, prefix = '', after, delimiter, limit }: ListRequest): Promise<ListPage> {
    this.#fail()
    const heads = this.#sorted(bucket, prefix).flatMap(([, [head]]) => {
      return head === undefined || head.info.isDeleteMarker ? [] : [entryOf(head.info)]
    })
    const { items, prefixes, last, hasMore } = memoryPage(heads, { prefix, after, delimiter, limit })
    return { entries: items, prefixes, ...(hasMore && last !== undefined ? { next: last } : {}) }
  }

  async listVersions(request: ListVersionsRequest): Promise<VersionPage> {
    const { bucket, prefix = '', after, afterVersion, delimiter, limit } = request
    const all = this.#sorted(bucket, prefix).flatMap(([, versions]) =>
      versions.map(({ info }, index) => {
        const { isDeleteMarker: isMarker, isVersioned } = info
        return { ...entryOf(info), isLatest: index === 0, isMarker, isVersioned }
      }),
    )
    const start =
      afterVersion === undefined ? -1 : all.findIndex((one) => one.key === after && matches(one, afterVersion))
    const rest = start < 0 ? all : all.slice(start + 1)
    const page = memoryPage(rest, { prefix, after: start < 0 ? after : undefined, delimiter, limit })
    const lastItem = page.items.at(-1)
    const next =
      page.last === lastItem?.key && lastItem !== undefined
        ? { after: lastItem.key, afterVersion: lastItem.isVersioned ? lastItem.version : ('null' as const) }
        : { after: page.last ?? '' }
    return { entries: page.items, prefixes: page.prefixes, ...(page.hasMore ? { next } : {}) }
  }

  async createMultipart(request: Parameters<ObjectService['createMultipart']>[0]): Promise<MultipartRow> {
    checkName(request)
    const row = { ...request, upload: this.#id(), createdMs: this.nowMs() }
    this.#bucket(request.bucket).uploads.set(row.upload, { row, parts: new Map() })
    return row
  }

  async findMultipart({ bucket, key, upload }: MultipartName): Promise<MultipartRow | undefined> {
    const found = this.#bucket(bucket).uploads.get(upload)
    return found?.row.key === key ? found.row : undefined
  }

  async putPart(request: PutPartRequest): Promise<ObjectUpload<PartRow>> {
    const upload = this.#multipart(request)
    return this.#upload((bytes, sealing) => this.#storePart(upload, request.number, { bytes, sealing }))
  }

  async copyPart(request: CopyPartRequest): Promise<PartRow> {
    const { source, sourceVersion, range, sealing, number } = request
    const from = this.#version(source.bucket, source.key, source.version)
    if (from === undefined || (sourceVersion ?? from.info.version) !== from.info.version)
      throw new FrostError('version-not-found', 'There is no such source.')
    const bytes = from.bytes.slice(range.offset, range.offset + range.length)
    const own = request.hasCrc32 === true ? [crc32Checksum(crc32(bytes))] : []
    const checksums = [...(sealing.checksums ?? []), ...own]
    const sealed = { ...sealing, ...(checksums.length === 0 ? {} : { checksums }) }
    return this.#storePart(this.#multipart(request), number, { bytes, sealing: sealed })
  }

  async listParts(request: ListParts): Promise<readonly PartRow[]> {
    const rows = [...this.#multipart(request).parts.values()].map(({ row }) => row)
    return rows
      .filter(({ number }) => number > request.after)
      .toSorted((left, right) => left.number - right.number)
      .slice(0, request.limit)
  }

  async listMultiparts(request: ListMultiparts): Promise<MultipartPage> {
    const { bucket, prefix = '', delimiter, afterKey, afterUpload, limit } = request
    const all = [...this.#bucket(bucket).uploads.values()]
      .map(({ row }) => row)
      .filter(({ key, completed }) => key.startsWith(prefix) && completed === undefined)
      .toSorted((left, right) => compare(left.key, right.key) || compare(left.upload, right.upload))
    const rest =
      afterUpload === undefined
        ? all
        : all.filter(
            ({ key, upload }) => compare(key, afterKey ?? '') > 0 || (key === afterKey && upload > afterUpload),
          )
    const page = memoryPage(rest, { prefix, after: afterUpload === undefined ? afterKey : undefined, delimiter, limit })
    const lastItem = page.items.at(-1)
    const next =
      lastItem !== undefined && page.last === lastItem.key
        ? { afterKey: lastItem.key, afterUpload: lastItem.upload }
        : { afterKey: page.last ?? '' }
    return { uploads: page.items, prefixes: page.prefixes, ...(page.hasMore ? { next } : {}) }
  }

  async complete(request: CompleteRequest): Promise<ObjectInfo> {
    const upload = this.#multipart(request, true)
    if (upload.row.completed !== undefined) {
      const done = this.#version(request.bucket, request.key, upload.row.completed.version)
      if (done !== undefined) return done.info
    }
    const parts = request.parts.map(({ number, id }) => {
      const part = upload.parts.get(number)
      if (part?.row.id !== id) throw new FrostError('part-invalid', `There is no part ${number}.`)
      return part
    })
    const info = this.#commit(this.#bucket(request.bucket), request, {
      bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
      sealing: { logical: joined(parts.map(({ row }) => row)), ...request.sealing },
      properties: upload.row.template,
      condition: request.condition,
      parts: parts.map(({ row }) => ({
        number: row.number,
        length: row.sizeBytes,
        ...(row.etag === undefined ? {} : { etag: row.etag }),
        ...(row.checksums === undefined ? {} : { checksums: row.checksums }),
      })),
    })
    upload.row = { ...upload.row, completed: { version: info.version, atMs: this.nowMs() } }
    return info
  }

  async abort(name: MultipartName): Promise<void> {
    this.#multipart(name)
    this.#bucket(name.bucket).uploads.delete(name.upload)
  }

  async createBucket(row: Omit<BucketRow, 'createdMs'>): Promise<void> {
    checkBucket(row.name)
    if (this.#buckets.has(row.name)) throw new FrostError('bucket-exists', 'There is one.')
    const createdMs = this.nowMs()
    this.#buckets.set(row.name, { row: { ...row, createdMs }, settings: {}, keys: new Map(), uploads: new Map() })
  }

  async findBucket(bucket: string): Promise<BucketRow | undefined> {
    this.#fail()
    return this.#buckets.get(bucket)?.row
  }

  async listBuckets(): Promise<readonly BucketRow[]> {
    return [...this.#buckets.values()].map(({ row }) => row).toSorted((left, right) => compare(left.name, right.name))
  }

  async removeBucket(name: string): Promise<void> {
    if (this.#bucket(name).keys.size > 0) throw new FrostError('bucket-not-empty', 'It is not empty.')
    this.#buckets.delete(name)
  }

  async changeBucket({ bucket: name, versioning, objectLock, quotaBytes }: BucketChange): Promise<BucketRow> {
    const bucket = this.#bucket(name)
    if (versioning === 'suspended' && bucket.row.objectLock === true)
      throw new FrostError('bad-request', 'A bucket with object lock keeps versions.')
    bucket.row = {
      ...bucket.row,
      ...(versioning === undefined ? {} : { versioning }),
      ...(objectLock === undefined ? {} : { objectLock }),
      ...(quotaBytes === undefined ? {} : { quotaBytes }),
    }
    return bucket.row
  }

  async settings(bucket: string): Promise<BucketSettings> {
    this.settingReads++
    return this.#bucket(bucket).settings
  }

  async setSetting(name: string, kind: BucketSettingKind, value: Uint8Array | undefined): Promise<void> {
    const bucket = this.#bucket(name)
    const others = Object.entries(bucket.settings).filter(([other]) => other !== kind)
    bucket.settings = { ...Object.fromEntries(others), ...(value === undefined ? {} : { [kind]: value }) }
  }

  async listSettings({ kind, after = '', limit }: ListBucketSettings): Promise<readonly BucketSetting[]> {
    const rows = await this.listBuckets()
    return rows
      .flatMap(({ name: bucket }) => {
        const value = this.#bucket(bucket).settings[kind]
        return value === undefined || bucket <= after ? [] : [{ bucket, value }]
      })
      .slice(0, limit)
  }

  async usage(name: string): Promise<BucketUsage> {
    const versions = [...this.#bucket(name).keys.values()].flat()
    return { files: versions.length, bytes: versions.reduce((sum, { info }) => sum + info.sizeBytes, 0) }
  }

  #upload<Result>(store: (bytes: Uint8Array, sealing: Sealing) => Result): ObjectUpload<Result> {
    const slices: Uint8Array[] = []
    let isOpen = true
    const end = (): void => {
      if (isOpen) this.uploadsOpen--
      isOpen = false
    }
    this.uploadsOpen++
    return {
      write: (slice) => {
        assert(isOpen, 'an upload that has ended takes nothing more')
        slices.push(new Uint8Array(slice))
        return undefined
      },
      finish: async (sealing) => {
        assert(isOpen, 'an upload ends once')
        try {
          return store(Buffer.concat(slices), sealing)
        } finally {
          end()
        }
      },
      abort: end,
    }
  }

  #storePart(
    upload: Multipart,
    number: number,
    { bytes, sealing }: { readonly bytes: Uint8Array; readonly sealing: Sealing },
  ): PartRow {
    const row: PartRow = {
      number,
      id: this.#id(),
      modifiedMs: this.nowMs(),
      sizeBytes: sealing.logical?.sizeBytes ?? bytes.length,
      storedSizeBytes: bytes.length,
      extents: [],
      crc32: sealing.logical?.crc32 ?? crc32(bytes),
      ...(sealing.etag === undefined ? {} : { etag: sealing.etag }),
      ...(sealing.checksums === undefined ? {} : { checksums: sealing.checksums }),
      ...(sealing.extra === undefined ? {} : { extra: sealing.extra }),
    }
    upload.parts.set(number, { row, bytes: new Uint8Array(bytes) })
    return row
  }

  #commit(
    bucket: Bucket,
    name: { readonly bucket: string; readonly key: string; readonly cause?: { readonly event: string } | undefined },
    what: {
      readonly bytes: Uint8Array
      readonly sealing: Sealing
      readonly properties: GivenProperties
      readonly condition: Condition | undefined
      readonly parts?: ObjectInfo['parts']
    },
  ): ObjectInfo {
    this.#fail()
    const versions = bucket.keys.get(name.key) ?? []
    checkCondition(what.condition, versions[0]?.info)
    const { versioning } = bucket.row
    if (versioning === undefined) versions.length = 0
    else if (versioning === 'suspended') this.#dropNull(versions)
    const info = {
      ...this.#info(name, what.bytes, what),
      isVersioned: versioning === 'enabled',
      ...(what.parts === undefined ? {} : { parts: what.parts }),
    }
    versions.unshift({ info, bytes: new Uint8Array(what.bytes) })
    bucket.keys.set(name.key, versions)
    if (name.cause !== undefined) this.causes.push(name.cause.event)
    return info
  }

  #info(
    { bucket, key }: { readonly bucket: string; readonly key: string },
    bytes: Uint8Array,
    { properties, sealing }: { readonly properties: GivenProperties; readonly sealing: Sealing },
  ): ObjectInfo {
    const version = this.#id()
    return {
      ...propertiesOf(properties),
      contentType: properties.contentType,
      bucket,
      key,
      version,
      sizeBytes: sealing.logical?.sizeBytes ?? bytes.length,
      storedSizeBytes: bytes.length,
      etag: sealing.etag ?? version,
      modifiedMs: this.nowMs(),
      crc32: sealing.logical?.crc32 ?? crc32(bytes),
      isDeleteMarker: false,
      isVersioned: false,
      ...(sealing.checksums === undefined ? {} : { checksums: sealing.checksums }),
      ...(sealing.extra === undefined ? {} : { extra: { ...properties.extra, ...sealing.extra } }),
    }
  }

  #version(bucketName: string, key: string, version: ObjectName['version']): Version | undefined {
    const versions = this.#bucket(bucketName).keys.get(key)
    return version === undefined ? versions?.[0] : versions?.find(({ info }) => matches(info, version))
  }

  #dropNull(versions: Version[]): ObjectInfo | undefined {
    const index = versions.findIndex(({ info }) => !info.isVersioned)
    return index < 0 ? undefined : versions.splice(index, 1)[0]?.info
  }

  #sorted(bucket: string, prefix: string): (readonly [string, Version[]])[] {
    return [...this.#bucket(bucket).keys]
      .filter(([key]) => key.startsWith(prefix))
      .toSorted(([left], [right]) => compare(left, right))
  }

  #multipart({ bucket, key, upload }: MultipartName, mayBeCompleted = false): Multipart {
    const found = this.#bucket(bucket).uploads.get(upload)
    if (found === undefined || found.row.key !== key || (found.row.completed !== undefined && !mayBeCompleted))
      throw new FrostError('upload-not-found', 'There is no such upload.')
    return found
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw new FrostError('bucket-not-found', `There is no bucket ${name}.`)
    return bucket
  }

  #id(): VersionId {
    this.#clockMs = Math.max(this.#clockMs + 1, this.nowMs())
    return makeVersionId(this.#clockMs, this.#random.bytes(10))
  }

  #fail(): void {
    if (this.failure !== undefined) throw this.failure
  }
}

/** Byte order of UTF-8. */
function compare(left: string, right: string): number {
  return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right))
}

export function md5Hex(bytes: Uint8Array | string): string {
  return createHash('md5').update(bytes).digest('hex')
}

function withoutHold(lock: ObjectInfo['lock']): NonNullable<ObjectInfo['lock']> {
  const { mode, retainUntilMs } = lock ?? {}
  return { ...(mode === undefined ? {} : { mode }), ...(retainUntilMs === undefined ? {} : { retainUntilMs }) }
}

function entryOf({ key, version, modifiedMs, sizeBytes, crc32: crc, etag, contentType, owner }: ObjectInfo): ListEntry {
  const optional = { ...(contentType === undefined ? {} : { contentType }), ...(owner === undefined ? {} : { owner }) }
  return { key, version, modifiedMs, sizeBytes, crc32: crc, etag, ...optional }
}

function matches(info: Pick<ObjectInfo, 'isVersioned' | 'version'>, version: VersionId | 'null'): boolean {
  return version === 'null' ? !info.isVersioned : info.version === version
}

function readBytes(bytes: Uint8Array, sliceBytes: number): FileBody {
  let offset = 0
  return {
    next: async (): Promise<BodySlice | undefined> => {
      if (offset >= bytes.length) return undefined
      const slice = bytes.slice(offset, offset + sliceBytes)
      offset += slice.length
      return { bytes: slice, release: () => undefined }
    },
    close: () => undefined,
  }
}

function joined(rows: readonly PartRow[]): { readonly sizeBytes: number; readonly crc32: number } {
  let [sizeBytes, crc] = [0, 0]
  for (const row of rows) {
    crc = joinCrc32(crc, row.crc32, row.sizeBytes)
    sizeBytes += row.sizeBytes
  }
  return { sizeBytes, crc32: crc }
}
