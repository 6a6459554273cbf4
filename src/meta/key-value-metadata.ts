// The MetadataStore over an ordered map (KeyValue): LMDB in production, memory in simulations. Reads look at the map of this
// process; mutations go to a runner, which decides them here (LocalRunner), or sends them to the process that commits
// (forwarding.ts). A process that takes over the committing only changes its runner.

import { FrostError } from '../base/errors.ts'
import type { GroupId, VersionId, WorkerId } from '../base/ids.ts'
import type { KeyValue, KeyValueView } from '../ports/key-value.ts'
import type { ListShareLinks } from './contract/access-metadata.ts'
import type { AccessKeyRow, GrantRow, ShareLinkRow, TokenRow, UserRow } from './contract/access-rows.ts'
import type { BucketRow, BucketUsage } from './contract/bucket-metadata.ts'
import type { ChangeRecord } from './contract/change-metadata.ts'
import type { ClusterRow } from './contract/cluster-metadata.ts'
import type { DataRef, HorizonMs } from './contract/conventions.ts'
import type { DataRow, ListDataRows, PurgeEntry } from './contract/data-metadata.ts'
import type { ListPage, ListRequest, NamePage } from './contract/file-metadata.ts'
import type { GroupPage, GroupRow } from './contract/group-metadata.ts'
import type { LeaseRow } from './contract/lease-metadata.ts'
import type { IntentRow, ProcessRow } from './contract/process-metadata.ts'
import type { RebuildRow } from './contract/rebuild-metadata.ts'
import type { ListRepairs, RepairEntry } from './contract/repair-metadata.ts'
import type { VersionRow } from './contract/version-row.ts'
import type { WorkerRow } from './contract/worker-metadata.ts'
import { readHorizon } from './decisions/horizon.ts'
import { decodeCluster, decodeLease, decodeRebuild } from './encoding/cluster-rows.ts'
import { clusterKey, leaseKey, purgeCountKey, rebuildKey } from './encoding/keys.ts'
import { decodeNumbers } from './encoding/plain-rows.ts'
import type { MetadataStore } from './metadata-store.ts'
import { MutationMethods } from './mutation-methods.ts'
import { decideMutation } from './mutations.ts'
import type { MutationCommand, MutationName, MutationResult, MutationRunner } from './mutations.ts'
import * as accessReads from './reads/access-reads.ts'
import * as clusterReads from './reads/cluster-reads.ts'
import * as fileReads from './reads/file-reads.ts'
import { listEntries, listNames } from './reads/listing.ts'

/** Decides mutations in this process. The map must have been claimed. */
export class LocalRunner implements MutationRunner {
  readonly #keyValue: KeyValue

  constructor(keyValue: KeyValue) {
    this.#keyValue = keyValue
  }

