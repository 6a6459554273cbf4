// Answers the masters' requests about fragments from the store.

import { FrostError } from '../base/errors.ts'
import { decodePrefix } from '../codec/record.ts'
import { decodeGet, decodeInspect, decodePut, encodeGetReply } from '../rpc/messages/fragment.ts'
import { decodeGroupUsageRequest, encodeHeldGroups } from '../rpc/messages/group-usage.ts'
import { decodeDrop, decodeGroups, decodeListIds, encodeIds } from '../rpc/messages/membership.ts'
import { methods } from '../rpc/messages/methods.ts'
import type { RpcHandler, RpcReply, RpcRequest } from '../rpc/peer.ts'
import type { FragmentStore } from '../store/fragment-store.ts'
import type { AdoptedGroups } from './adopted-groups.ts'

const noHeader = new Uint8Array(0)
const emptyReply: RpcReply = { header: noHeader }

export function fragmentHandlers(store: FragmentStore, groups: AdoptedGroups): ReadonlyMap<number, RpcHandler> {
  return new Map<number, RpcHandler>([
    [methods.put, async (request) => await put(store, groups, request)],
    [methods.get, async (request) => await get(store, request)],
    [methods.inspect, async (request) => await inspect(store, request)],
    [methods.drop, async (request) => await drop(store, groups, request)],
    [methods.listIds, (request) => listIds(store, request)],
    [methods.groupUsage, (request) => groupUsage(store, request)],
    [
      methods.adopt,
      async (request) => {
        await groups.adopt(decodeGroups(bodyOf(request)))
        return emptyReply
      },
    ],
  ])
}

async function put(store: FragmentStore, groups: AdoptedGroups, request: RpcRequest): Promise<RpcReply> {
  const { epoch, standIn } = decodePut(request.header)
  const record = bodyOf(request)
  const { group } = decodePrefix(record, 'protocol-error')
  groups.check(group, epoch, { standIn })
  await store.put(record)
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
  groups.check(group, epoch, { standIn: true })
  await store.drop(group, dataIds)
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

function bodyOf(request: RpcRequest): Uint8Array<ArrayBuffer> {
  if (request.body === undefined)
    throw new FrostError('protocol-error', `A request of method ${request.method} has no body.`)
  return request.body
}
