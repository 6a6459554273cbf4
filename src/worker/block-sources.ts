// Where the columns of one block can be had from: the holders of their slots, whoever else is said to hold one, and this worker's own
// store. What is read is proved: the header by its checksum and by being of the fragment asked for, every chunk by the check that
// the header has for its place.

import { FrostError, errorCode } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import { SECOND_MS } from '../base/units.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { firstDamagedStripe } from '../codec/checks.ts'
import { slotOf } from '../codec/geometry.ts'
import { checksOf, decodeHeader, fragmentName } from '../codec/record.ts'
import type { RecordHeader } from '../codec/record.ts'
import type { Compute } from '../ports/compute.ts'
import { encodeGet, encodeInspect } from '../rpc/messages/fragment.ts'
import type { FragmentKey } from '../rpc/messages/fragment.ts'
import { methods } from '../rpc/messages/methods.ts'
import type { RebuildFragment } from '../rpc/messages/rebuild.ts'
import type { FragmentStore } from '../store/fragment-store.ts'
import type { PeerWorkers } from './peer-workers.ts'

/** For one answer; a peer that takes longer is passed over. */
const deadlineMs = 10 * SECOND_MS

export interface BlockSourcesPorts {
  readonly compute: Compute
  readonly store: FragmentStore
  readonly peers: PeerWorkers
}

export interface BlockSourcesContext {
  /** This one. */
  readonly worker: WorkerId
  readonly group: PlacementGroup
  readonly addresses: ReadonlyMap<WorkerId, string>
  readonly signal: AbortSignal
}

/** A column and who is asked for it; `undefined`: this worker's own store. */
export interface Source {
  readonly column: number
  readonly worker: WorkerId | undefined
}

export class BlockSources {
  readonly #ports: BlockSourcesPorts
  readonly #context: BlockSourcesContext
  readonly #fragment: RebuildFragment
  /** Not asked in vain yet: own ones first, then in the order of their columns, so that data comes before parity. */
  #sources: readonly Source[]
  #readBytes = 0
  #lastCode: ErrorCode | undefined

  constructor(ports: BlockSourcesPorts, context: BlockSourcesContext, fragment: RebuildFragment) {
    this.#ports = ports
    this.#context = context
    this.#fragment = fragment
    this.#sources = this.#allSources()
  }

  /** What other workers sent, also in vain. */
  get readBytes(): number {
    return this.#readBytes
  }

  /** Why the last source that failed did. */
  get lastCode(): ErrorCode | undefined {
    return this.#lastCode
  }

