// Answers the masters' requests about fragments from the store.

import { errorCode, FrostError } from '../base/errors.ts'
import { decodePrefix } from '../codec/record.ts'
import { decodeGet, decodeInspect, decodePut, encodeGetReply } from '../rpc/messages/fragment.ts'
import {
  decodeDigestRequest,
  decodeDropFragments,
  decodeListFragments,
  encodeDropped,
  encodePageBody,
  encodePageHeader,
} from '../rpc/messages/fragment-sets.ts'
import { decodeGroupUsageRequest, encodeHeldGroups } from '../rpc/messages/group-usage.ts'
import { decodeDrop, decodeGroups, decodeListIds, encodeGroups, encodeIds } from '../rpc/messages/membership.ts'
import { decodeVerify, encodeStates } from '../rpc/messages/verify.ts'
import type { FragmentState } from '../rpc/messages/verify.ts'
import type { Span, Tracer } from '../ports/tracing.ts'
import { methods } from '../rpc/messages/methods.ts'
import { decodeRebuild, encodeOutcomes, type RebuildRequest } from '../rpc/messages/rebuild.ts'
import { decodeAdoptedGroups } from '../rpc/messages/recovery.ts'
import { decodeScrub } from '../rpc/messages/scrub.ts'
import type { RpcHandler, RpcReply, RpcRequest } from '../rpc/peer.ts'
import type { FragmentKey } from '../store/contract.ts'
import type { FragmentStore } from '../store/fragment-store.ts'
import type { AdoptedGroups } from './adopted-groups.ts'
import type { Rebuilder } from './rebuilder.ts'

const noHeader = new Uint8Array(0)
const emptyReply: RpcReply = { header: noHeader }

/** What the handlers work with. */
export interface FragmentHandlerParts {
  readonly store: FragmentStore
  readonly groups: AdoptedGroups
  readonly rebuilder: Rebuilder
  readonly tracer?: Tracer | undefined
}

export function fragmentHandlers(parts: FragmentHandlerParts): ReadonlyMap<number, RpcHandler> {
  const { store, groups, rebuilder, tracer } = parts
  return new Map<number, RpcHandler>([
    [
      methods.put,
      async (request) => await traced(tracer, 'put', request, async (span) => await put(parts, request, span)),
    ],
    [methods.get, async (request) => await traced(tracer, 'get', request, async () => await get(store, request))],
    [methods.inspect, async (request) => await inspect(store, request)],
    [methods.drop, async (request) => await drop(store, groups, request)],
    [methods.listIds, (request) => listIds(store, request)],
    [methods.groupUsage, (request) => groupUsage(store, request)],
    [methods.verify, async (request) => await verify(store, request)],
    [methods.digest, async (request) => await digest(store, request)],
    [methods.listFragments, async (request) => await listFragments(store, request)],
    [methods.dropFragments, async (request) => await dropFragments(store, groups, request)],
    [methods.rebuild, async (request) => await rebuild(rebuilder, groups, request)],
    [methods.scrub, (request) => scrub(store, request)],
    [methods.adoptedGroups, (request) => adoptedGroups(groups, request)],
    [
      methods.adopt,
      async (request) => {
        await groups.adopt(decodeGroups(bodyOf(request)))
        return emptyReply
      },
    ],
  ])
}

/** A span around what the master's own span waits for. Without a tracer, or where the master records nothing, there is none. */
async function traced(
  tracer: Tracer | undefined,
  name: string,
  request: RpcRequest,
  handle: (span: Span | undefined) => Promise<RpcReply>,
): Promise<RpcReply> {
  const { trace, requestId = '' } = tracer === undefined ? {} : request.extension
  if (tracer === undefined || trace === undefined) return await handle(undefined)
  const attributes = { 'frostbyte.request_id': requestId }
  const span = tracer.start(name, { kind: 'server', parent: trace, attributes })
  try {
    const reply = await handle(span)
    span?.end()
    return reply
  } catch (error) {
    span?.end({ error })
    throw error
  }
}

async function put(
  { store, groups }: FragmentHandlerParts,
  request: RpcRequest,
  span: Span | undefined,
): Promise<RpcReply> {
  const { epoch, standIn } = decodePut(request.header)
  const record = bodyOf(request)
  const { group } = decodePrefix(record, 'protocol-error')
  const attributes = { 'frostbyte.group': group, 'frostbyte.bytes': record.length }
  await groups.admit({ group, epoch, standIn }, async () => {
    const append = span?.child('append and sync', { attributes })
    try {
      await store.put(record)
      append?.end()
    } catch (error) {
      append?.end({ error })
      throw error
    }
  })
  return emptyReply
}

/** Records are immutable, so an older epoch is no reason to refuse one that is here. */
async function get(store: FragmentStore, request: RpcRequest): Promise<RpcReply> {
  const { key, firstChunk, endChunk } = decodeGet(request.header)
  const read = await store.read(key, { firstChunk, endChunk })
  if (read.range.firstChunk !== firstChunk || read.range.endChunk !== endChunk) {
    read.release()
    throw new FrostError(
      'fragment-missing',
      `Column ${key.column} of block ${key.block} of ${key.dataId} has no chunks ${firstChunk} to ${endChunk}.`,
    )
  }
  const header = encodeGetReply({
    blockDataBytes: read.blockDataBytes,
    dataColumns: read.scheme.dataColumns,
    parityColumns: read.scheme.parityColumns,
    chunkSizeBytes: read.chunkSizeBytes,
    checks: read.checks,
  })
  return { header, body: [read.bytes], bodyHasOwnChecks: true, sent: () => read.release() }
}

