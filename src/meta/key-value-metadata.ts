// The MetadataStore over an ordered map (KeyValue): LMDB in production, memory in simulations. Reads look at the map of this
// process; mutations go to a runner, which decides them here (LocalRunner), or sends them to the process that commits
// (forwarding.ts). A process that takes over the committing only changes its runner.

import { FrostError } from '../base/errors.ts'
import type { GroupId, WorkerId } from '../base/ids.ts'
import type { KeyValue, Look } from '../ports/key-value.ts'
import type { ListShareLinks } from './contract/access-metadata.ts'
import type { AccessKeyRow, GrantRow, ShareLinkRow, TokenRow, UserRow } from './contract/access-rows.ts'
import type { BucketRow, BucketUsage } from './contract/bucket-metadata.ts'
import type { BucketSetting, BucketSettings, ListBucketSettings } from './contract/bucket-settings.ts'
import type { ChangeRecord, Follower } from './contract/change-metadata.ts'
import type { ClusterRow } from './contract/cluster-metadata.ts'
import type { DataRef, HorizonMs } from './contract/conventions.ts'
import type { DataRow, ListDataRows, PurgeEntry } from './contract/data-metadata.ts'
import type { ListPage, ListRequest, NamePage } from './contract/file-metadata.ts'
import type { EncryptionKeyRow } from './contract/encryption-key-metadata.ts'
import type { GroupPage, GroupRow } from './contract/group-metadata.ts'
import type { IdentityName, IdentityPage, IdentityPolicies } from './contract/identity-metadata.ts'
import type { IdentityKind, IdentityRow, ManagedPolicyRow } from './contract/identity-rows.ts'
import type { LeaseRow } from './contract/lease-metadata.ts'
import type {
  ListMultiparts,
  ListOldMultiparts,
  ListParts,
  MultipartName,
  MultipartPage,
  MultipartRow,
  OldMultipart,
  PartRow,
} from './contract/multipart-metadata.ts'
import type { IntentRow, ProcessRow } from './contract/process-metadata.ts'
import type { RebuildRow } from './contract/rebuild-metadata.ts'
import type { ListRepairs, RepairEntry } from './contract/repair-metadata.ts'
import type { ListVersionsRequest, VersionName, VersionPage } from './contract/version-metadata.ts'
import type { VersionRow } from './contract/version-row.ts'
import type { WorkerRow } from './contract/worker-metadata.ts'
import type { DraftOptions } from './decisions/draft.ts'
import { readHorizon } from './decisions/horizon.ts'
import type { MetadataStore } from './metadata-store.ts'
import { MutationMethods } from './mutation-methods.ts'
import { mutationDecision } from './mutations.ts'
import type { MutationCommand, MutationName, MutationResult, MutationRunner } from './mutations.ts'
import * as accessReads from './reads/access-reads.ts'
import * as clusterReads from './reads/cluster-reads.ts'
import * as fileReads from './reads/file-reads.ts'
import { listEncryptionKeys } from './reads/encryption-key-reads.ts'
import * as identityReads from './reads/identity-reads.ts'
import { listEntries, listNames } from './reads/listing.ts'
import * as multipartReads from './reads/multipart-reads.ts'
import { listVersions } from './reads/version-listing.ts'

/** Decides mutations in this process. A map that is claimed must have been. */
export class LocalRunner implements MutationRunner {
  readonly #keyValue: KeyValue
  readonly #options: DraftOptions

  constructor(keyValue: KeyValue, options: DraftOptions = { gathersRecent: true }) {
    this.#keyValue = keyValue
    this.#options = options
  }

