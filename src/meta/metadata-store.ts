// Everything a cluster knows apart from the files' bytes, as whole commands in the domain's words. There is no transaction
// handle: what must happen together is one command. Three implementations pass one conformance suite
// (test/conformance/metadata-store.ts): LMDB, MongoDB and memory.
//
// Rules for all commands (durability, repeats, unknown outcomes): contract/conventions.ts.

import type { AccessMutations, AccessReads } from './contract/access-metadata.ts'
import type { BucketMutations, BucketReads } from './contract/bucket-metadata.ts'
import type { BucketSettingMutations, BucketSettingReads } from './contract/bucket-settings.ts'
import type { ChangeMutations, ChangeReads } from './contract/change-metadata.ts'
import type { ClusterMutations, ClusterReads } from './contract/cluster-metadata.ts'
import type { DataMutations, DataReads } from './contract/data-metadata.ts'
import type { EncryptionKeyMutations, EncryptionKeyReads } from './contract/encryption-key-metadata.ts'
import type { FileMutations, FileReads } from './contract/file-metadata.ts'
import type { GroupMutations, GroupReads } from './contract/group-metadata.ts'
import type { IdentityMutations, IdentityReads } from './contract/identity-metadata.ts'
import type { LeaseMutations, LeaseReads } from './contract/lease-metadata.ts'
import type { MultipartMutations, MultipartReads } from './contract/multipart-metadata.ts'
import type { ProcessMutations, ProcessReads } from './contract/process-metadata.ts'
import type { RebuildMutations, RebuildReads } from './contract/rebuild-metadata.ts'
import type { RepairMutations, RepairReads } from './contract/repair-metadata.ts'
import type { VersionMutations, VersionReads } from './contract/version-metadata.ts'
import type { WorkerMutations, WorkerReads } from './contract/worker-metadata.ts'

export interface MetadataReads
  extends
    ClusterReads,
    BucketReads,
    BucketSettingReads,
    FileReads,
    VersionReads,
    MultipartReads,
    DataReads,
    ProcessReads,
    RebuildReads,
    RepairReads,
    GroupReads,
    WorkerReads,
    LeaseReads,
    AccessReads,
    IdentityReads,
    EncryptionKeyReads,
    ChangeReads {}

/** Each takes one command of plain data and resolves to plain data. */
export interface MetadataMutations
  extends
    ClusterMutations,
    BucketMutations,
    BucketSettingMutations,
    FileMutations,
    VersionMutations,
    MultipartMutations,
    DataMutations,
    ProcessMutations,
    RebuildMutations,
    RepairMutations,
    GroupMutations,
    WorkerMutations,
    LeaseMutations,
    AccessMutations,
    IdentityMutations,
    EncryptionKeyMutations,
    ChangeMutations {}

export interface MetadataStore extends MetadataReads, MetadataMutations {
  /** Why the metadata cannot be asked now, as a sentence; `undefined`: it can, as far as is known. */
  unreachable(): string | undefined
  /** Waits for the commits under way; what is called afterwards fails with `metadata-unavailable`. Can be called twice. */
  close(): Promise<void>
}
