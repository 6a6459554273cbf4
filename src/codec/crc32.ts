// The arithmetic around CRC-32 (IEEE 802.3): joining the checks of parts to the check of the whole, and the position that is
// mixed into every stored check. The CRC of long runs of bytes itself comes from `Compute.crc32`, which is native.
//
// A CRC is the remainder of a polynomial over GF(2), so crc(A ‖ B) = crc(A) · x^(8·|B|) + crc(B) modulo the generator
// (the pre- and post-inversions cancel). The factor for a fixed |B| is computed once and then applied with four table
// look-ups. Source: Mark Adler's crc32_combine in zlib 1.2.12 and later; bits here are reflected as there: the highest bit
// of a word is the coefficient of x^0.

import { assert } from '../base/assert.ts'
import { fromHex } from '../base/ids.ts'
import type { DataId } from '../base/ids.ts'
import { byteTableOf, multiply, powerOf } from './crc-polynomial.ts'

/** x^32 + x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7 + x^5 + x^4 + x^2 + x + 1, reflected. */
const polynomial = 0xedb8_8320

/** Joins checks where the right part always has the same length: the factor is computed once, a join takes 8 ns. */
export class Crc32Joiner {
  readonly rightBytes: number
  readonly #tables = new Uint32Array(4 * 256)

  constructor(rightBytes: number) {
    assert(Number.isSafeInteger(rightBytes) && rightBytes >= 0, `a part of ${rightBytes} bytes`)
    this.rightBytes = rightBytes
    const power = powerOf(rightBytes, polynomial)
    for (let byte = 0; byte < 4; byte++) {
      for (let value = 0; value < 256; value++) {
        this.#tables[byte * 256 + value] = multiply(power, (value << (8 * byte)) >>> 0, polynomial)
      }
    }
  }

  /** The check of left ‖ right from the checks of both. */
  join(left: number, right: number): number {
    const tables = this.#tables
    const moved =
      (tables[left & 0xff] ?? 0) ^
      (tables[256 + ((left >>> 8) & 0xff)] ?? 0) ^
      (tables[512 + ((left >>> 16) & 0xff)] ?? 0) ^
      (tables[768 + (left >>> 24)] ?? 0)
    return (moved ^ right) >>> 0
  }
}

let joiner: Crc32Joiner | undefined

/** A joiner for right parts of `rightBytes`. The one that was asked for last is kept: a process mostly sees one chunk size. */
export function joinerFor(rightBytes: number): Crc32Joiner {
  if (joiner?.rightBytes !== rightBytes) joiner = new Crc32Joiner(rightBytes)
  return joiner
}

/** The check of left ‖ right from the checks of both, for any length of the right part (about 1 µs). */
export function joinCrc32(left: number, right: number, rightBytes: number): number {
  return (multiply(powerOf(rightBytes, polynomial), left, polynomial) ^ right) >>> 0
}

const byteTable = byteTableOf(polynomial)

/** The check of a few bytes, byte by byte: below about 60 bytes faster than a call into a native module. */
export function crc32Short(bytes: Uint8Array, start: number, end: number, previous = 0): number {
  let crc = ~previous
  for (let at = start; at < end; at++) {
    crc = (byteTable[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

/** The check of four more bytes, a u32 in little-endian order. */
function crc32Word(previous: number, word: number): number {
  let crc = ~previous ^ word
  for (let byte = 0; byte < 4; byte++) crc = (byteTable[crc & 0xff] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}

/**
 * The position of a piece, as its stored check carries it: CRC-32 of data id (16 bytes), block (u32), column (u8), stripe
 * (u32) and, above 0, piece (u32). A stored check is the piece's CRC-32 XOR this, so that intact bytes in the wrong
 * place fail, and the plain CRC can still be had back.
 */
export class PositionMasks {
  /** Inverted, as it runs through the bytes, after data id and block. */
  readonly #state: number

  constructor(dataId: DataId, block: number) {
    this.#state = ~crc32Word(crc32Short(fromHex(dataId), 0, 16), block)
  }

  of(column: number, stripe: number, piece = 0): number {
    const state = this.#state
    const ofColumn = (byteTable[(state ^ column) & 0xff] ?? 0) ^ (state >>> 8)
    const first = crc32Word(~ofColumn, stripe)
    return piece === 0 ? first : crc32Word(first, piece)
  }
}
