// CRC-64/NVME, the checksum that current S3 clients send unasked: computed by WebAssembly (wasm/assembly/crc64.ts, slicing by
// 16), since JavaScript has no 64-bit words. The bytes are copied to the module's memory first, which costs a tenth of the rest.
//
// One small memory for the whole process, made on first use: every call runs to its end and leaves nothing there but the
// tables, so any number of checksums can be under way at once. Nothing is allocated for a call.
//
// A value is 8 bytes in big-endian order, as S3 encodes it. Source: NVM Express NVM Command Set Specification 1.0d, 5.2.1.3.4.

import { assert } from '../base/assert.ts'
import { KIB } from '../base/units.ts'
import { crc64Base64 } from './wasm/crc64-module.ts'

const pageBytes = 64 * KIB
const tablesAt = 64
const firstAt = 0
const secondAt = 8
const inputAt = pageBytes
const inputBytes = 4 * pageBytes
const memoryPages = 1 + inputBytes / pageBytes

/** The module's exports; what they do is said in assembly/crc64.ts. */
interface Crc64Kernel {
  readonly makeTables: (tables: number) => void
  readonly update: (state: number, tables: number, from: number, length: number) => void
  readonly join: (left: number, right: number, lengthHigh: number, lengthLow: number) => void
  readonly view: DataView
  readonly input: Uint8Array
}

let shared: Crc64Kernel | undefined

function kernel(): Crc64Kernel {
  shared ??= instantiate()
  return shared
}

function instantiate(): Crc64Kernel {
  const memory = new WebAssembly.Memory({ initial: memoryPages, maximum: memoryPages })
  const module = new WebAssembly.Module(Uint8Array.from(atob(crc64Base64), (character) => character.charCodeAt(0)))
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const { makeTables, update, join } = exports
  assert(isFunction(makeTables) && isFunction(update) && isFunction(join), 'the module exports its functions')
  makeTables(tablesAt)
  const input = new Uint8Array(memory.buffer, inputAt, inputBytes)
  return { makeTables, update, join, view: new DataView(memory.buffer), input }
}

function isFunction(value: unknown): value is (...args: readonly number[]) => void {
  return typeof value === 'function'
}

/** One checksum under way. */
export class Crc64Nvme {
  #high = 0
  #low = 0

  update(bytes: Uint8Array): void {
    const { view, input, update } = kernel()
    view.setUint32(firstAt, this.#low, true)
    view.setUint32(firstAt + 4, this.#high, true)
    for (let start = 0; start < bytes.length; start += inputBytes) {
      const length = Math.min(inputBytes, bytes.length - start)
      input.set(length === bytes.length ? bytes : bytes.subarray(start, start + length))
      update(firstAt, tablesAt, inputAt, length)
    }
    this.#low = view.getUint32(firstAt, true)
    this.#high = view.getUint32(firstAt + 4, true)
  }

  /** The value of what came so far, 8 bytes. */
  value(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(8)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, this.#high)
    view.setUint32(4, this.#low)
    return bytes
  }
}

/** The checksum of left ‖ right from the checksums of both and the length of the right part; about 10 µs. */
export function joinCrc64Nvme(left: Uint8Array, right: Uint8Array, rightBytes: number): Uint8Array<ArrayBuffer> {
  assert(Number.isSafeInteger(rightBytes) && rightBytes >= 0, `a part of ${rightBytes} bytes`)
  assert(left.length === 8 && right.length === 8, 'a CRC-64 has 8 bytes')
  const { view, join } = kernel()
  copyReversed(view, firstAt, left)
  copyReversed(view, secondAt, right)
  join(firstAt, secondAt, Math.floor(rightBytes / 2 ** 32), rightBytes >>> 0)
  const joined = new Uint8Array(8)
  for (let index = 0; index < 8; index++) joined[index] = view.getUint8(firstAt + 7 - index)
  return joined
}

function copyReversed(view: DataView, at: number, value: Uint8Array): void {
  for (let index = 0; index < 8; index++) view.setUint8(at + index, value[7 - index] ?? 0)
}
