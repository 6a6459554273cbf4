// What the data path needs of a worker, without knowing how it is reached. The connections implement it (worker-links.ts); tests
// and the simulator stand in for it.

import type { DataId, Epoch, GroupId, WorkerId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import type { FragmentDigest } from '../codec/fragment-digest.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import type { FragmentKey, GetReply } from '../rpc/messages/fragment.ts'
import type { FragmentPage, HeldFragment, ListFragmentsRequest } from '../rpc/messages/fragment-sets.ts'
import type { HeldGroup } from '../rpc/messages/group-usage.ts'
import type { RebuildOutcome, RebuildRequest } from '../rpc/messages/rebuild.ts'
import type { AdoptedGroupsRequest } from '../rpc/messages/recovery.ts'
import type { FragmentState, VerifyFragmentsRequest } from '../rpc/messages/verify.ts'

export interface WorkerLink {
  readonly worker: WorkerId
  /**
   * Stores a fragment, given as its record in parts; durable when it resolves. The buffers must not change until `sent`
   * was called, which happens exactly once, also where it fails.
   * @throws FrostError as the worker answers (`epoch-stale`: send it again under the newest map; `group-not-adopted`: it was handed
   * the group now, send it again), `peer-unreachable`, `deadline-exceeded`, or `signal.reason`.
   */
  put(record: readonly Uint8Array[], options: PutOptions): Promise<void>
  /** @throws FrostError `fragment-missing`, `fragment-corrupt`, `epoch-stale`, `peer-unreachable`, `deadline-exceeded`, … */
  get(request: FragmentRange, options: GetOptions): Promise<FragmentChunks>
  /** The record's header, with CRC table and manifest, as stored. */
  inspect(key: FragmentKey, epoch: Epoch, options: CallOptions): Promise<Uint8Array>
  /** Drops every fragment of the data ids; durable when it resolves. */
  drop(group: GroupId, epoch: Epoch, dataIds: readonly DataId[], options: CallOptions): Promise<void>
  /** Data ids of a group in order, after `after`. */
  listIds(group: GroupId, after: DataId | undefined, limit: number, options: CallOptions): Promise<readonly DataId[]>
  /** Groups above `after` of which it holds anything, in order, with how much; fewer than `limit` (at most 1,000) at the end. */
  groupUsage(after: GroupId | undefined, limit: number, options: CallOptions): Promise<readonly HeldGroup[]>
  /** Of the fragments in good state that it holds of a slot. */
  digest(group: GroupId, scheme: Scheme, slot: number, options: CallOptions): Promise<FragmentDigest>
  /** Fragments in good state. A page can be short, or empty, although there is more (`next`). */
  listFragments(request: ListFragmentsRequest, options: CallOptions): Promise<FragmentPage>
  /**
   * Drops those of at most 1,000 fragments whose record has the header checksum that is given; durable when it resolves, to how many
   * there were.
   */
  dropFragments(group: GroupId, epoch: Epoch, fragments: readonly HeldFragment[], options: CallOptions): Promise<number>
  /**
   * Has it make at most 256 fragments anew from what its peers hold. The outcomes come in the order of the fragments.
   * @throws FrostError `epoch-stale`, and as the others.
   */
  rebuild(request: RebuildRequest, options: CallOptions): Promise<readonly RebuildOutcome[]>
  /** Has it read everything that it stores, from now on and at full pace. How far it is, its vitals say. */
  startScrub(options: CallOptions): Promise<void>
  /** Has it read and check at most 256 fragments. The states come in the order of the fragments. */
  verify(request: VerifyFragmentsRequest, options: CallOptions): Promise<readonly FragmentState[]>
  /** Placement groups that it has adopted, in order; fewer than the limit (at most 128) at the end. */
  adoptedGroups(request: AdoptedGroupsRequest, options: CallOptions): Promise<readonly PlacementGroup[]>
}

export interface CallOptions {
  readonly deadlineMs: number
  readonly signal?: AbortSignal
  /** For the extension area of the request, encoded. */
  readonly extension?: Uint8Array
}

export interface PutOptions extends CallOptions {
  readonly group: GroupId
  readonly epoch: Epoch
  readonly standIn: boolean
  /** The buffers are free again. */
  readonly sent: () => void
}

export interface FragmentRange {
  readonly key: FragmentKey
  readonly epoch: Epoch
  readonly firstChunk: number
  readonly endChunk: number
}

export interface GetOptions extends CallOptions {
  /**
   * Called with each piece of the chunks as it arrives, in order, instead of gathering them: the piece is gone when the call returns.
   * Without it, `FragmentChunks.bytes` holds them all.
   */
  readonly onBytes?: (bytes: Uint8Array) => void
}

export interface FragmentChunks {
  readonly reply: GetReply
  /** Empty where `onBytes` took them. */
  readonly bytes: Uint8Array
  /** Gives `bytes` back. Exactly once. */
  release(): void
}

/** The workers that can be reached now. */
export interface WorkerLinks {
  /** `undefined`: not connected. */
  link(worker: WorkerId): WorkerLink | undefined
  /** Connected and not suspect: the first to be asked. */
  isReadable(worker: WorkerId): boolean
  /** Connected, not suspect, not full: fit for new data. */
  isWritable(worker: WorkerId): boolean
  /** All that are writable. */
  writable(): readonly WorkerId[]
}
