// How workers and masters know of each other: registration, heartbeats, and the placement groups that a worker adopts.

import { FrostError } from '../../base/errors.ts'
import { parseClusterId, parseDataId, parseEpoch, parseGroupId, parseWorkerId } from '../../base/ids.ts'
import type { ClusterId, DataId, Epoch, GroupId, WorkerId } from '../../base/ids.ts'
import type { PlacementGroup } from '../../cluster/placement-group.ts'
import { JsonFields, encodeJson } from './json-fields.ts'
import { readGroup } from './placement-group-fields.ts'

/** How a worker is right now. */
export interface WorkerVitals {
  readonly usedBytes: number
  readonly capacityBytes: number
  /** What it can still take. */
  readonly freeBytes: number
  /** Age of the oldest disk operation that has not ended; 0 where there is none. */
  readonly oldestDiskOperationMs: number
  /** How long its disk operations take, of late. */
  readonly diskLatencyMs: number
  /** Fragments that failed a check or a read since the start. */
  readonly corruptFragments: number
  /** Fragments known to be damaged now: no put has replaced them yet. */
  readonly damagedFragments: number
  /** Its disk fails again and again: not fit for new data. */
  readonly failing: boolean
  readonly scrub: ScrubVitals
  /** What it has stored of metadata's history; absent: nothing. */
  readonly historySeen?: HistoryCount
}

/** How far the scrubber is, which reads everything that is stored. */
export interface ScrubVitals {
  /** A cycle that was asked for is under way, at full pace. */
  readonly runningFull: boolean
  /** Of the cycle under way: read so far, and in all. */
  readonly doneBytes: number
  readonly totalBytes: number
  /** Since the start of the last finished cycle: what was damaged before is known. Absent: none was finished. */
  readonly lastFinishedAgoMs?: number
}

/** How far a history of metadata has come. */
export interface HistoryCount {
  /** 32 lower-case hex digits. */
  readonly history: string
  readonly counter: number
}

/** What a master tells workers to remember. */
export interface ToldHistory extends HistoryCount {
  /** Histories that this one took the place of. */
  readonly predecessors: readonly string[]
}

export interface RegisterRequest {
  readonly worker: WorkerId
  /** `host:port` of its internal port. */
  readonly address: string
  readonly zone: string | undefined
  /** Starts of this data directory. */
  readonly startCounter: number
  /** Number of the last durable batch of the small and of the large log. */
  readonly lastBatches: readonly number[]
  readonly vitals: WorkerVitals
}

export interface RegisterReply {
  readonly clusterId: ClusterId
  /** Internal addresses of all master processes; a worker keeps a connection to each. */
  readonly masters: readonly string[]
  readonly heartbeatMs: number
  /** Absent while metadata is behind. */
  readonly history?: ToldHistory
}

export interface HeartbeatReply {
  readonly masters: readonly string[]
  readonly history?: ToldHistory
}

const mastersMax = 256
const predecessorsMax = 64
/** Placement groups in one message. */
export const groupsPerMessage = 128
const idsPerMessage = 1000

