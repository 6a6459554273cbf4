// The Index port over LMDB: one environment in a folder of its own for each index, one tree in it.
//
// Durability: opened with `overlappingSync: false` and none of the options that weaken a sync, a commit is `fdatasync` of the
// data and then a synced write of the meta page, before its promise resolves (seen with strace). With the default,
// other processes saw commits 2 s before they were durable. A commit that failed is not visible, and its index is done for: the
// caller closes it and opens it again.
//
// Space: LMDB splits a full page in the middle, also when keys come in order; so runs of new keys that end before other
// keys (each placement group has its end) leave every page half empty: 110 bytes a fragment. A checkpoint therefore
// inserts 5 of 9 keys first, which builds half-full pages, and the other 4 then fill them: measured 75 bytes a fragment.
// Where LMDB is wrong about a page the log is right: the index can be removed and is rebuilt.

import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { open, type RootDatabase } from 'lmdb'

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { Histogram } from '../base/histogram.ts'
import { GIB } from '../base/units.ts'
import type { Index, IndexEntry, IndexFactory } from '../ports/index-store.ts'
import { diskError, errnoCode, syncFolder } from './disk-files.ts'
import { canOpenLmdb, lmdbPageBytes } from './lmdb-file.ts'

type Change = readonly [key: Uint8Array, value: Uint8Array | undefined]

/** Address space, not memory; LMDB takes more by itself where an index grows over it. */
const mapBytes = 16 * GIB
const keyBytesMax = 255
const valueBytesMax = 4096

/** Insertion in two passes: of each `cycle` keys in order, the first `firstPass` come in the first. */
const cycle = 9
const firstPass = 5

/** MDB_PAGE_NOTFOUND to MDB_INVALID: what the file holds is no sound database of this version. */
const damageCodes: ReadonlySet<unknown> = new Set([-30797, -30796, -30795, -30794, -30793])
/** ENOSPC, EDQUOT on Linux, as LMDB passes them. */
const fullCodes: ReadonlySet<unknown> = new Set([28, 122])

export class LmdbIndexFactory implements IndexFactory {
  readonly #directory: string
  readonly #commitTimes: Histogram | undefined

  /**
   * Indexes are folders in `directory`, which must exist when one is opened. `commitTimes`: told how long each checkpoint took, in
   * seconds.
   */
  constructor(directory: string, options: { readonly commitTimes?: Histogram } = {}) {
    this.#directory = resolve(directory)
    this.#commitTimes = options.commitTimes
  }