  run<Name extends MutationName>(name: Name, command: MutationCommand<Name>): Promise<MutationResult<Name>> {
    return this.#keyValue.decide((view) => decideMutation(view, name, command))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

export class KeyValueMetadata extends MutationMethods implements MetadataStore {
  readonly #keyValue: KeyValue
  #runner: MutationRunner
  #isClosed = false

  /** Closing it closes the map and the runner too. */
  constructor(keyValue: KeyValue, runner: MutationRunner) {
    super()
    this.#keyValue = keyValue
    this.#runner = runner
  }

  /** From here on mutations go there. What was handed to the runner before is answered by it. */
  setRunner(runner: MutationRunner): void {
    this.#runner = runner
  }

  async getCluster(): Promise<ClusterRow | undefined> {
    const stored = this.#view().get(clusterKey)
    return stored === undefined ? undefined : decodeCluster(stored)
  }

  async getRebuild(): Promise<RebuildRow | undefined> {
    const stored = this.#view().get(rebuildKey)
    return stored === undefined ? undefined : decodeRebuild(stored)
  }

  async getBucket(name: string): Promise<BucketRow | undefined> {
    return fileReads.getBucket(this.#view(), name)
  }

  async listBuckets(): Promise<readonly BucketRow[]> {
    return fileReads.listBuckets(this.#view())
  }

  async getBucketUsage(name: string): Promise<BucketUsage> {
    return fileReads.getBucketUsage(this.#view(), name)
  }

  async getHead(bucket: string, key: string): Promise<VersionRow | undefined> {
    return fileReads.getHead(this.#view(), bucket, key)
  }

  async getVersion(bucket: string, key: string, version: VersionId): Promise<VersionRow | undefined> {
    return fileReads.getVersion(this.#view(), { bucket, key, version })
  }

  async list(request: ListRequest): Promise<ListPage> {
    const view = this.#view()
    fileReads.checkBucket(view, request.bucket)
    return listEntries(view, request)
  }

  async listNames(request: ListRequest): Promise<NamePage> {
    const view = this.#view()
    fileReads.checkBucket(view, request.bucket)
    return listNames(view, request)
  }

  async getDataRow(ref: DataRef): Promise<DataRow | undefined> {
    return clusterReads.getDataRow(this.#view(), ref)
  }

  async getDataRows(refs: readonly DataRef[]): Promise<readonly (DataRow | undefined)[]> {
    const view = this.#view()
    return refs.map((ref) => clusterReads.getDataRow(view, ref))
  }

  async listDataRows(request: ListDataRows): Promise<readonly DataRow[]> {
    return clusterReads.listDataRows(this.#view(), request)
  }

  async listDeadData(request: ListDataRows): Promise<readonly DataRef[]> {
    return clusterReads.listDeadData(this.#view(), request)
  }

  async visibleSequence(): Promise<number> {
    return fileReads.visibleSequence(this.#view())
  }

  async nextPurge(request: { readonly limit: number; readonly after?: PurgeEntry }): Promise<readonly PurgeEntry[]> {
    return clusterReads.nextPurge(this.#view(), request)
  }

  async purgeQueueLength(): Promise<number> {
    return decodeNumbers(this.#view().get(purgeCountKey), 1)[0] ?? 0
  }

  async listProcesses(): Promise<readonly ProcessRow[]> {
    return clusterReads.listProcesses(this.#view())
  }

  async listIntents(request: { readonly after?: IntentRow; readonly limit: number }): Promise<readonly IntentRow[]> {
    return clusterReads.listIntents(this.#view(), request)
  }

  async horizon(): Promise<HorizonMs> {
    return readHorizon(this.#view()).horizonMs
  }

  async listRepairs(request: ListRepairs): Promise<readonly RepairEntry[]> {
    return clusterReads.listRepairs(this.#view(), request)
  }

  async countRepairs(): Promise<readonly { readonly group: GroupId; readonly count: number }[]> {
    return clusterReads.countRepairs(this.#view())
  }

  async getGroup(group: GroupId): Promise<GroupRow | undefined> {
    return clusterReads.getGroup(this.#view(), group)
  }

  async listGroups(request: { readonly since: number; readonly limit: number }): Promise<GroupPage> {
    return clusterReads.listGroups(this.#view(), request)
  }

  async getWorker(worker: WorkerId): Promise<WorkerRow | undefined> {
    return clusterReads.getWorker(this.#view(), worker)
  }

  async listWorkers(): Promise<readonly WorkerRow[]> {
    return clusterReads.listWorkers(this.#view())
  }

  async getLease(name: string): Promise<LeaseRow | undefined> {
    const stored = this.#view().get(leaseKey(name))
    return stored === undefined ? undefined : decodeLease(stored)
  }

  async getUser(name: string): Promise<UserRow | undefined> {
    return accessReads.getUser(this.#view(), name)
  }

  async getUserByCanonicalId(canonicalId: string): Promise<UserRow | undefined> {
    return accessReads.getUserByCanonicalId(this.#view(), canonicalId)
  }

  async listUsers(request: { readonly after?: string; readonly limit: number }): Promise<readonly UserRow[]> {
    return accessReads.listUsers(this.#view(), request)
  }

  async hasAdministrator(): Promise<boolean> {
    return accessReads.hasAdministrator(this.#view())
  }

  async getAccessKey(id: string): Promise<AccessKeyRow | undefined> {
    return accessReads.getAccessKey(this.#view(), id)
  }

  async listAccessKeys(user: string): Promise<readonly AccessKeyRow[]> {
    return accessReads.listAccessKeys(this.#view(), user)
  }

  async getToken(id: string): Promise<TokenRow | undefined> {
    return accessReads.getToken(this.#view(), id)
  }

  async listTokens(user: string): Promise<readonly TokenRow[]> {
    return accessReads.listTokens(this.#view(), user)
  }

  async listGrantsOf(user: string): Promise<readonly GrantRow[]> {
    return accessReads.listGrantsOf(this.#view(), user)
  }

  async listGrantsOn(bucket: string): Promise<readonly GrantRow[]> {
    return accessReads.listGrantsOn(this.#view(), bucket)
  }

  async getShareLink(id: string): Promise<ShareLinkRow | undefined> {
    return accessReads.getShareLink(this.#view(), id)
  }

  async listShareLinks(request: ListShareLinks): Promise<readonly ShareLinkRow[]> {
    return accessReads.listShareLinks(this.#view(), request)
  }

  async listChanges(request: { readonly after: number; readonly limit: number }): Promise<readonly ChangeRecord[]> {
    return clusterReads.listChanges(this.#view(), request)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#runner.close()
    await this.#keyValue.close()
  }

  protected async run<Name extends MutationName>(
    name: Name,
    command: MutationCommand<Name>,
  ): Promise<MutationResult<Name>> {
    if (this.#isClosed) throw closed()
    return await this.#runner.run(name, command)
  }

  #view(): KeyValueView {
    if (this.#isClosed) throw closed()
    return this.#keyValue.view()
  }
}

function closed(): FrostError {
  return new FrostError('metadata-unavailable', 'The metadata store is closed.')
}
