// The connections to workers, as the data path sees them, and what they tell of the workers' health.
//
// A worker keeps one connection to each master process. A link is used for data once the worker has adopted the placement
// groups that this process knows; a put that meets a worker which does not know a group yet hands the group over and tries once more.

import { errorCode, FrostError } from '../base/errors.ts'
import type { DataId, Epoch, GroupId, WorkerId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import { SECOND_MS } from '../base/units.ts'
import { detectFailure } from '../cluster/detect-failures.ts'
import type { DetectorTimes } from '../cluster/detect-failures.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { FragmentDigest } from '../codec/fragment-digest.ts'
import type { Clock } from '../ports/clock.ts'
import { decodeGetReply, encodeGet, encodeInspect, encodePut } from '../rpc/messages/fragment.ts'
import type { FragmentKey } from '../rpc/messages/fragment.ts'
import {
  decodeDropped,
  decodePage,
  encodeDigestRequest,
  encodeDropFragments,
  encodeListFragments,
} from '../rpc/messages/fragment-sets.ts'
import type { FragmentPage, HeldFragment, ListFragmentsRequest } from '../rpc/messages/fragment-sets.ts'
import { decodeHeldGroups, encodeGroupUsageRequest } from '../rpc/messages/group-usage.ts'
import type { HeldGroup } from '../rpc/messages/group-usage.ts'
import {
  decodeGroups,
  decodeIds,
  encodeDrop,
  encodeGroups,
  encodeListIds,
  groupsPerMessage,
} from '../rpc/messages/membership.ts'
import type { WorkerVitals } from '../rpc/messages/membership.ts'
import { decodeStates, encodeVerify } from '../rpc/messages/verify.ts'
import type { FragmentState, VerifyFragmentsRequest } from '../rpc/messages/verify.ts'
import { methods } from '../rpc/messages/methods.ts'
import { decodeOutcomes, encodeRebuild } from '../rpc/messages/rebuild.ts'
import type { RebuildOutcome, RebuildRequest } from '../rpc/messages/rebuild.ts'
import { encodeAdoptedGroups } from '../rpc/messages/recovery.ts'
import type { AdoptedGroupsRequest } from '../rpc/messages/recovery.ts'
import { encodeScrub } from '../rpc/messages/scrub.ts'
import type { RpcPeer, RpcResponse } from '../rpc/peer.ts'
import type {
  CallOptions,
  FragmentChunks,
  FragmentRange,
  GetOptions,
  PutOptions,
  WorkerLink,
  WorkerLinks,
} from './worker-link.ts'

const noHeader = new Uint8Array(0)
const adoptDeadlineMs = 10 * SECOND_MS

export interface ConnectedWorkersPorts {
  readonly clock: Clock
  readonly times: DetectorTimes
  readonly groupNow: (group: GroupId) => PlacementGroup | undefined
}

interface WorkerEntry {
  link: PeerLink | undefined
  vitals: WorkerVitals
  heardAtMs: number
  /** Counts its connections. */
  readonly connection: number
}

export class ConnectedWorkers implements WorkerLinks {
  readonly #ports: ConnectedWorkersPorts
  readonly #workers = new Map<WorkerId, WorkerEntry>()
  /** They may hold what was deleted while they could not be told. */
  readonly #behind = new Set<WorkerId>()
  /** They came back with less than they had: they take nothing new before their groups are compared. */
  #distrusted: ReadonlySet<WorkerId> = new Set()
  readonly #startedMs: number

  constructor(ports: ConnectedWorkersPorts) {
    this.#ports = ports
    this.#startedMs = ports.clock.monotonicMs()
  }

  /** Takes a registered worker's connection into use, in place of an older one, after it has adopted `groups`. */
  async connect(
    peer: RpcPeer,
    worker: WorkerId,
    vitals: WorkerVitals,
    groups: readonly PlacementGroup[],
  ): Promise<void> {
    const link = new PeerLink(peer, worker, this.#ports.groupNow)
    await link.adopt(groups)
    const entry = this.#workers.get(worker)
    if (entry?.link !== undefined && entry.link.peer !== peer) entry.link.peer.destroy('The worker has connected anew.')
    const connection = (entry?.connection ?? 0) + 1
    this.#workers.set(worker, { link, vitals, heardAtMs: this.#ports.clock.monotonicMs(), connection })
    this.markBehind(worker)
  }

  /** The worker has not been told of a deletion. Whoever connects is marked too, because nobody knows what it missed. */
  markBehind(worker: WorkerId): void {
    this.#behind.add(worker)
  }

  /** The connected ones among those marked, which are not marked any more. */
  takeBehind(): readonly WorkerId[] {
    const behind = this.connected().filter((worker) => this.#behind.has(worker))
    for (const worker of behind) this.#behind.delete(worker)
    return behind
  }

  disconnect(peer: RpcPeer, worker: WorkerId): void {
    const entry = this.#workers.get(worker)
    if (entry?.link?.peer === peer) entry.link = undefined
  }

  heard(worker: WorkerId, vitals: WorkerVitals): void {
    const entry = this.#workers.get(worker)
    if (entry === undefined) return
    entry.vitals = vitals
    entry.heardAtMs = this.#ports.clock.monotonicMs()
  }

  link(worker: WorkerId): WorkerLink | undefined {
    return this.#workers.get(worker)?.link
  }

  vitals(worker: WorkerId): WorkerVitals | undefined {
    return this.#workers.get(worker)?.vitals
  }

  stateOf(worker: WorkerId): 'up' | 'suspect' | 'down' {
    const nowMs = this.#ports.clock.monotonicMs()
    const entry = this.#workers.get(worker)
    const silenceMs = entry === undefined ? undefined : nowMs - entry.heardAtMs
    return detectFailure(
      {
        connected: entry?.link !== undefined,
        silenceMs,
        observedMs: nowMs - this.#startedMs,
        stuckDiskMs:
          entry === undefined || entry.vitals.oldestDiskOperationMs === 0
            ? 0
            : entry.vitals.oldestDiskOperationMs + (silenceMs ?? 0),
      },
      this.#ports.times,
    )
  }

  distrust(workers: ReadonlySet<WorkerId>): void {
    this.#distrusted = workers
  }

  /** How long nothing was heard of it; `undefined`: nothing ever was, by this process. */
  silenceMs(worker: WorkerId): number | undefined {
    const entry = this.#workers.get(worker)
    return entry === undefined ? undefined : this.#ports.clock.monotonicMs() - entry.heardAtMs
  }

  /** Another one once it has connected anew or has found damage: what was known of its fragments may not hold any more. */
  stampOf(worker: WorkerId): string | undefined {
    const entry = this.#workers.get(worker)
    if (entry === undefined || !this.isReadable(worker)) return undefined
    const { corruptFragments, damagedFragments } = entry.vitals
    return `${entry.connection}/${corruptFragments}/${damagedFragments}`
  }

  isReadable(worker: WorkerId): boolean {
    return this.#workers.get(worker)?.link?.peer.open === true && this.stateOf(worker) === 'up'
  }

  /** Whether it answers, has room and a sound disk. */
  canTake(worker: WorkerId): boolean {
    return this.isReadable(worker) && this.freeBytes(worker) > 0 && this.vitals(worker)?.failing === false
  }

  isWritable(worker: WorkerId): boolean {
    return !this.#distrusted.has(worker) && this.canTake(worker)
  }

  freeBytes(worker: WorkerId): number {
    return this.#workers.get(worker)?.vitals.freeBytes ?? 0
  }

  writable(): readonly WorkerId[] {
    return [...this.#workers.keys()].filter((worker) => this.isWritable(worker))
  }

  /** All that are connected. */
  connected(): readonly WorkerId[] {
    return [...this.#workers].filter(([, entry]) => entry.link?.peer.open === true).map(([worker]) => worker)
  }

  /** Hands groups to one worker. @throws FrostError `peer-unreachable`, `deadline-exceeded`, or as it answers. */
  async adoptAt(worker: WorkerId, groups: readonly PlacementGroup[]): Promise<void> {
    const link = this.#workers.get(worker)?.link
    if (link === undefined) throw new FrostError('peer-unreachable', `Worker ${worker} is not connected.`)
    await link.adopt(groups)
  }

  /**
   * Hands new and changed groups to the connected workers concerned, and to `others`, which held a slot before and are to refuse what was
   * decided then. What fails is handed over by the first put that needs it.
   */
  async adopt(groups: readonly PlacementGroup[], others: readonly WorkerId[] = []): Promise<void> {
    const adoptions: Promise<void>[] = []
    for (const [worker, { link }] of this.#workers) {
      const own = others.includes(worker) ? groups : groups.filter((group) => holdsSlot(group, worker))
      if (link !== undefined && own.length > 0) adoptions.push(link.adopt(own))
    }
    await Promise.allSettled(adoptions)
  }
}

export function holdsSlot(group: PlacementGroup, worker: WorkerId): boolean {
  return group.slots.some((slot) => slot.worker === worker || slot.pendingWorker === worker)
}

class PeerLink implements WorkerLink {
  readonly worker: WorkerId
  readonly peer: RpcPeer
  readonly #groupNow: (group: GroupId) => PlacementGroup | undefined

  constructor(peer: RpcPeer, worker: WorkerId, groupNow: (group: GroupId) => PlacementGroup | undefined) {
    this.peer = peer
    this.worker = worker
    this.#groupNow = groupNow
  }

  async adopt(groups: readonly PlacementGroup[]): Promise<void> {
    for (let at = 0; at < groups.length; at += groupsPerMessage) {
      const body = [encodeGroups(groups.slice(at, at + groupsPerMessage))]
      const response = await this.peer.request(methods.adopt, noHeader, { deadlineMs: adoptDeadlineMs, body })
      response.release()
    }
  }

  async put(record: readonly Uint8Array[], options: PutOptions): Promise<void> {
    const { deadlineMs, epoch, standIn, sent, signal, extension } = options
    const request = {
      deadlineMs,
      ...(extension === undefined ? {} : { extension }),
      body: record,
      bodyHasOwnChecks: true,
      sent,
      ...(signal === undefined ? {} : { signal }),
    }
    try {
      const response = await this.peer.request(methods.put, encodePut({ epoch, standIn }), request)
      response.release()
    } catch (error) {
      // The buffers may be gone by now: whoever has them sends them again.
      const known = this.#groupNow(options.group)
      if (errorCode(error) === 'group-not-adopted' && known !== undefined) await this.adopt([known])
      throw error
    }
  }

  async get(range: FragmentRange, options: GetOptions): Promise<FragmentChunks> {
    const { deadlineMs, onBytes, signal, extension } = options
    const response = await this.#retryAdopted(range.key.group, () =>
      this.peer.request(methods.get, encodeGet(range), {
        deadlineMs,
        ...(extension === undefined ? {} : { extension }),
        ...(onBytes === undefined ? {} : { onBody: onBytes }),
        ...(signal === undefined ? {} : { signal }),
      }),
    )
    return {
      reply: decodeGetReply(response.header),
      bytes: response.body ?? noHeader,
      release: () => response.release(),
    }
  }

  async inspect(key: FragmentKey, epoch: Epoch, options: CallOptions): Promise<Uint8Array> {
    const response = await this.peer.request(methods.inspect, encodeInspect(key, epoch), options)
    const header = (response.body ?? noHeader).slice()
    response.release()
    return header
  }

  async drop(group: GroupId, epoch: Epoch, dataIds: readonly DataId[], options: CallOptions): Promise<void> {
    const body = [encodeDrop({ group, epoch, dataIds })]
    const response = await this.#retryAdopted(group, () =>
      this.peer.request(methods.drop, noHeader, { ...options, body }),
    )
    response.release()
  }

  async listIds(
    group: GroupId,
    after: DataId | undefined,
    limit: number,
    options: CallOptions,
  ): Promise<readonly DataId[]> {
    const body = encodeListIds({ group, after, limit })
    return await this.#ask(methods.listIds, body, options, ({ body: reply = noHeader }) => decodeIds(reply))
  }

  async groupUsage(after: GroupId | undefined, limit: number, options: CallOptions): Promise<readonly HeldGroup[]> {
    const body = encodeGroupUsageRequest({ after, limit })
    return await this.#ask(methods.groupUsage, body, options, ({ body: reply = noHeader }) => decodeHeldGroups(reply))
  }

  async digest(group: GroupId, scheme: Scheme, slot: number, options: CallOptions): Promise<FragmentDigest> {
    const body = encodeDigestRequest({ group, scheme, slot })
    return await this.#ask(methods.digest, body, options, ({ body: reply = noHeader }) => FragmentDigest.decode(reply))
  }

  async listFragments(request: ListFragmentsRequest, options: CallOptions): Promise<FragmentPage> {
    const body = encodeListFragments(request)
    return await this.#ask(methods.listFragments, body, options, ({ header, body: reply = noHeader }) =>
      decodePage(header, reply),
    )
  }

  async dropFragments(
    group: GroupId,
    epoch: Epoch,
    fragments: readonly HeldFragment[],
    options: CallOptions,
  ): Promise<number> {
    const body = encodeDropFragments({ group, epoch, fragments })
    return await this.#ask(methods.dropFragments, body, options, ({ body: reply = noHeader }) => decodeDropped(reply))
  }

  async rebuild(request: RebuildRequest, options: CallOptions): Promise<readonly RebuildOutcome[]> {
    const { length } = request.fragments
    return await this.#ask(methods.rebuild, encodeRebuild(request), options, ({ body: reply = noHeader }) =>
      decodeOutcomes(reply, length),
    )
  }

  async startScrub(options: CallOptions): Promise<void> {
    await this.#ask(methods.scrub, encodeScrub('start'), options, () => undefined)
  }

  async #ask<T>(
    method: number,
    body: Uint8Array,
    options: CallOptions,
    decode: (response: RpcResponse) => T,
  ): Promise<T> {
    const response = await this.peer.request(method, noHeader, { ...options, body: [body] })
    try {
      return decode(response)
    } finally {
      response.release()
    }
  }

  async verify(request: VerifyFragmentsRequest, options: CallOptions): Promise<readonly FragmentState[]> {
    const response = await this.peer.request(methods.verify, noHeader, { ...options, body: [encodeVerify(request)] })
    const states = decodeStates(response.body ?? noHeader, request.fragments.length)
    response.release()
    return states
  }

  async adoptedGroups(request: AdoptedGroupsRequest, options: CallOptions): Promise<readonly PlacementGroup[]> {
    const body = [encodeAdoptedGroups(request)]
    const response = await this.peer.request(methods.adoptedGroups, noHeader, { ...options, body })
    const groups = decodeGroups(response.body ?? noHeader)
    response.release()
    return groups
  }

  async #retryAdopted<T>(group: GroupId, run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      const known = this.#groupNow(group)
      if (errorCode(error) !== 'group-not-adopted' || known === undefined) throw error
      await this.adopt([known])
      return await run()
    }
  }
}