  async open(name: string): Promise<Index | 'damaged'> {
    const path = join(this.#directory, name)
    try {
      if (!(await canOpenLmdb(join(path, 'data.mdb')))) return 'damaged'
      const database = open<Uint8Array, Uint8Array>({
        path,
        encoding: 'binary',
        keyEncoding: 'binary',
        overlappingSync: false,
        mapSize: mapBytes,
        pageSize: lmdbPageBytes,
        maxDbs: 1,
        maxReaders: 16,
      })
      // The folder's name is durable before anything relies on what is in it.
      await syncFolder(path)
      await syncFolder(this.#directory)
      return new LmdbIndex(database, name, this.#commitTimes)
    } catch (error) {
      if (damageCodes.has(codeOf(error))) return 'damaged'
      throw error instanceof FrostError ? error : diskError(error, path)
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await rm(join(this.#directory, name), { recursive: true, force: true })
      await syncFolder(this.#directory)
    } catch (error) {
      throw diskError(error, name)
    }
  }
}

class LmdbIndex implements Index {
  readonly #name: string
  readonly #database: RootDatabase<Uint8Array, Uint8Array>
  readonly #commitTimes: Histogram | undefined
  #state: 'ready' | 'busy' | 'failed' | 'closed' = 'ready'

  constructor(database: RootDatabase<Uint8Array, Uint8Array>, name: string, commitTimes: Histogram | undefined) {
    this.#commitTimes = commitTimes
    this.#database = database
    this.#name = name
  }

  get(key: Uint8Array): Uint8Array | undefined {
    assert(this.#state !== 'closed', 'the index is open')
    return this.#database.getBinary(key)
  }

  range(options: {
    readonly from: Uint8Array
    readonly to?: Uint8Array
    readonly limit: number
  }): readonly IndexEntry[] {
    assert(this.#state !== 'closed', 'the index is open')
    const { from, to, limit } = options
    const entries: IndexEntry[] = []
    const range = to === undefined ? { start: from, limit } : { start: from, end: to, limit }
    for (const { key, value } of this.#database.getRange(range)) {
      entries.push([Uint8Array.from(key), Uint8Array.from(value)])
    }
    return entries
  }

  count(): number {
    assert(this.#state !== 'closed', 'the index is open')
    const stats: unknown = this.#database.getStats()
    const count = typeof stats === 'object' && stats !== null && 'entryCount' in stats ? stats.entryCount : undefined
    assert(typeof count === 'number', 'LMDB counts its entries')
    return count
  }

  async checkpoint(changes: readonly Change[]): Promise<void> {
    assert(this.#state === 'ready', 'one checkpoint at a time, and none after a failure')
    this.#state = 'busy'
    const ordered = orderForFullPages(copyValues(changes))
    const startedMs = performance.now()
    try {
      await this.#database.batch(() => {
        for (const [key, value] of ordered) this.#queue(key, value)
      })
      // Reads of this turn of the event loop see it too.
      this.#database.resetReadTxn()
      this.#state = 'ready'
      this.#commitTimes?.observe((performance.now() - startedMs) / 1000)
    } catch (error) {
      this.#state = 'failed'
      throw await this.#failure(error)
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    assert(this.#state !== 'busy', 'no checkpoint is under way')
    this.#state = 'closed'
    await this.#database.close()
  }

  #queue(key: Uint8Array, value: Uint8Array | undefined): void {
    // oxlint-disable-next-line typescript/no-floating-promises -- its promise is the batch's, which is awaited
    if (value === undefined) this.#database.remove(key)
    // oxlint-disable-next-line typescript/no-floating-promises -- its promise is the batch's, which is awaited
    else this.#database.put(key, value)
  }

  async #failure(error: unknown): Promise<FrostError> {
    const cause = await causeOf(error)
    const code = codeOf(cause)
    const isFull = fullCodes.has(code) || errnoCode(cause) === 'ENOSPC'
    const message = `A checkpoint of the index ${this.#name} failed (${String(code)}).`
    return new FrostError(isFull ? 'insufficient-storage' : 'disk-failed', message, { cause })
  }
}

/** Values in memory of their own, all in one piece: LMDB's thread reads them after `checkpoint` has returned. Keys it copies. */
function copyValues(changes: readonly Change[]): readonly Change[] {
  const memory = new Uint8Array(changes.reduce((sum, [, value]) => sum + (value?.length ?? 0), 0))
  let end = 0
  return changes.map(([key, value]) => {
    if (value === undefined) return [key, undefined]
    memory.set(value, end)
    end += value.length
    return [key, memory.subarray(end - value.length, end)]
  })
}

/** In key order, but in two passes. */
function orderForFullPages(changes: readonly Change[]): readonly Change[] {
  for (const [key, value] of changes) {
    assert(key.length >= 1 && key.length <= keyBytesMax, 'bytes of a key', key.length)
    assert(value === undefined || value.length <= valueBytesMax, 'bytes of a value', value?.length)
  }
  const sorted = changes.toSorted(([left], [right]) => Buffer.compare(left, right))
  const isFirst = (_: Change, index: number): boolean => index % cycle < firstPass
  return [...sorted.filter(isFirst), ...sorted.filter((change, index) => !isFirst(change, index))]
}

/** The reason lies in a promise of its own, which is rejected and must be looked at. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (reason) {
    return reason
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
