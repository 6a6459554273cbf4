// Reads a part of one block and hands it out in file order.
//
// Direct path: each data column's chunks are asked of the worker that holds it, and go from the socket straight to where they
// belong in the output. Where a worker is away, or a column turns out missing, corrupt or slow, the part is read anew from any other
// columns (degraded-reader.ts), after the direct path's memory was given back, so that nobody waits for memory while holding some.

import { FrostError, errorCode } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import type { DataRef } from '../meta/contract/conventions.ts'
import { hedgeMs, readDegraded } from './degraded-reader.ts'
import type { DegradedReaderPorts } from './degraded-reader.ts'
import type { BodySlice } from './file-service.ts'
import { FragmentFetcher } from './fragment-fetcher.ts'
import type { BlockPart } from './fragment-fetcher.ts'

export interface BlockReaderPorts extends DegradedReaderPorts {
  readonly groupNow: (group: DataRef['group']) => PlacementGroup | undefined
  /** Fetches the newest map. */
  readonly refreshMap: () => Promise<void>
}

export interface ReadContext {
  /** Of the whole download, for its place in the memory budget. */
  readonly age: number
  readonly signal?: AbortSignal
}

/** @throws FrostError `data-unavailable`, `overloaded`; `signal.reason`. */
export async function readBlockPart(
  ports: BlockReaderPorts,
  part: BlockPart,
  context: ReadContext,
): Promise<BodySlice> {
  let group = ports.groupNow(part.ref.group)
  if (group === undefined) {
    // Another process has just made it.
    await ports.refreshMap()
    group = ports.groupNow(part.ref.group)
  }
  if (group === undefined) {
    throw new FrostError('data-unavailable', `Placement group ${part.ref.group} is not known yet.`, {
      retryAfterSeconds: 1,
    })
  }
  const fetcher = new FragmentFetcher(ports, part, group)
  const { chunkSizeBytes, scheme } = part.geometry
  const firstChunk = Math.floor(part.from / chunkSizeBytes)
  const chunkCount = Math.ceil(part.end / chunkSizeBytes) - firstChunk
  const columns: number[] = []
  for (let index = 0; index < Math.min(scheme.dataColumns, chunkCount); index++)
    columns.push((firstChunk + index) % scheme.dataColumns)
  const isDirect = (worker: WorkerId): boolean => fetcher.isReadable(worker) && !fetcher.isSlow(worker)
  if (!columns.every((column) => isDirect(fetcher.holderOf(column))))
    return await readDegraded(ports, fetcher, part, context)
  const deadlineMs = hedgeMs(ports.latency)
  const direct = { ports, fetcher, part, context, firstChunk, chunkCount, columns, deadlineMs }
  try {
    return chunkCount === 1 ? await readOneChunk(direct) : await readColumns(direct)
  } catch (error) {
    if (!isReplaceable(error)) throw error
    return await readDegraded(ports, fetcher, part, context)
  }
}

interface DirectRead {
  readonly ports: BlockReaderPorts
  readonly fetcher: FragmentFetcher
  readonly part: BlockPart
  readonly context: ReadContext
  readonly firstChunk: number
  readonly chunkCount: number
  /** The data columns that hold any of the chunks. */
  readonly columns: readonly number[]
  readonly deadlineMs: number
}

/** The bytes are handed out as they came, in the connection's memory. */
async function readOneChunk({
  fetcher,
  part,
  context,
  firstChunk,
  columns,
  deadlineMs,
}: DirectRead): Promise<BodySlice> {
  const { chunkSizeBytes, scheme } = part.geometry
  const column = columns[0] ?? 0
  const firstStripe = Math.floor(firstChunk / scheme.dataColumns)
  const stripes = { firstStripe, endStripe: firstStripe + 1 }
  const chunks = await fetcher.fetch({ column, worker: fetcher.holderOf(column) }, { ...context, stripes, deadlineMs })
  const start = part.from - firstChunk * chunkSizeBytes
  return { bytes: chunks.bytes.subarray(start, start + part.end - part.from), release: () => chunks.release() }
}

async function readColumns(read: DirectRead): Promise<BodySlice> {
  const { ports, fetcher, part, context, firstChunk, deadlineMs } = read
  const { chunkSizeBytes, scheme } = part.geometry
  const grant = await ports.budget.acquire(read.chunkCount * chunkSizeBytes, context.age, context.signal)
  const output = grant.buffer.bytes
  const outcomes = await Promise.allSettled(
    read.columns.map(async (column) => {
      const stripes = part.geometry.stripesOfRange(column, part.from, part.end)
      const placeOf = (stripe: number): number => (stripe * scheme.dataColumns + column - firstChunk) * chunkSizeBytes
      return await fetcher.receiveInto(
        { column, worker: fetcher.holderOf(column) },
        { ...context, stripes, deadlineMs },
        { output, placeOf },
      )
    }),
  )
  try {
    const received = outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason
      return outcome.value
    })
    const end = Math.min((firstChunk + read.chunkCount) * chunkSizeBytes, part.geometry.dataBytes)
    fetcher.checkRun(received, output.subarray(0, end - firstChunk * chunkSizeBytes), firstChunk)
  } catch (error) {
    grant.release()
    throw error
  }
  const start = part.from - firstChunk * chunkSizeBytes
  return { bytes: output.subarray(start, start + part.end - part.from), release: () => grant.release() }
}

/** Whether another column can stand in for the one that failed so. */
function isReplaceable(error: unknown): boolean {
  const code = errorCode(error)
  return code !== undefined && code !== 'cancelled' && code !== 'overloaded'
}
