// The memory behind a simulated file (file-system.ts): what was written, by offset, in a buffer that doubles as the file grows.
// Invariant: beyond the length every byte is zero, so that a file extended or written past its end reads zeros in the gap, as on a
// real disk. Reads and slices are copies or copy into the caller's buffer: nobody outside holds the bytes.

import { assert } from '../../src/base/assert.ts'

/** The bytes of a simulated file: grows as it is written, with zeros where nothing was. */
export class GrowingBytes {
  #bytes = new Uint8Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** A copy. */
  slice(from: number, end: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(Math.min(from, this.#length), Math.min(end, this.#length))
  }

  /** Copies up to `into.length` bytes from `offset`; resolves to how many there were. */
  read(into: Uint8Array, offset: number): number {
    const count = Math.max(0, Math.min(into.length, this.#length - offset))
    if (count > 0) into.set(this.#bytes.subarray(offset, offset + count))
    return count
  }

  write(offset: number, bytes: Uint8Array): void {
    this.extend(offset + bytes.length)
    this.#bytes.set(bytes, offset)
  }

  extend(length: number): void {
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#length = Math.max(this.#length, length)
  }

  truncate(length: number): void {
    assert(length <= this.#length, 'a truncation does not grow')
    this.#bytes.fill(0, length, this.#length)
    this.#length = length
  }

  replace(source: GrowingBytes): void {
    this.#bytes = source.slice(0, source.length)
    this.#length = source.length
  }
}
