// What rows were lately: what runs on a partial view guess by. Never an answer by itself, so it may be old.

import type { ByteString } from '../../ports/key-value.ts'

const rowsMax = 4_096
/** A longer row is not worth its memory. */
const rowBytesMax = 2_048

export class RecentRows {
  readonly #rows = new Map<ByteString, Uint8Array>()

  get(key: ByteString): Uint8Array | undefined {
    return this.#rows.get(key)
  }

  /** `undefined`: there is none. */
  set(key: ByteString, row: Uint8Array | undefined): void {
    this.#rows.delete(key)
    if (row === undefined || row.length > rowBytesMax) return
    this.#rows.set(key, row)
    if (this.#rows.size <= rowsMax) return
    const [oldest] = this.#rows.keys()
    if (oldest !== undefined) this.#rows.delete(oldest)
  }

  setAll(rows: Iterable<readonly [ByteString, Uint8Array | undefined]>): void {
    for (const [key, row] of rows) this.set(key, row)
  }
}
