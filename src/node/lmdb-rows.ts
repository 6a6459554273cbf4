// The rows of an LMDB environment, as LmdbKeyValue reads and writes them. Every row carries a CRC-32 over itself, seeded with a hash of
// its key, so that a damaged row, or one under a wrong key, is an error and never an answer. (What LMDB keeps between the rows, its
// pages, has no checksum: a damaged page can hide rows. Snapshots and the change log in the store stand behind that.)
//
// The options are a promise to the data (docs/design/metadata.md, with what was measured): `overlappingSync: false`, because with the
// default other processes saw commits before they were durable; never noSync, noMetaSync, mapAsync, useWritemap or cache.
//
// Value: row | crc32 u32, little-endian.

import { open } from 'lmdb'
import type { Database, RootDatabase } from 'lmdb'

import { assert } from '../base/assert.ts'
import { keyBytesMax, valueBytesMax } from '../ports/key-value.ts'
import type { ByteString, KeyRange, KeyValueEntry, KeyValueView } from '../ports/key-value.ts'
import { checkRow, rowCheckBytes, writeRowCheck } from './row-check.ts'

const claimKey = 'claim'
/** Of a new environment. With 4,096, a commit of 64 uploads among a million keys wrote 195 scattered pieces; with this, 152. */
const pageBytes = 8_192

type ReadKey = (source: Buffer, start: number, end: number) => string

export class LmdbRows implements KeyValueView {
  readonly #root: RootDatabase
  readonly #rows: Database<Uint8Array, string>
  /** The same rows; a key is read as the text after its first bytes. */
  readonly #texts: Database<Uint8Array, string>
  /** One entry whose version is the number of the newest claim. */
  readonly #claims: Database<string, string>
  #skipBytes = 0

  /** `file`: made where it is missing, with `file-lock` beside it. */
  constructor(file: string) {
    this.#root = open({
      path: file,
      noSubdir: true,
      overlappingSync: false,
      maxDbs: 4,
      pageSize: pageBytes,
      eventTurnBatching: false,
    })
    this.#rows = this.#openRows(readKey)
    this.#texts = this.#openRows((source, start, end) => source.toString('utf8', start + this.#skipBytes, end))
    this.#claims = this.#root.openDB({ name: 'claims', encoding: 'string', useVersions: true })
  }

  /** Makes the reads that follow see what is durable now. */
  refresh(): void {
    this.#rows.resetReadTxn()
  }

  get(key: ByteString): Uint8Array | undefined {
    const value = this.#rows.getBinary(key)
    return value === undefined ? undefined : checkRow(key, value)
  }

  range(range: KeyRange): readonly KeyValueEntry[] {
    const entries: KeyValueEntry[] = []
    if (range.from >= range.to) return entries
    for (const { key, value } of this.#rows.getRange(toOptions(range))) entries.push([key, checkRow(key, value)])
    return entries
  }

  texts(range: KeyRange, skipBytes: number): readonly string[] {
    if (range.from >= range.to) return []
    this.#skipBytes = skipBytes
    return Array.from(this.#texts.getKeys(toOptions(range)))
  }

  /** The number of the newest claim; 0: there was none. */
  newestClaim(): number {
    this.refresh()
    return this.#claims.getEntry(claimKey)?.version ?? 0
  }

  /** Makes claim `before` + 1, durable when it resolves; `false`: `before` is not the newest any more. */
  async claim(before: number): Promise<boolean> {
    // null: only where there is none.
    const isMade = await (before === 0
      ? this.#claims.ifNoExists(claimKey, () => this.#putClaim(1))
      : this.#claims.ifVersion(claimKey, before, () => this.#putClaim(before + 1)))
    return isMade
  }

  /**
   * Changes rows in one transaction where `claim` is the newest claim; `false`: it is not, and nothing was changed. Durable when it
   * resolves. A failure of one put fails all.
   */
  write(claim: number, changes: ReadonlyMap<ByteString, Uint8Array | undefined>): Promise<boolean> {
    const values = encodeValues(changes)
    return this.#claims.ifVersion(claimKey, claim, () => {
      for (const [key, value] of values) {
        // These promises are the transaction's, which is awaited as a whole.
        const written = value === undefined ? this.#rows.remove(key) : this.#rows.put(key, value)
        written.catch(ignore)
      }
    })
  }

  async close(): Promise<void> {
    await this.#root.close()
  }

  #openRows(read: ReadKey): Database<Uint8Array, string> {
    // lmdb's type declarations do not know `keyEncoder`, which it has all the same.
    const options = { name: 'rows', encoding: 'binary' as const, keyEncoder: { writeKey, readKey: read } }
    return this.#root.openDB<Uint8Array, string>(options)
  }

  #putClaim(version: number): void {
    this.#claims.put(claimKey, '', version).catch(ignore)
  }
}

function ignore(): void {
  // The transaction's own promise reports it.
}

function writeKey(key: unknown, target: Buffer, start: number): number {
  assert(typeof key === 'string' && key.length > 0 && key.length <= keyBytesMax, 'length of a key')
  return start + target.write(key, start, 'latin1')
}

function readKey(source: Buffer, start: number, end: number): string {
  return source.toString('latin1', start, end)
}

function toOptions(range: KeyRange): Record<string, unknown> {
  const { from, to, limit } = range
  assert(limit >= 1, 'limit of a range')
  return range.reverse === true
    ? { start: to, exclusiveStart: true, end: from, inclusiveEnd: true, reverse: true, limit }
    : { start: from, end: to, limit }
}

/** The values with their checks, in one piece of memory. */
function encodeValues(
  changes: ReadonlyMap<ByteString, Uint8Array | undefined>,
): readonly (readonly [ByteString, Uint8Array | undefined])[] {
  let length = 0
  for (const row of changes.values()) length += row === undefined ? 0 : row.length + rowCheckBytes
  const memory = Buffer.allocUnsafe(length)
  const values: (readonly [ByteString, Uint8Array | undefined])[] = []
  let at = 0
  for (const [key, row] of changes) {
    if (row === undefined) {
      values.push([key, undefined])
      continue
    }
    assert(row.length <= valueBytesMax, 'length of a value')
    memory.set(row, at)
    const end = writeRowCheck(memory, key, { from: at, to: at + row.length })
    values.push([key, memory.subarray(at, end)])
    at = end
  }
  return values
}