  run<Name extends MutationName>(name: Name, command: MutationCommand<Name>): Promise<MutationResult<Name>> {
    return this.#keyValue.decide(mutationDecision(name, command, this.#options))
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

  getCluster(): Promise<ClusterRow | undefined> {
    return this.#read((view) => clusterReads.getCluster(view))
  }

  getRebuild(): Promise<RebuildRow | undefined> {
    return this.#read((view) => clusterReads.getRebuild(view))
  }

  getBucket(name: string): Promise<BucketRow | undefined> {
    return this.#read((view) => fileReads.getBucket(view, name))
  }

  listBuckets(): Promise<readonly BucketRow[]> {
    return this.#read((view) => fileReads.listBuckets(view))
  }

  getBucketUsage(name: string): Promise<BucketUsage> {
    return this.#read((view) => fileReads.getBucketUsage(view, name))
  }

  getBucketSettings(bucket: string): Promise<BucketSettings> {
    return this.#read((view) => fileReads.getBucketSettings(view, bucket))
  }

  listBucketSettings(request: ListBucketSettings): Promise<readonly BucketSetting[]> {
    return this.#read((view) => fileReads.listBucketSettings(view, request))
  }

  getHead(bucket: string, key: string): Promise<VersionRow | undefined> {
    return this.#read((view) => fileReads.getHead(view, bucket, key))
  }

  getVersion(bucket: string, key: string, version: VersionName): Promise<VersionRow | undefined> {
    return this.#read((view) => fileReads.getVersion(view, { bucket, key, version }))
  }

  list(request: ListRequest): Promise<ListPage> {
    return this.#read((view) => {
      fileReads.checkBucket(view, request.bucket)
      return listEntries(view, request)
    })
  }

  listNames(request: ListRequest): Promise<NamePage> {
    return this.#read((view) => {
      fileReads.checkBucket(view, request.bucket)
      return listNames(view, request)
    })
  }

  listVersions(request: ListVersionsRequest): Promise<VersionPage> {
    return this.#read((view) => listVersions(view, request))
  }

  getMultipart(name: MultipartName): Promise<MultipartRow | undefined> {
    return this.#read((view) => multipartReads.getMultipart(view, name))
  }

  listParts(request: ListParts): Promise<readonly PartRow[]> {
    return this.#read((view) => multipartReads.listParts(view, request))
  }

  listMultiparts(request: ListMultiparts): Promise<MultipartPage> {
    return this.#read((view) => multipartReads.listMultiparts(view, request))
  }

  listOldMultiparts(request: ListOldMultiparts): Promise<readonly OldMultipart[]> {
    return this.#read((view) => multipartReads.listOldMultiparts(view, request))
  }

  getDataRow(ref: DataRef): Promise<DataRow | undefined> {
    return this.#read((view) => clusterReads.getDataRow(view, ref))
  }

  getDataRows(refs: readonly DataRef[]): Promise<readonly (DataRow | undefined)[]> {
    return this.#read((view) => refs.map((ref) => clusterReads.getDataRow(view, ref)))
  }

  listDataRows(request: ListDataRows): Promise<readonly DataRow[]> {
    return this.#read((view) => clusterReads.listDataRows(view, request))
  }

  listDeadData(request: ListDataRows): Promise<readonly DataRef[]> {
    return this.#read((view) => clusterReads.listDeadData(view, request))
  }

  visibleSequence(): Promise<number> {
    return this.#read((view) => fileReads.visibleSequence(view))
  }

  nextPurge(request: { readonly limit: number; readonly after?: PurgeEntry }): Promise<readonly PurgeEntry[]> {
    return this.#read((view) => clusterReads.nextPurge(view, request))
  }

  purgeQueueLength(): Promise<number> {
    return this.#read((view) => clusterReads.purgeQueueLength(view))
  }

  listProcesses(): Promise<readonly ProcessRow[]> {
    return this.#read((view) => clusterReads.listProcesses(view))
  }

  listIntents(request: { readonly after?: IntentRow; readonly limit: number }): Promise<readonly IntentRow[]> {
    return this.#read((view) => clusterReads.listIntents(view, request))
  }

  horizon(): Promise<HorizonMs> {
    return this.#read((view) => readHorizon(view).horizonMs)
  }

  listRepairs(request: ListRepairs): Promise<readonly RepairEntry[]> {
    return this.#read((view) => clusterReads.listRepairs(view, request))
  }

  countRepairs(): Promise<readonly { readonly group: GroupId; readonly count: number }[]> {
    return this.#read((view) => clusterReads.countRepairs(view))
  }

  getGroup(group: GroupId): Promise<GroupRow | undefined> {
    return this.#read((view) => clusterReads.getGroup(view, group))
  }

  listGroups(request: { readonly since: number; readonly limit: number }): Promise<GroupPage> {
    return this.#read((view) => clusterReads.listGroups(view, request))
  }

  getWorker(worker: WorkerId): Promise<WorkerRow | undefined> {
    return this.#read((view) => clusterReads.getWorker(view, worker))
  }

  listWorkers(): Promise<readonly WorkerRow[]> {
    return this.#read((view) => clusterReads.listWorkers(view))
  }

  getLease(name: string): Promise<LeaseRow | undefined> {
    return this.#read((view) => clusterReads.getLease(view, name))
  }

  getUser(name: string): Promise<UserRow | undefined> {
    return this.#read((view) => accessReads.getUser(view, name))
  }

  getUserByCanonicalId(canonicalId: string): Promise<UserRow | undefined> {
    return this.#read((view) => accessReads.getUserByCanonicalId(view, canonicalId))
  }

  listUsers(request: { readonly after?: string; readonly limit: number }): Promise<readonly UserRow[]> {
    return this.#read((view) => accessReads.listUsers(view, request))
  }

  hasAdministrator(): Promise<boolean> {
    return this.#read((view) => accessReads.hasAdministrator(view))
  }

  getAccessKey(id: string): Promise<AccessKeyRow | undefined> {
    return this.#read((view) => accessReads.getAccessKey(view, id))
  }

  listAccessKeys(user: string): Promise<readonly AccessKeyRow[]> {
    return this.#read((view) => accessReads.listAccessKeys(view, user))
  }

  getToken(id: string): Promise<TokenRow | undefined> {
    return this.#read((view) => accessReads.getToken(view, id))
  }

  listTokens(user: string): Promise<readonly TokenRow[]> {
    return this.#read((view) => accessReads.listTokens(view, user))
  }

  listGrantsOf(user: string): Promise<readonly GrantRow[]> {
    return this.#read((view) => accessReads.listGrantsOf(view, user))
  }

  listGrantsOn(bucket: string): Promise<readonly GrantRow[]> {
    return this.#read((view) => accessReads.listGrantsOn(view, bucket))
  }

  getShareLink(id: string): Promise<ShareLinkRow | undefined> {
    return this.#read((view) => accessReads.getShareLink(view, id))
  }

  listShareLinks(request: ListShareLinks): Promise<readonly ShareLinkRow[]> {
    return this.#read((view) => accessReads.listShareLinks(view, request))
  }

  listEncryptionKeys(): Promise<readonly EncryptionKeyRow[]> {
    return this.#read(listEncryptionKeys)
  }

  getIdentity(name: IdentityName): Promise<IdentityRow | undefined> {
    return this.#read((view) => identityReads.getIdentity(view, name))
  }

  listIdentities(request: IdentityPage & { readonly kind: IdentityKind }): Promise<readonly IdentityRow[]> {
    return this.#read((view) => identityReads.listIdentities(view, request))
  }

  getIdentityPolicies(name: IdentityName): Promise<IdentityPolicies | undefined> {
    return this.#read((view) => identityReads.getIdentityPolicies(view, name))
  }

  getManagedPolicy(name: string): Promise<ManagedPolicyRow | undefined> {
    return this.#read((view) => identityReads.getManagedPolicy(view, name))
  }

  listManagedPolicies(request: IdentityPage): Promise<readonly ManagedPolicyRow[]> {
    return this.#read((view) => identityReads.listManagedPolicies(view, request))
  }

  listPolicyUses(request: { readonly policy: string; readonly limit: number }): Promise<readonly IdentityName[]> {
    return this.#read((view) => identityReads.listPolicyUses(view, request))
  }

  listMembers(request: { readonly group: string; readonly limit: number }): Promise<readonly string[]> {
    return this.#read((view) => identityReads.listMembers(view, request))
  }

  listChanges(request: { readonly after: number; readonly limit: number }): Promise<readonly ChangeRecord[]> {
    return this.#read((view) => clusterReads.listChanges(view, request))
  }

  listFollowers(): Promise<readonly Follower[]> {
    return this.#read((view) => clusterReads.listFollowers(view))
  }

  unreachable(): string | undefined {
    return this.#keyValue.unreachable()
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

  #read<T>(look: Look<T>): Promise<T> {
    return this.#isClosed ? Promise.reject(closed()) : this.#keyValue.read(look)
  }
}

function closed(): FrostError {
  return new FrostError('metadata-unavailable', 'The metadata store is closed.')
}
