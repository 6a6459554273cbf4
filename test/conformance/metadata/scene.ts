// A store with a bucket, groups and a registered process, and short ways to upload, copy and delete in it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ErrorCode } from '../../../src/base/errors.ts'
import { errorCode } from '../../../src/base/errors.ts'
import {
  makeDataId,
  makeVersionId,
  parseClusterId,
  parseEpoch,
  parseGroupId,
  parseProcessId,
  parseWorkerId,
} from '../../../src/base/ids.ts'
import type { ClusterId, DataId, Epoch, GroupId, ProcessId, VersionId, WorkerId } from '../../../src/base/ids.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { defaultScheme } from '../../../src/base/scheme.ts'
import type { DataRef } from '../../../src/meta/contract/conventions.ts'
import type { CommitResult, CommitVersion, DeleteKey, NewData } from '../../../src/meta/contract/file-metadata.ts'
import type { DeleteVersion, VersionName } from '../../../src/meta/contract/version-metadata.ts'
import type { Extent, NewVersion, VersionRow } from '../../../src/meta/contract/version-row.ts'
import type { MetadataStore } from '../../../src/meta/metadata-store.ts'

/** Opens an empty store, and ends it after a test. */
export interface StoreUnderTest {
  readonly store: MetadataStore
  cleanUp(): Promise<void>
}

export type CreateStore = () => Promise<StoreUnderTest>

export function present<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}

export const groupId = (value: number): GroupId => present(parseGroupId(value))
export const epoch = (value: number): Epoch => present(parseEpoch(value))
export const workerId = (value: number): WorkerId => present(parseWorkerId(value.toString(16).padStart(16, '0')))
export const processId = (value: number): ProcessId => present(parseProcessId(value.toString(16).padStart(16, '0')))
export const clusterId = (value: number): ClusterId => present(parseClusterId(value.toString(16).padStart(32, '0')))

/** When the tests take place. */
export const startMs = 1_700_000_000_000

export const rejectsWith = async (code: ErrorCode, promise: Promise<unknown>): Promise<void> => {
  await assert.rejects(promise, (error) => errorCode(error) === code)
}

export class Scene {
  readonly store: MetadataStore
  readonly #random = new SeededRandom(1)
  /** Time of the ids and commits that follow. */
  nowMs = startMs

  constructor(store: MetadataStore) {
    this.store = store
  }

  async open(): Promise<void> {
    await this.store.createCluster({
      cluster: clusterId(1),
      history: 'a'.repeat(32),
      defaultScheme,
      defaultChunkSizeBytes: 10_240,
      createdMs: startMs,
    })
    for (const group of [1, 2]) await this.store.createGroup(this.group(group))
  }

  group(group: number): { group: GroupId; scheme: typeof defaultScheme; workers: WorkerId[] } {
    return { group: groupId(group), scheme: defaultScheme, workers: [1, 2, 3, 4, 5].map(workerId) }
  }

  dataId(): DataId {
    return makeDataId(this.nowMs, this.#random.bytes(10))
  }

  versionId(): VersionId {
    return makeVersionId(this.nowMs, this.#random.bytes(10))
  }

  ref(group = 1): DataRef {
    return { group: groupId(group), dataId: this.dataId() }
  }

  newData(ref: DataRef, more: Partial<NewData> = {}): NewData {
    const fixed = { scheme: defaultScheme, chunkSizeBytes: 10_240, lengthBytes: 1_000 }
    return { ...ref, ...fixed, acknowledgedEpoch: epoch(1), repairs: [], ...more }
  }

  extent(ref: DataRef, more: Partial<Extent> = {}): Extent {
    const fixed = { scheme: defaultScheme, chunkSizeBytes: 10_240, dataLengthBytes: 1_000, offset: 0, length: 1_000 }
    return { ...ref, ...fixed, ...more }
  }

  version(refs: readonly DataRef[], more: Partial<NewVersion> = {}): NewVersion {
    const extents = refs.map((ref) => this.extent(ref))
    const sizeBytes = 1_000 * refs.length
    return { version: this.versionId(), modifiedMs: this.nowMs, sizeBytes, extents, crc32: 0xdead_beef, ...more }
  }

  /** The command that uploads one data id, beside the id. */
  upload(key: string, more: Partial<CommitVersion> = {}): CommitVersion & { readonly refs: readonly [DataRef] } {
    const ref = this.ref()
    const fixed = { bucket: 'default', key, version: this.version([ref]), newData: [this.newData(ref)] }
    return { ...fixed, ...more, refs: [ref] }
  }

  async put(key: string, more: Partial<CommitVersion> = {}): Promise<CommitResult> {
    return await this.store.commitVersion(this.upload(key, more))
  }

  /** The command that deletes a key. */
  deletion(key: string, more: Partial<DeleteKey> = {}): DeleteKey {
    const marker = { version: this.versionId(), modifiedMs: this.nowMs }
    return { bucket: 'default', key, commandId: this.dataId(), marker, ...more }
  }

  /** In a bucket whose versions are not kept. */
  async remove(key: string, bucket = 'default'): Promise<VersionRow | undefined> {
    return (await this.store.deleteKey(this.deletion(key, { bucket }))).removed
  }

  /** In one whose versions are kept; resolves to the marker. */
  async hide(key: string, more: Partial<DeleteKey> = {}): Promise<VersionRow> {
    return present((await this.store.deleteKey(this.deletion(key, more))).marker)
  }

  /** The command that removes one version. */
  removal(key: string, version: VersionName, more: Partial<DeleteVersion> = {}): DeleteVersion {
    return { bucket: 'default', key, version, commandId: this.dataId(), wallMs: this.nowMs, ...more }
  }

  async removeVersion(key: string, version: VersionName, more: Partial<DeleteVersion> = {}): Promise<unknown> {
    return await this.store.deleteVersion(this.removal(key, version, more))
  }

  async setVersioning(versioning: 'enabled' | 'suspended', name = 'default'): Promise<void> {
    await this.store.changeBucket({ name, versioning })
  }

  /** Publishes for a process so that the horizon follows. */
  async publish(process: ProcessId, publishedMs: number, purgeSequence = 0): Promise<void> {
    await this.store.publish({ process, publishedMs, ceilingMs: publishedMs + 1_000, purgeSequence })
  }

  async register(process: ProcessId): Promise<void> {
    await this.store.registerProcess({ process, address: 'localhost:1', wallMs: startMs - 10_000 })
  }

  async names(): Promise<readonly string[]> {
    return (await this.store.listNames({ bucket: 'default', limit: 1_000 })).names
  }
}

/** Registers tests, each with a scene in an empty store. */
export function sceneTests(create: CreateStore): (title: string, body: (scene: Scene) => Promise<void>) => void {
  return (title, body) => {
    test(title, async () => {
      const under = await create()
      try {
        const scene = new Scene(under.store)
        await scene.open()
        await body(scene)
      } finally {
        await under.cleanUp()
      }
    })
  }
}
