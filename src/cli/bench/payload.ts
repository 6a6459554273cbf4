// The bytes that the load generator uploads and expects back. They are made once from a seed, so that every client process
// has the same ones and can check any slice of any file without keeping what it sent. The pool repeats every 8 MiB and each
// file starts elsewhere in it: the bytes do not compress, and no two neighbouring files are alike.

import { assert } from '../../base/assert.ts'
import { SeededRandom } from '../../base/random.ts'
import { MIB } from '../../base/units.ts'

const periodBytes = 8 * MIB
/** Distance of two files' starts; odd, so that all of the period's bytes are used. */
const fileStepBytes = 8209
export const payloadSliceBytesMax = MIB

export class Payload {
  /** The period and, after it, its beginning once more, so that a slice never wraps. */
  readonly #pool = Buffer.allocUnsafeSlow(periodBytes + payloadSliceBytesMax)

  constructor(seed = 1) {
    const words = new Uint32Array(this.#pool.buffer, 0, periodBytes / 4)
    const random = new SeededRandom(seed)
    for (let index = 0; index < words.length; index++) words[index] = random.uint32()
    this.#pool.copy(this.#pool, periodBytes, 0, payloadSliceBytesMax)
  }

  /** A view, valid as long as the payload; `length` up to `payloadSliceBytesMax`. */
  slice(file: number, offset: number, length: number): Buffer {
    assert(length <= payloadSliceBytesMax, 'a slice of the payload is at most a MiB long')
    const start = (file * fileStepBytes + offset) % periodBytes
    return this.#pool.subarray(start, start + length)
  }

  /** Whether `bytes` are those of the file at `offset`. */
  matches(file: number, offset: number, bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at += payloadSliceBytesMax) {
      const length = Math.min(payloadSliceBytesMax, bytes.length - at)
      if (!this.slice(file, offset + at, length).equals(bytes.subarray(at, at + length))) return false
    }
    return true
  }
}
