// Reads what RowWriter wrote. A row that ends early, or is longer than its fields, is `store-corrupt`: the store's checksum
// has passed by then, so it is a format that this version does not know, or a defect.

import { FrostError } from '../../base/errors.ts'
import { fieldBytesMax } from './row-writer.ts'

export class RowReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(row: Uint8Array) {
    this.#buffer = Buffer.from(row.buffer, row.byteOffset, row.length)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#buffer.length
  }

  byte(): number {
    const value = this.#buffer[this.#at]
    if (value === undefined) throw corrupt('it ends early')
    this.#at += 1
    return value
  }

  number(): number {
    let value = 0
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const part = this.byte()
      value += (part & 0x7f) * factor
      if (part < 0x80) {
        if (!Number.isSafeInteger(value)) break
        return value
      }
    }
    throw corrupt('a number is too long')
  }

  uint32(): number {
    return this.#buffer.readUInt32LE(this.#skip(4))
  }

  text(): string {
    const length = this.#length()
    return this.#buffer.toString('utf8', this.#skip(length), this.#at)
  }

  fixed(length: number): string {
    return this.#buffer.toString('latin1', this.#skip(length), this.#at)
  }

  hex(digits: number): string {
    return this.#buffer.toString('hex', this.#skip(digits >> 1), this.#at)
  }

  /** A copy. */
  bytes(): Uint8Array<ArrayBuffer> {
    const length = this.#length()
    return new Uint8Array(this.#buffer.subarray(this.#skip(length), this.#at))
  }

  /** The row must be over. */
  end(): void {
    if (!this.isAtEnd) throw corrupt('it is too long')
  }

  #length(): number {
    const length = this.number()
    if (length > fieldBytesMax) throw corrupt('a length is too large')
    return length
  }

  #skip(length: number): number {
    const at = this.#at
    if (at + length > this.#buffer.length) throw corrupt('it ends early')
    this.#at += length
    return at
  }
}

export function corrupt(what: string): FrostError {
  return new FrostError('store-corrupt', `A row of the metadata store is damaged: ${what}.`)
}