export function encodeRegister(request: RegisterRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeRegister(bytes: Uint8Array): RegisterRequest {
  const fields = JsonFields.decode('register', bytes)
  return {
    worker: fields.parsed('worker', parseWorkerId),
    address: fields.string('address'),
    zone: fields.optionalString('zone'),
    startCounter: fields.count('startCounter'),
    lastBatches: fields.counts('lastBatches', 2),
    vitals: readVitals(new JsonFields('vitals', fields.object('vitals'))),
  }
}

export function encodeRegisterReply(reply: RegisterReply): Uint8Array<ArrayBuffer> {
  return encodeJson(reply)
}

export function decodeRegisterReply(bytes: Uint8Array): RegisterReply {
  const fields = JsonFields.decode('register reply', bytes)
  return {
    clusterId: fields.parsed('clusterId', parseClusterId),
    masters: fields.strings('masters', mastersMax),
    heartbeatMs: fields.count('heartbeatMs'),
    ...readTold(fields),
  }
}

export function encodeHeartbeat(vitals: WorkerVitals): Uint8Array<ArrayBuffer> {
  return encodeJson(vitals)
}

export function decodeHeartbeat(bytes: Uint8Array): WorkerVitals {
  return readVitals(JsonFields.decode('heartbeat', bytes))
}

export function encodeHeartbeatReply(reply: HeartbeatReply): Uint8Array<ArrayBuffer> {
  return encodeJson(reply)
}

export function decodeHeartbeatReply(bytes: Uint8Array): HeartbeatReply {
  const fields = JsonFields.decode('heartbeat reply', bytes)
  return { masters: fields.strings('masters', mastersMax), ...readTold(fields) }
}

export function encodeGroups(groups: readonly PlacementGroup[]): Uint8Array<ArrayBuffer> {
  return encodeJson({ groups })
}

export function decodeGroups(bytes: Uint8Array): readonly PlacementGroup[] {
  return JsonFields.decode('adopt', bytes).list('groups', groupsPerMessage, readGroup)
}

export interface DropRequest {
  readonly group: GroupId
  readonly epoch: Epoch
  readonly dataIds: readonly DataId[]
}

export function encodeDrop(request: DropRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeDrop(bytes: Uint8Array): DropRequest {
  const fields = JsonFields.decode('drop', bytes)
  return {
    group: fields.parsedCount('group', parseGroupId),
    epoch: fields.parsedCount('epoch', parseEpoch),
    dataIds: readIds(fields),
  }
}

export interface ListIdsRequest {
  readonly group: GroupId
  readonly after: DataId | undefined
  readonly limit: number
}

export function encodeListIds(request: ListIdsRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeListIds(bytes: Uint8Array): ListIdsRequest {
  const fields = JsonFields.decode('list ids', bytes)
  return {
    group: fields.parsedCount('group', parseGroupId),
    after: fields.has('after') ? fields.parsed('after', parseDataId) : undefined,
    limit: Math.min(fields.count('limit'), idsPerMessage),
  }
}

export function encodeIds(dataIds: readonly DataId[]): Uint8Array<ArrayBuffer> {
  return encodeJson({ dataIds })
}

export function decodeIds(bytes: Uint8Array): readonly DataId[] {
  return readIds(JsonFields.decode('ids', bytes))
}

function readIds(fields: JsonFields): readonly DataId[] {
  return fields.strings('dataIds', idsPerMessage).map((text) => {
    const id = parseDataId(text)
    if (id === undefined) throw new FrostError('protocol-error', 'A message holds something that is no data id.')
    return id
  })
}

function readVitals(fields: JsonFields): WorkerVitals {
  return {
    usedBytes: fields.count('usedBytes'),
    capacityBytes: fields.count('capacityBytes'),
    freeBytes: fields.count('freeBytes'),
    oldestDiskOperationMs: fields.count('oldestDiskOperationMs'),
    diskLatencyMs: fields.count('diskLatencyMs'),
    corruptFragments: fields.count('corruptFragments'),
    damagedFragments: fields.count('damagedFragments'),
    failing: fields.boolean('failing'),
    scrub: readScrub(new JsonFields('scrub', fields.object('scrub'))),
    ...(fields.has('historySeen')
      ? { historySeen: readHistory(new JsonFields('history', fields.object('historySeen'))) }
      : {}),
  }
}

function readScrub(fields: JsonFields): ScrubVitals {
  return {
    runningFull: fields.boolean('runningFull'),
    doneBytes: fields.count('doneBytes'),
    totalBytes: fields.count('totalBytes'),
    ...(fields.has('lastFinishedAgoMs') ? { lastFinishedAgoMs: fields.count('lastFinishedAgoMs') } : {}),
  }
}

function readTold(fields: JsonFields): { readonly history?: ToldHistory } {
  if (!fields.has('history')) return {}
  const told = new JsonFields('history', fields.object('history'))
  return { history: { ...readHistory(told), predecessors: told.strings('predecessors', predecessorsMax) } }
}

function readHistory(fields: JsonFields): HistoryCount {
  return { history: fields.parsed('history', parseHistory), counter: fields.count('counter') }
}

/** A history's id, as it is stored and sent. */
export function parseHistory(text: string): string | undefined {
  return /^[0-9a-f]{32}$/.test(text) ? text : undefined
}