async function inspect(store: FragmentStore, request: RpcRequest): Promise<RpcReply> {
  const { key } = decodeInspect(request.header)
  return { header: noHeader, body: [await store.readHeader(key, request.signal)] }
}

async function drop(store: FragmentStore, groups: AdoptedGroups, request: RpcRequest): Promise<RpcReply> {
  const { group, epoch, dataIds } = decodeDrop(bodyOf(request))
  await groups.admit({ group, epoch, standIn: true }, async () => await store.drop(group, dataIds))
  return emptyReply
}

function listIds(store: FragmentStore, request: RpcRequest): Promise<RpcReply> {
  const { group, after, limit } = decodeListIds(bodyOf(request))
  const ids = store.listDataIds({ group, limit, ...(after === undefined ? {} : { after }) })
  return Promise.resolve({ header: noHeader, body: [encodeIds(ids)] })
}

function groupUsage(store: FragmentStore, request: RpcRequest): Promise<RpcReply> {
  const { after = 0, limit } = decodeGroupUsageRequest(bodyOf(request))
  const held = store.listGroups().filter(({ group, bytes }) => group > after && bytes > 0)
  return Promise.resolve({ header: noHeader, body: [encodeHeldGroups(held.slice(0, limit))] })
}

async function digest(store: FragmentStore, request: RpcRequest): Promise<RpcReply> {
  const { group, scheme, slot } = decodeDigestRequest(bodyOf(request))
  const held = await store.digest(group, scheme, slot)
  return { header: noHeader, body: [held.encode()] }
}

async function listFragments(store: FragmentStore, request: RpcRequest): Promise<RpcReply> {
  const { group, after, ...options } = decodeListFragments(bodyOf(request))
  const from = after === undefined ? {} : { after: { group, ...after } }
  const { fragments, next } = await store.listFragments({ group, ...options, ...from })
  const held = fragments.map(({ key, headerCrc, recordBytes }) => ({ ...key, headerCrc, recordBytes }))
  return { header: encodePageHeader(next), body: held.length === 0 ? [] : [encodePageBody(held)] }
}

async function dropFragments(store: FragmentStore, groups: AdoptedGroups, request: RpcRequest): Promise<RpcReply> {
  const { group, epoch, fragments } = decodeDropFragments(bodyOf(request))
  const dropped = await groups.admit(
    { group, epoch, standIn: true },
    async () => await store.dropFragments(fragments.map((fragment) => ({ group, ...fragment }))),
  )
  return { header: noHeader, body: [encodeDropped(dropped)] }
}

async function rebuild(rebuilder: Rebuilder, groups: AdoptedGroups, request: RpcRequest): Promise<RpcReply> {
  const body = request.takeBody()
  if (body === undefined) throw new FrostError('protocol-error', 'A rebuild has no body.')
  let wanted: RebuildRequest
  try {
    wanted = decodeRebuild(body.bytes)
  } finally {
    // Whoever waits for others holds no memory that requests wait for.
    body.release()
  }
  await groups.adopt([wanted.group])
  groups.check(wanted.group.group, wanted.group.epoch, { standIn: false })
  return { header: noHeader, body: [encodeOutcomes(await rebuilder.rebuild(wanted, request.signal))] }
}

async function verify(store: FragmentStore, request: RpcRequest): Promise<RpcReply> {
  const { group, fragments } = decodeVerify(bodyOf(request))
  const states: FragmentState[] = []
  for (const fragment of fragments) states.push(await stateOf(store, { group, ...fragment }, request.signal))
  return { header: noHeader, body: [encodeStates(states)] }
}

/** As it is on the disk: all of it is read and checked. */
async function stateOf(store: FragmentStore, key: FragmentKey, signal: AbortSignal): Promise<FragmentState> {
  try {
    const read = await store.read(key, undefined, signal)
    read.release()
    await store.readHeader(key, signal)
    return 'good'
  } catch (error) {
    const code = errorCode(error)
    if (code === 'fragment-missing') return 'missing'
    if (code === 'fragment-corrupt' || code === 'disk-failed') return 'damaged'
    throw error
  }
}

/** Begun, not done, when it is answered. */
function scrub(store: FragmentStore, request: RpcRequest): Promise<RpcReply> {
  switch (decodeScrub(bodyOf(request))) {
    case 'start':
      store.startScrub()
      return Promise.resolve(emptyReply)
  }
}

function adoptedGroups(groups: AdoptedGroups, request: RpcRequest): Promise<RpcReply> {
  const { after = 0, limit } = decodeAdoptedGroups(bodyOf(request))
  return Promise.resolve({ header: noHeader, body: [encodeGroups(groups.list({ after, limit }))] })
}

function bodyOf(request: RpcRequest): Uint8Array<ArrayBuffer> {
  if (request.body === undefined)
    throw new FrostError('protocol-error', `A request of method ${request.method} has no body.`)
  return request.body
}