  /** The header of any column, that of the wanted one if possible; `undefined`: none could be had. */
  async header(): Promise<RecordHeader | undefined> {
    const isWanted = ({ column }: Source): boolean => column === this.#fragment.column
    const inOrder = [...this.#sources.filter(isWanted), ...this.#sources.filter((source) => !isWanted(source))]
    for (const source of inOrder) {
      const header = await this.#try(source, () => this.#header(source))
      if (header !== undefined) return header
    }
    return undefined
  }

  /** The first source of such a column that has not failed. */
  next(isWanted: (column: number) => boolean): Source | undefined {
    return this.#sources.find(({ column }) => isWanted(column))
  }

  /** Fills `place` with the whole column, proved. False where the source failed: it is not asked again. */
  async read(header: RecordHeader, source: Source, place: Uint8Array): Promise<boolean> {
    const isRead = await this.#try(source, async () => {
      await this.#chunks(header, source, place)
      return true
    })
    return isRead === true
  }

  /** `undefined` where the source failed: it is not asked again. */
  async #try<T>(source: Source, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask()
    } catch (error) {
      this.#context.signal.throwIfAborted()
      const code = errorCode(error)
      if (code === undefined) throw error
      this.#lastCode = code
      this.#sources = this.#sources.filter((other) => other !== source)
      return undefined
    }
  }

  async #header(source: Source): Promise<RecordHeader> {
    const key = this.#keyOf(source.column)
    const bytes = await this.#headerBytes(source, key)
    const header = decodeHeader(this.#ports.compute, bytes, 'protocol-error')
    const { scheme } = this.#context.group
    const isTheOne =
      header.group === key.group &&
      header.dataId === key.dataId &&
      header.block === key.block &&
      header.column === key.column &&
      header.geometry.scheme.dataColumns === scheme.dataColumns &&
      header.geometry.scheme.parityColumns === scheme.parityColumns
    if (isTheOne) return header
    throw new FrostError('protocol-error', `The header of ${fragmentName(header)} came for ${fragmentName(key)}.`)
  }

  async #headerBytes({ worker }: Source, key: FragmentKey): Promise<Uint8Array> {
    const { signal, group } = this.#context
    if (worker === undefined) return this.#ports.store.readHeader(key, signal)
    return this.#ports.peers.use(this.#placeOf(worker), async (peer) => {
      const response = await peer.request(methods.inspect, encodeInspect(key, group.epoch), { deadlineMs, signal })
      const bytes = response.body?.slice() ?? new Uint8Array(0)
      response.release()
      this.#readBytes += bytes.length
      return bytes
    })
  }

  async #chunks(header: RecordHeader, source: Source, place: Uint8Array): Promise<void> {
    const { column, worker } = source
    const { geometry, dataId, block } = header
    if (worker === undefined) await this.#copyOwn(column, place)
    else await this.#fetch({ column, worker }, geometry.chunkCount(column), place)
    const stripes = { firstStripe: 0, endStripe: geometry.chunkCount(column) }
    const checks = checksOf(header, column, stripes)
    const damaged = firstDamagedStripe(this.#ports.compute, {
      geometry,
      dataId,
      block,
      column,
      stripes,
      bytes: place,
      checks,
    })
    if (damaged === undefined) return
    throw new FrostError('fragment-corrupt', `Stripe ${damaged} of ${fragmentName(this.#keyOf(column))} is damaged.`)
  }

  async #copyOwn(column: number, place: Uint8Array): Promise<void> {
    const read = await this.#ports.store.read(this.#keyOf(column), undefined, this.#context.signal)
    const isAll = read.bytes.length === place.length
    if (isAll) place.set(read.bytes)
    read.release()
    if (!isAll) throw wrongLength(this.#keyOf(column))
  }

  async #fetch(
    source: { readonly column: number; readonly worker: WorkerId },
    endChunk: number,
    place: Uint8Array,
  ): Promise<void> {
    const { signal, group } = this.#context
    const key = this.#keyOf(source.column)
    let received = 0
    const onBody = (slice: Uint8Array, offset: number): void => {
      received += slice.length
      if (offset + slice.length <= place.length) place.set(slice, offset)
    }
    const header = encodeGet({ key, epoch: group.epoch, firstChunk: 0, endChunk })
    try {
      await this.#ports.peers.use(this.#placeOf(source.worker), async (peer) => {
        const response = await peer.request(methods.get, header, { deadlineMs, signal, onBody })
        response.release()
      })
    } finally {
      this.#readBytes += received
    }
    if (received !== place.length) throw wrongLength(key)
  }

  #allSources(): readonly Source[] {
    const { group, worker } = this.#context
    const { dataId, block, elsewhere } = this.#fragment
    const columns = Array.from({ length: columnCount(group.scheme) }, (_, column) => column)
    const own = columns.filter((column) => this.#ports.store.stat(this.#keyOf(column))?.state === 'good')
    const sources: Source[] = own.map((column) => ({ column, worker: undefined }))
    const add = (column: number, holder: WorkerId | undefined): void => {
      if (holder === undefined || holder === worker) return
      if (sources.some((source) => source.column === column && source.worker === holder)) return
      sources.push({ column, worker: holder })
    }
    for (const column of columns) {
      const slot = group.slots[slotOf(group.scheme, dataId, block, column)]
      add(column, slot?.worker)
      add(column, slot?.pendingWorker)
      for (const place of elsewhere) if (place.column === column) add(column, place.worker)
    }
    return sources
  }

  #placeOf(worker: WorkerId): { readonly worker: WorkerId; readonly address: string } {
    const address = this.#context.addresses.get(worker)
    if (address === undefined) throw new FrostError('peer-unreachable', `No address of worker ${worker} was given.`)
    return { worker, address }
  }

  #keyOf(column: number): FragmentKey {
    const { dataId, block } = this.#fragment
    return { group: this.#context.group.group, dataId, block, column }
  }
}

function wrongLength(key: FragmentKey): FrostError {
  return new FrostError('protocol-error', `${fragmentName(key)} came with another length than its block says.`)
}
