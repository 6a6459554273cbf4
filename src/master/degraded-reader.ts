// Reads a part of a block although some of its columns cannot be had: the same stripes of any other columns are fetched, checked and
// decoded. Data columns are preferred (they need no arithmetic), holders before stand-ins, and workers that were slow come last.

import { FrostError, errorCode } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { partLength } from '../codec/erasure-coder.ts'
import type { ColumnPart, ErasureCoder } from '../codec/erasure-coder.ts'
import type { StripeRange } from '../codec/geometry.ts'
import type { DataRef } from '../meta/contract/conventions.ts'
import type { BodySlice } from './file-service.ts'
import type { BlockPart, FragmentFetcher, FragmentFetcherPorts, Source } from './fragment-fetcher.ts'
import type { RecentLatency } from './latency.ts'
import type { Grant, MemoryBudget } from './memory-budget.ts'

export interface DegradedReaderPorts extends FragmentFetcherPorts {
  readonly coder: ErasureCoder
  readonly budget: MemoryBudget
  /** Who holds columns of a block in place of their slots' workers, as metadata says. */
  readonly standIns: (ref: DataRef, block: number) => Promise<readonly StandIn[]>
}

export interface StandIn {
  readonly column: number
  readonly worker: WorkerId
}

/** A column that has not answered after so long is replaced by others: a multiple of what is normal now. */
const hedgeFactor = 4
const hedgeMsMin = 50
const hedgeMsMax = 2 * SECOND_MS
/** Where there are no others. */
const deadlineMs = 10 * SECOND_MS

export function hedgeMs(latency: RecentLatency): number {
  return Math.min(hedgeMsMax, Math.max(hedgeMsMin, hedgeFactor * latency.p95Ms))
}

/** @throws FrostError `data-unavailable`, `overloaded`; `signal.reason`. */
export async function readDegraded(
  ports: DegradedReaderPorts,
  fetcher: FragmentFetcher,
  part: BlockPart,
  context: { readonly age: number; readonly signal?: AbortSignal },
): Promise<BodySlice> {
  const { geometry } = part
  const { chunkSizeBytes, scheme } = geometry
  const firstChunk = Math.floor(part.from / chunkSizeBytes)
  const endChunk = Math.ceil(part.end / chunkSizeBytes)
  const stripes = {
    firstStripe: Math.floor(firstChunk / scheme.dataColumns),
    endStripe: Math.ceil(endChunk / scheme.dataColumns),
  }
  const partBytes = (stripes.endStripe - stripes.firstStripe) * chunkSizeBytes
  const outputBytes = (endChunk - firstChunk) * chunkSizeBytes
  const columnsUsed = geometry.dataColumnCount + scheme.parityColumns
  const grant = await ports.budget.acquire(columnsUsed * partBytes + outputBytes, context.age, context.signal)
  try {
    const layout: PartLayout = { grant, geometry, stripes, partBytes, start: outputBytes }
    const sources = await gatherSources({
      ports,
      fetcher,
      part,
      layout,
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    })
    const columns = decode(ports.coder, layout, sources)
    const output = grant.buffer.bytes
    for (let chunk = firstChunk; chunk < endChunk; chunk++) {
      const column = chunk % scheme.dataColumns
      const stripe = Math.floor(chunk / scheme.dataColumns)
      const from = (stripe - stripes.firstStripe) * chunkSizeBytes
      const bytes = columns.get(column)?.subarray(from, from + geometry.chunkLength(stripe, column))
      if (bytes !== undefined) output.set(bytes, (chunk - firstChunk) * chunkSizeBytes)
    }
    const start = part.from - firstChunk * chunkSizeBytes
    return { bytes: output.subarray(start, start + part.end - part.from), release: () => grant.release() }
  } catch (error) {
    grant.release()
    throw error
  }
}

/** The grant holds the output, then a place for each column. */
interface PartLayout {
  readonly grant: Grant
  readonly geometry: BlockPart['geometry']
  readonly stripes: StripeRange
  readonly partBytes: number
  readonly start: number
}

function placeOf(layout: PartLayout, column: number): Uint8Array {
  const { geometry, stripes } = layout
  const k = geometry.scheme.dataColumns
  const index = column < k ? column : geometry.dataColumnCount + column - k
  const offset = layout.start + index * layout.partBytes
  return layout.grant.buffer.bytes.subarray(offset, offset + partLength(geometry, column, stripes))
}

/** Every data column of the stripes, in place. */
function decode(
  coder: ErasureCoder,
  layout: PartLayout,
  sources: readonly ColumnPart[],
): ReadonlyMap<number, Uint8Array> {
  const { geometry, stripes } = layout
  const columns = new Map<number, Uint8Array>(sources.map((source) => [source.column, source.bytes]))
  const targets: ColumnPart[] = []
  for (let column = 0; column < geometry.dataColumnCount; column++) {
    if (columns.has(column) || partLength(geometry, column, stripes) === 0) continue
    const bytes = placeOf(layout, column)
    targets.push({ column, bytes })
    columns.set(column, bytes)
  }
  if (targets.length > 0) coder.reconstruct({ geometry, stripes, sources, targets })
  return columns
}

