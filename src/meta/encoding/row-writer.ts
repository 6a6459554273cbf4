// Writes the compact binary form of stored rows: variable-length numbers, and text and bytes with their length before them. One
// writer is used for all rows, and grows to the longest, so that a row costs one allocation of its own size.
// docs/design/metadata.md has the formats.

import { assert } from '../../base/assert.ts'

/** A length or count in front of something is at most this. */
export const fieldBytesMax = 16 * 1024 * 1024

export class RowWriter {
  #buffer: Buffer
  #length = 0

  constructor(capacityBytes = 4_096) {
    this.#buffer = Buffer.allocUnsafe(capacityBytes)
  }

  byte(value: number): this {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
    return this
  }

  /** A whole number from 0 to 2^53 - 1: seven bits a byte, lowest first, the top bit set in all but the last. */
  number(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'a stored number is whole and not negative')
    this.#reserve(8)
    const buffer = this.#buffer
    let rest = value
    while (rest >= 0x8000_0000) {
      buffer[this.#length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest >= 0x80) {
      buffer[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    buffer[this.#length++] = rest
    return this
  }

  /** Four bytes, lowest first. */
  uint32(value: number): this {
    this.#reserve(4)
    this.#length = this.#buffer.writeUInt32LE(value, this.#length)
    return this
  }

  /** UTF-8, its length in bytes before it. */
  text(value: string): this {
    const length = Buffer.byteLength(value)
    assert(length <= fieldBytesMax && value.isWellFormed(), 'stored text is well-formed and bounded')
    this.number(length)
    this.#reserve(length)
    this.#buffer.write(value, this.#length, length === value.length ? 'latin1' : 'utf8')
    this.#length += length
    return this
  }

  /** Characters 0 to 255, one byte each, as many as the reader knows. */
  fixed(value: string): this {
    this.#reserve(value.length)
    this.#buffer.write(value, this.#length, 'latin1')
    this.#length += value.length
    return this
  }

  /** Hex digits as half as many bytes, as many as the reader knows. */
  hex(value: string): this {
    this.#reserve(value.length >> 1)
    this.#length += this.#buffer.write(value, this.#length, 'hex')
    return this
  }

  bytes(value: Uint8Array): this {
    assert(value.length <= fieldBytesMax, 'stored bytes are bounded')
    this.number(value.length)
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
    return this
  }

  /** What was written, in memory of its own; the writer is empty afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    const row = new Uint8Array(this.#length)
    row.set(this.#buffer.subarray(0, this.#length))
    this.#length = 0
    return row
  }

  /** Forgets what an abandoned row left. */
  clear(): this {
    this.#length = 0
    return this
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
