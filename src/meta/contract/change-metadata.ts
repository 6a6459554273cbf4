// The change log: one record for each mutation that changed anything, in the order of the mutations. A record names the rows that changed
// and does not repeat them: who follows the log reads the rows as they are by then, and ends with the same rows, since a
// later change of a row has a later record.

import type { DataId, GroupId, ProcessId, VersionId, WorkerId } from '../../base/ids.ts'
import type { Fence } from './conventions.ts'

export interface ChangeRecord {
  /** From 1, one more for each. */
  readonly sequence: number
  readonly change: Change
}

/**
 * Why a version came or went, and who is to be told of it: for events. All that a message says is here, so that it can be told when the
 * object, its bucket and the bucket's settings are long gone.
 */
export interface ChangeCause {
  /** As S3 names it: `s3:ObjectCreated:Put`. A delete's is that of a delete; whether it left a marker is seen by the change. */
  readonly event: string
  readonly notices: readonly ChangeNotice[]
  /** The commit moves it to where the version's own time is later. */
  readonly atMs: number
  readonly requestId: string
  readonly address: string
  /** Canonical id. Absent: nobody is known. */
  readonly principal?: string
  /** Canonical id. Absent: nobody is known. */
  readonly bucketOwner?: string
  /** Of the version that came, was changed or is gone. This and what follows is added by the commit. */
  readonly sizeBytes?: number
  readonly etag?: string
  /** It goes by its id. */
  readonly versioned?: true
}

/** Somebody who is to be told. */
export interface ChangeNotice {
  /** The webhook's name. */
  readonly target: string
  /** The id of the bucket's configuration that asks for it. */
  readonly configuration: string
  /** Only where a delete leaves a marker; absent: only where it leaves none, and whatever else happens. */
  readonly marker?: true
}

export type Change =
  | { readonly kind: 'cluster' }
  | { readonly kind: 'bucket'; readonly bucket: string }
  | {
      readonly kind: 'version'
      readonly bucket: string
      readonly key: string
      /** The one that was committed or changed; absent: one was removed. */
      readonly version?: VersionId
      /** The one that is no longer there, or no longer the newest. */
      readonly replaced?: VersionId
      readonly cause?: ChangeCause
    }
  | { readonly kind: 'multipart'; readonly bucket: string; readonly key: string; readonly upload: VersionId }
  | { readonly kind: 'data'; readonly refs: readonly { readonly group: GroupId; readonly dataId: DataId }[] }
  | { readonly kind: 'purged'; readonly refs: readonly { readonly group: GroupId; readonly dataId: DataId }[] }
  | { readonly kind: 'process'; readonly process: ProcessId }
  | { readonly kind: 'repair'; readonly group: GroupId }
  | { readonly kind: 'group'; readonly group: GroupId }
  | { readonly kind: 'worker'; readonly workers: readonly WorkerId[] }
  | { readonly kind: 'lease'; readonly name: string }
  /**
   * `id`: the name of a user, group, role or policy, or the id of a key, token, share link or encryption key. A user's change stands
   * for its keys, tokens, grants and policies too.
   */
  | { readonly kind: 'access'; readonly what: AccessRowKind; readonly id: string }

export type AccessRowKind =
  | 'user'
  | 'key'
  | 'token'
  | 'grant'
  | 'share-link'
  | 'group'
  | 'role'
  | 'policy'
  | 'encryption-key'

export interface ChangeReads {
  /** Records after `after` (0: from the oldest kept), in order; at most `limit`. */
  listChanges(request: { readonly after: number; readonly limit: number }): Promise<readonly ChangeRecord[]>
  /** By name; at most `followersMax`. */
  listFollowers(): Promise<readonly Follower[]>
}

/** Who acts on each change (events), and has done so up to and including a number. */
export interface Follower {
  readonly name: string
  readonly sequence: number
}

export interface ChangeMutations {
  /**
   * Removes records up to and including `through`, at most `trimMax` of them; resolves to how many went. Those that a follower has not
   * come to stay, unless they are more than `followedMax` records old: then it misses them. Leaves no record of its own. A repeat is
   * harmless.
   */
  trimChanges(command: { readonly through: number }): Promise<number>
  /**
   * Says how far a follower is, or with `sequence` absent that there is none of the name any more. Never moves it back. Leaves no record
   * of its own (there would be no end of it). A repeat is harmless. @throws FrostError `bad-request` above `followersMax`.
   */
  putFollower(command: PutFollower): Promise<void>
}

export interface PutFollower {
  readonly name: string
  readonly sequence?: number
  readonly fence?: Fence
}

export const trimMax = 1_000
/** Some 1 to 2 GB. */
export const followedMax = 10_000_000
export const followersMax = 100