interface Gathering {
  readonly ports: DegradedReaderPorts
  readonly fetcher: FragmentFetcher
  readonly part: BlockPart
  readonly layout: PartLayout
  readonly signal?: AbortSignal
}

/**
 * As many columns as decode the stripes, fetched and checked; all that fail are replaced as long as there are others. Who does not
 * answer soon is asked again, with patience, only when nobody else is left.
 */
async function gatherSources(gathering: Gathering): Promise<readonly ColumnPart[]> {
  const { part, layout, ports, fetcher } = gathering
  const needed = part.geometry.stripeWidth(layout.stripes.firstStripe)
  const all = await listCandidates(gathering)
  let candidates = all.filter((source) => !fetcher.isSlow(source.worker))
  let late: readonly Source[] = all.filter((source) => fetcher.isSlow(source.worker))
  let patienceMs = hedgeMs(ports.latency)
  const gathered = new Map<number, Uint8Array>()
  const failures: unknown[] = []
  while (gathered.size < needed) {
    const round = takeRound(candidates, needed - gathered.size, gathered)
    if (round.length === 0) {
      if (late.length === 0) throw unavailable(part, gathered.size, needed, failures[0])
      candidates = [...late]
      late = []
      patienceMs = deadlineMs
      continue
    }
    const outcomes = await Promise.allSettled(round.map((source) => fetchPart(gathering, source, patienceMs)))
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') gathered.set(outcome.value.column, outcome.value.bytes)
      else if (gathering.signal?.aborted === true || errorCode(outcome.reason) === 'overloaded') throw outcome.reason
      else {
        failures.push(outcome.reason)
        const isLate = errorCode(outcome.reason) === 'deadline-exceeded' && patienceMs < deadlineMs
        if (isLate) late = [...late, ...round.slice(index, index + 1)]
      }
    }
  }
  return [...gathered].map(([column, bytes]) => ({ column, bytes }))
}

/** Takes the first `count` candidates out of the list, one for each column that is not there yet. */
function takeRound(candidates: Source[], count: number, gathered: ReadonlyMap<number, Uint8Array>): readonly Source[] {
  const round: Source[] = []
  for (let index = 0; index < candidates.length && round.length < count;) {
    const candidate = candidates[index]
    if (candidate === undefined) break
    if (gathered.has(candidate.column) || round.some((source) => source.column === candidate.column)) {
      index++
      continue
    }
    candidates.splice(index, 1)
    round.push(candidate)
  }
  return round
}

async function fetchPart(
  { fetcher, layout, signal }: Gathering,
  source: Source,
  patienceMs: number,
): Promise<ColumnPart> {
  const bytes = placeOf(layout, source.column)
  const { chunkSizeBytes } = layout.geometry
  const options = { stripes: layout.stripes, deadlineMs: patienceMs, ...(signal === undefined ? {} : { signal }) }
  const inPart = (stripe: number): number => (stripe - layout.stripes.firstStripe) * chunkSizeBytes
  await fetcher.fetchInto(source, options, { output: bytes, placeOf: inPart })
  return { column: source.column, bytes }
}

/** In the order of preference. Columns that are empty in these stripes help nobody. */
async function listCandidates({ ports, fetcher, part, layout }: Gathering): Promise<Source[]> {
  const { geometry } = part
  const holders: Source[] = []
  const away: Source[] = []
  const nextHolders: Source[] = []
  for (const column of geometry.columns()) {
    if (partLength(geometry, column, layout.stripes) === 0) continue
    const source = { column, worker: fetcher.holderOf(column) }
    if (fetcher.isReadable(source.worker)) holders.push(source)
    else if (ports.links.link(source.worker) !== undefined) away.push(source)
    const next = fetcher.nextHolderOf(column)
    if (next !== undefined) nextHolders.push({ column, worker: next })
  }
  const standIns = await ports.standIns(part.ref, part.block)
  const others = [...standIns, ...nextHolders].filter(
    (standIn) => partLength(geometry, standIn.column, layout.stripes) > 0,
  )
  const candidates = [...holders, ...others.filter((source) => fetcher.isReadable(source.worker)), ...away]
  return candidates.filter((source) => !fetcher.isDamaged(source))
}

function unavailable(part: BlockPart, gathered: number, needed: number, cause: unknown): FrostError {
  return new FrostError(
    'data-unavailable',
    `Only ${gathered} of the ${needed} pieces that block ${part.block} of ${part.ref.dataId} needs can be read now.`,
    { cause, remedy: 'Start the workers that are down.', retryAfterSeconds: 5 },
  )
}
