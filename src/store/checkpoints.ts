// Checkpoints: one synced transaction of the index that holds, as of one moment, every entry that changed since the last one, the
// accounts of segments and groups, and how far each log is in it. The logs go on meanwhile; what they change waits in the
// next layer of the table (entry-table.ts).
//
// Faults. A checkpoint that failed is not there at all: its changes go back into memory, the index is closed and opened
// again, and it is tried once more. If that fails too, the store has failed: nothing more may be acknowledged, because memory
// would grow without bound. The logs still have everything. Where only space is lacking, somebody else took what the ballast gave:
// then no more is admitted than memory holds, and it is tried again whenever a checkpoint is wanted. A full disk must not end a worker
// that others read from.

import { FrostError, errorCode } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import { GIB, KIB } from '../base/units.ts'
import type { Index, IndexFactory } from '../ports/index-store.ts'
import {
  checkpointKey,
  encodeCheckpoint,
  encodeGroupRow,
  encodeSegmentRow,
  groupKey,
  segmentKey,
  type LogPosition,
} from './index-rows.ts'
import type { LogKind } from './batch-format.ts'
import type { Ledger } from './ledger.ts'

export const indexName = 'index'
const attemptsMax = 2
/** With less room a checkpoint is not begun: one that fails in the middle costs more, and the index must be opened again. */
const freeBytesMin = 8 * KIB
/** Log behind the last checkpoint that a start has to read, at most about so much. */
const logBytesMax = GIB

export interface CheckpointHost {
  readonly indexes: IndexFactory
  readonly ledger: Ledger
  readonly worker: WorkerId
  readonly entriesMax: number
  positions(): Readonly<Record<LogKind, LogPosition>>
  sequence(): number
  /** Bytes appended to the logs since the start. */
  appendedBytes(): number
  /** Of the file system, asked now. */
  freeBytes(): Promise<number>
  noSpace(): Promise<void>
  failed(error: Error): void
}

export class Checkpoints {
  readonly #host: CheckpointHost
  #index: Index
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #bytesAtLast = 0
  #count = 0
  #failure: Error | undefined
  /** The last one found no space. */
  #lacksSpace = false

  constructor(host: CheckpointHost, index: Index) {
    this.#host = host
    this.#index = index
  }

  /** Checkpoints finished since the start. */
  get count(): number {
    return this.#count
  }

  /**
   * Resolves when memory has room for the changes of one more batch; starts a checkpoint where it is time, and waits for the
   * one before where memory is full.
   * @throws FrostError `insufficient-storage`: memory is full, and a checkpoint finds no space.
   */
  async room(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (!this.#isDue()) return
    if (this.#running !== undefined) await this.#running
    if (!this.#isDue()) return
    // Somebody else who waited for the one before may have started it.
    const started = this.#running ?? this.#start()
    // Owned by whoever asks next; its failure also ends the store, unless it is only space that is lacking.
    started.catch(() => undefined)
    if (this.#lacksSpace) await started
  }

  /** Resolves when everything that was applied before the call is in the index. */
  async store(): Promise<void> {
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#startAfter(this.#running)
    return this.#next
  }

  async close(): Promise<void> {
    await this.#running?.catch(() => undefined)
    await this.#index.close()
  }

  #isDue(): boolean {
    const { ledger, entriesMax } = this.#host
    return ledger.table.changeCount >= entriesMax || this.#host.appendedBytes() - this.#bytesAtLast >= logBytesMax
  }

  #start(): Promise<void> {
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** How that one ends does not matter: what it did not store, the next one does. */
  async #startAfter(running: Promise<void>): Promise<void> {
    await running.catch(() => undefined)
    this.#next = undefined
    return this.#running ?? this.#start()
  }

  async #run(): Promise<void> {
    for (let attempt = 1; this.#failure === undefined; attempt++) {
      let hasBegun = false
      try {
        await this.#checkSpace()
        hasBegun = true
        await this.#storeOnce()
        this.#count++
        this.#lacksSpace = false
        return
      } catch (error) {
        const code = errorCode(error)
        if (code === undefined || !(error instanceof Error)) throw error
        const isFull = code === 'insufficient-storage'
        if (isFull) await this.#host.noSpace()
        if (hasBegun) await this.#reopen()
        if (attempt < attemptsMax) continue
        if (isFull) {
          this.#lacksSpace = true
          throw error
        }
        this.#failure = error
        this.#host.failed(error)
      }
    }
    throw this.#failure
  }

  async #checkSpace(): Promise<void> {
    if ((await this.#host.freeBytes()) >= freeBytesMin) return
    throw new FrostError('insufficient-storage', 'The file system has no room for a checkpoint of the index.')
  }

  async #storeOnce(): Promise<void> {
    const { ledger, worker } = this.#host
    const { table, segments } = ledger
    const bytes = this.#host.appendedBytes()
    // From here to `freeze` nothing waits: all of it is one moment.
    const segmentRows = segments.cut()
    const groupRows = ledger.cutGroups()
    const state = encodeCheckpoint({
      worker,
      positions: this.#host.positions(),
      nextSegment: segments.nextNumber,
      nextSequence: this.#host.sequence(),
      damagedCount: ledger.damagedCount,
      hasLostEntry: table.hasLostEntry,
      segments: segments.account,
    })
    const changes = [
      ...table.freeze(),
      ...segmentRows.map(([number, row]) => change(segmentKey(number), row && encodeSegmentRow(row))),
      ...groupRows.map((row) => change(groupKey(row.group), row.fragments > 0 ? encodeGroupRow(row) : undefined)),
      change(checkpointKey, state),
    ]
    try {
      await this.#index.checkpoint(changes)
    } catch (error) {
      table.thaw()
      segments.uncut(segmentRows.map(([number]) => number))
      ledger.uncutGroups(groupRows)
      throw error
    }
    table.dropFrozen()
    this.#bytesAtLast = bytes
  }

  async #reopen(): Promise<void> {
    await this.#index.close()
    const index = await this.#host.indexes.open(indexName)
    if (index === 'damaged') throw new FrostError('store-corrupt', 'The index cannot be opened again.')
    this.#index = index
    this.#host.ledger.table.useIndex(index)
  }
}

function change(key: Uint8Array, value: Uint8Array | undefined): readonly [Uint8Array, Uint8Array | undefined] {
  return [key, value]
}
