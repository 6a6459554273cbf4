// Makes fragments anew that this worker should hold: copies of what somebody else holds, or decoded from the least number of other
// columns of their blocks, each read once, straight from the workers that hold them. A fragment counts when the store has it durable,
// and the store proves every chunk of it against the block's own table of checks before it takes it.
//
// Faults. A source that is away, slow or damaged is replaced by another one as long as there is one. What cannot be made now says why,
// and stays somebody else's to ask for again: nothing is remembered here.

import { FrostError, errorCode } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import type { ColumnPart } from '../codec/erasure-coder.ts'
import { headerForColumn, recordLengths } from '../codec/record.ts'
import type { RecordHeader } from '../codec/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { RebuildFragment, RebuildOutcome, RebuildRequest } from '../rpc/messages/rebuild.ts'
import { BlockSources } from './block-sources.ts'
import type { BlockSourcesContext, BlockSourcesPorts } from './block-sources.ts'
import { RebuildMemory } from './rebuild-memory.ts'

/** Fragments of one request at work at once; most of the time they wait for answers. */
const fragmentsAtOnce = 16
const alignmentBytes = 64

export interface RebuilderPorts extends BlockSourcesPorts {
  readonly clock: Clock
  /** This one. */
  readonly worker: WorkerId
}

export class Rebuilder {
  readonly #ports: RebuilderPorts
  readonly #memory: RebuildMemory
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<unknown>>()

  constructor(ports: RebuilderPorts) {
    this.#ports = ports
    this.#memory = new RebuildMemory(ports.clock)
  }

  /** The group was adopted. The outcomes come in the order of the fragments. @throws `signal.reason`; FrostError `cancelled`. */
  async rebuild(request: RebuildRequest, signal: AbortSignal): Promise<readonly RebuildOutcome[]> {
    const rebuilding = this.#rebuild(request, AbortSignal.any([signal, this.#stop.signal]))
    this.#running.add(rebuilding)
    try {
      return await rebuilding
    } finally {
      this.#running.delete(rebuilding)
    }
  }

  /** Stops what is under way and waits for it. */
  async close(): Promise<void> {
    this.#stop.abort(new FrostError('cancelled', 'The worker is being stopped.'))
    await Promise.allSettled(this.#running)
    this.#memory.close()
  }

  async #rebuild(request: RebuildRequest, signal: AbortSignal): Promise<readonly RebuildOutcome[]> {
    const addresses = new Map(request.addresses.map(({ worker, address }) => [worker, address]))
    const context = { worker: this.#ports.worker, group: request.group, addresses, signal }
    const outcomes: RebuildOutcome[] = []
    const waiting = request.fragments.entries()
    const work = async (): Promise<void> => {
      for (const [index, fragment] of waiting) {
        signal.throwIfAborted()
        outcomes[index] = await this.#rebuildOne(context, fragment)
      }
    }
    const results = await Promise.allSettled(Array.from({ length: fragmentsAtOnce }, work))
    for (const result of results) if (result.status === 'rejected') throw result.reason
    return outcomes
  }

  async #rebuildOne(context: BlockSourcesContext, fragment: RebuildFragment): Promise<RebuildOutcome> {
    const { group } = context.group
    const { dataId, block, column } = fragment
    if (this.#ports.store.stat({ group, dataId, block, column })?.state === 'good') return { state: 'exists' }
    const sources = new BlockSources(this.#ports, context, fragment)
    try {
      return { ...(await this.#make(sources, column, context.signal)), readBytes: sources.readBytes }
    } catch (error) {
      context.signal.throwIfAborted()
      const code = errorCode(error)
      if (code === undefined) throw error
      return { state: 'failed', code, readBytes: sources.readBytes }
    }
  }

  async #make(sources: BlockSources, column: number, signal: AbortSignal): Promise<RebuildOutcome> {
    const header = await sources.header()
    if (header === undefined) return unavailable(sources)
    const { geometry, manifestBytes } = header
    if (!geometry.hasColumn(column)) return { state: 'absent' }
    const { recordBytes, headerBytes, payloadBytes } = recordLengths(geometry, column, manifestBytes)
    const piecesAt = roundUp(recordBytes)
    // Of a block's columns the first one is the longest.
    const pieceBytes = roundUp(geometry.columnLength(0))
    const loan = await this.#memory.borrow(piecesAt + geometry.dataColumnCount * pieceBytes, signal)
    try {
      const record = loan.bytes.subarray(0, recordBytes)
      record.set(headerForColumn(this.#ports.compute, header, column))
      record.fill(0, headerBytes + payloadBytes)
      const payload = record.subarray(headerBytes, headerBytes + payloadBytes)
      if (payloadBytes > 0 && !(await copyColumn(sources, header, { column, bytes: payload }))) {
        const places = Array.from({ length: geometry.dataColumnCount }, (_, index) => {
          const start = piecesAt + index * pieceBytes
          return loan.bytes.subarray(start, start + pieceBytes)
        })
        const pieces = await gatherColumns({ sources, header, column, places })
        if (pieces === undefined) return unavailable(sources)
        const stripes = { firstStripe: 0, endStripe: geometry.stripeCount }
        loan.coder.reconstruct({ geometry, stripes, sources: pieces, targets: [{ column, bytes: payload }] })
      }
      signal.throwIfAborted()
      const state = await this.#ports.store.put(record)
      return state === 'stored' ? { state, bytes: recordBytes } : { state }
    } finally {
      loan.release()
    }
  }
}

function unavailable({ lastCode }: BlockSources): RebuildOutcome {
  return { state: 'unavailable', ...(lastCode === undefined ? {} : { code: lastCode }) }
}

/** From whoever holds the very column. */
async function copyColumn(sources: BlockSources, header: RecordHeader, target: ColumnPart): Promise<boolean> {
  for (;;) {
    const source = sources.next((column) => column === target.column)
    if (source === undefined) return false
    if (await sources.read(header, source, target.bytes)) return true
  }
}

/** One column in each of the places, none of them the wanted one; `undefined` where too few can be had. */
async function gatherColumns(wanted: {
  readonly sources: BlockSources
  readonly header: RecordHeader
  readonly column: number
  readonly places: readonly Uint8Array[]
}): Promise<readonly ColumnPart[] | undefined> {
  const { sources, header, places } = wanted
  const { geometry } = header
  const taken = new Set([wanted.column])
  const fill = async (place: Uint8Array): Promise<ColumnPart | undefined> => {
    for (;;) {
      const source = sources.next((column) => geometry.hasColumn(column) && !taken.has(column))
      if (source === undefined) return undefined
      const { column } = source
      const bytes = place.subarray(0, geometry.columnLength(column))
      taken.add(column)
      if (await sources.read(header, source, bytes)) return { column, bytes }
      taken.delete(column)
    }
  }
  // All settle, so that nobody writes to the places any more.
  const results = await Promise.allSettled(places.map(fill))
  const pieces: ColumnPart[] = []
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason
    if (result.value !== undefined) pieces.push(result.value)
  }
  return pieces.length === places.length ? pieces : undefined
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / alignmentBytes) * alignmentBytes
}
