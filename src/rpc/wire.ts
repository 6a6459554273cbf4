// A small binary writer and reader, both bounded, for what stands in frames beside bodies: handshakes, extensions, and the
// headers of messages. Little-endian. Variable parts carry their length or count in front, and every one of them has a
// limit that both sides state, so that neither can be made to write or to hold more than that.
//
// Faults: whatever the bytes, the reader either returns values inside their limits or throws `protocol-error`; it never reads
// past the end, never loops longer than the input is, and never allocates more than the input holds.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { toHex, writeHex } from '../base/ids.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const u53High = 2 ** 32
const firstBytes = 256

export class WireWriter {
  readonly #limitBytes: number
  readonly #what: string
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  /** `what` names the thing in errors. Writing past `limitBytes` throws `protocol-error`. */
  constructor(what: string, limitBytes: number) {
    this.#what = what
    this.#limitBytes = limitBytes
    this.#bytes = new Uint8Array(Math.min(firstBytes, limitBytes))
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    assert(isUnsigned(value, 0xff), 'a u8', value)
    const offset = this.#take(1)
    this.#bytes[offset] = value
    return this
  }

  u16(value: number): this {
    assert(isUnsigned(value, 0xffff), 'a u16', value)
    const offset = this.#take(2)
    this.#view.setUint16(offset, value, true)
    return this
  }

  u32(value: number): this {
    assert(isUnsigned(value, 0xffff_ffff), 'a u32', value)
    const offset = this.#take(4)
    this.#view.setUint32(offset, value, true)
    return this
  }

  /** A whole number from 0 to 2^53 - 1, as a u64. */
  u53(value: number): this {
    assert(isUnsigned(value, Number.MAX_SAFE_INTEGER), 'a u53', value)
    const offset = this.#take(8)
    this.#view.setUint32(offset, value % u53High, true)
    this.#view.setUint32(offset + 4, Math.floor(value / u53High), true)
    return this
  }

  /** Any number but NaN, as a binary64. */
  f64(value: number): this {
    assert(!Number.isNaN(value), 'a number that is none')
    const offset = this.#take(8)
    this.#view.setFloat64(offset, value, true)
    return this
  }

  boolean(value: boolean): this {
    return this.u8(value ? 1 : 0)
  }

  /** The bytes that lower-case hex digits spell, without a length: ids. */
  hex(digits: string, byteCount: number): this {
    assert(digits.length === byteCount * 2, 'digits of an id', digits.length)
    const offset = this.#take(byteCount)
    writeHex(digits, this.#bytes, offset)
    return this
  }

  /** Bytes without a length, for the reader to know it. */
  raw(bytes: Uint8Array): this {
    const offset = this.#take(bytes.length)
    this.#bytes.set(bytes, offset)
    return this
  }

  /** A u32 length, then the bytes. */
  bytes(bytes: Uint8Array, limitBytes: number): this {
    if (bytes.length > limitBytes) throw this.#tooMuch(`${bytes.length} bytes where ${limitBytes} are allowed`)
    return this.u32(bytes.length).raw(bytes)
  }

  /** A u32 length in bytes, then the text as UTF-8. */
  string(text: string, limitBytes: number): this {
    return this.bytes(encoder.encode(text), limitBytes)
  }

  /** A u32 count, then the items. */
  list<T>(items: readonly T[], countMax: number, write: (writer: this, item: T) => void): this {
    if (items.length > countMax) throw this.#tooMuch(`${items.length} items where ${countMax} are allowed`)
    this.u32(items.length)
    for (const item of items) write(this, item)
    return this
  }

  /** A u8 (0: absent, 1: present), then the value where there is one. */
  optional<T>(value: T | undefined, write: (writer: this, value: T) => void): this {
    this.boolean(value !== undefined)
    if (value !== undefined) write(this, value)
    return this
  }

  /** What was written, as a copy in memory of its own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  #take(count: number): number {
    const offset = this.#length
    const end = offset + count
    if (end > this.#bytes.length) this.#grow(end)
    this.#length = end
    return offset
  }

  #grow(end: number): void {
    if (end > this.#limitBytes) throw this.#tooMuch(`more than its ${this.#limitBytes} bytes`)
    const grown = new Uint8Array(Math.min(this.#limitBytes, Math.max(end, this.#bytes.length * 2)))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }

  #tooMuch(what: string): FrostError {
    return new FrostError('protocol-error', `A ${this.#what} cannot be written: ${what}.`)
  }
}

export class WireReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  #offset = 0

  /** `what` names the thing in errors. `bytes` is not copied: what `bytes()` and `raw()` return are views of it. */
  constructor(what: string, bytes: Uint8Array) {
    this.#what = what
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  u53(): number {
    const offset = this.#take(8)
    const value = this.#view.getUint32(offset + 4, true) * u53High + this.#view.getUint32(offset, true)
    if (value > Number.MAX_SAFE_INTEGER) throw this.wrong('a number above 2^53 - 1')
    return value
  }

  f64(): number {
    const value = this.#view.getFloat64(this.#take(8), true)
    if (Number.isNaN(value)) throw this.wrong('a number that is none')
    return value
  }

  boolean(): boolean {
    const value = this.u8()
    if (value > 1) throw this.wrong(`${value} where only 0 and 1 mean something`)
    return value === 1
  }

  /** Lower-case hex digits of the next `byteCount` bytes. */
  hex(byteCount: number): string {
    return toHex(this.raw(byteCount))
  }

  raw(byteCount: number): Uint8Array {
    const offset = this.#take(byteCount)
    return this.#bytes.subarray(offset, offset + byteCount)
  }

  bytes(limitBytes: number): Uint8Array {
    const length = this.u32()
    if (length > limitBytes) throw this.wrong(`${length} bytes where ${limitBytes} are allowed`)
    return this.raw(length)
  }

  string(limitBytes: number): string {
    const bytes = this.bytes(limitBytes)
    try {
      return decoder.decode(bytes)
    } catch (cause) {
      throw this.wrong('text that is not UTF-8', cause)
    }
  }

  /** Each item takes at least one byte, so a false count cannot make this loop for longer than the input is. */
  list<T>(countMax: number, read: (reader: this) => T): T[] {
    const count = this.u32()
    if (count > countMax) throw this.wrong(`${count} items where ${countMax} are allowed`)
    if (count > this.remaining) throw this.wrong(`${count} items in ${this.remaining} bytes`)
    const items: T[] = []
    for (let index = 0; index < count; index++) items.push(read(this))
    return items
  }

  optional<T>(read: (reader: this) => T): T | undefined {
    return this.boolean() ? read(this) : undefined
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (this.remaining > 0) throw this.wrong(`${this.remaining} bytes after its end`)
  }

  /** For a field whose value its reader cannot take. */
  wrong(what: string, cause?: unknown): FrostError {
    return new FrostError('protocol-error', `A ${this.#what} has ${what}.`, { cause })
  }

  #take(count: number): number {
    const offset = this.#offset
    if (count > this.remaining) throw this.wrong(`${this.remaining} bytes left where ${count} should follow`)
    this.#offset = offset + count
    return offset
  }
}

function isUnsigned(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max
}
