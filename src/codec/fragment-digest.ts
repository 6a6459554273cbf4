// Digests of sets of fragments: what a master says must exist and what a worker holds are compared by them, and nothing needs to be
// listed where they are equal. A digest has 1,024 buckets, by the random part of the data id, each with a count and a sum over
// its fragments' hashes. Sums do not depend on the order, and a fragment can be taken out again, so both sides keep theirs as
// fragments come and go.
//
// The hash is 128 bits, mixed as MurmurHash3 does (Appleby, x86_128: its four lanes and finalizer), and the sum is taken in each of its
// four lanes modulo 2^32. So a fragment too many, or one in the place of another, always changes count or sum, and any two sets that
// differ otherwise have equal sums with a chance of about 2^-128. It finds accidents; nobody's secret hangs on it.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { DataId } from '../base/ids.ts'

export const digestBuckets = 1024
/** A bucket has the count and four lanes of the sum, 4 bytes each. */
const wordsPerBucket = 5
export const digestBytes = digestBuckets * wordsPerBucket * 4

/** The ten bits before the last byte of the random part, which alone says how a block is turned around its group (`slotOf`). */
export function bucketOf(dataId: DataId): number {
  return Number.parseInt(dataId.slice(27, 30), 16) % digestBuckets
}

export class FragmentDigest {
  readonly #words: Uint32Array<ArrayBuffer>

  constructor(words = new Uint32Array(digestBuckets * wordsPerBucket)) {
    assert(words.length === digestBuckets * wordsPerBucket, 'words of a digest')
    this.#words = words
  }

  add(dataId: DataId, block: number, column: number): void {
    this.#count(dataId, block, column, 1)
  }

  /** Takes out what was added before. */
  remove(dataId: DataId, block: number, column: number): void {
    assert((this.#words[bucketOf(dataId) * wordsPerBucket] ?? 0) > 0, 'the fragment was added before')
    this.#count(dataId, block, column, -1)
  }

  /** Fragments. */
  get total(): number {
    let total = 0
    for (let at = 0; at < this.#words.length; at += wordsPerBucket) total += this.#words[at] ?? 0
    return total
  }

  /** Buckets whose count or sum differ, in order. */
  differences(other: FragmentDigest): readonly number[] {
    const differing: number[] = []
    for (let bucket = 0; bucket < digestBuckets; bucket++) {
      for (let at = bucket * wordsPerBucket; at < (bucket + 1) * wordsPerBucket; at++) {
        if (this.#words[at] === other.#words[at]) continue
        differing.push(bucket)
        break
      }
    }
    return differing
  }

  copy(): FragmentDigest {
    return new FragmentDigest(this.#words.slice())
  }

  /** Bucket by bucket: u32 count, then the sum, 16 bytes; little-endian (docs/design/messages.md). */
  encode(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(digestBytes)
    const view = new DataView(bytes.buffer)
    for (let at = 0; at < this.#words.length; at++) view.setUint32(at * 4, this.#words[at] ?? 0, true)
    return bytes
  }

  /** @throws FrostError `protocol-error`. */
  static decode(bytes: Uint8Array): FragmentDigest {
    if (bytes.length !== digestBytes) {
      throw new FrostError('protocol-error', `A digest of fragments has ${bytes.length} bytes.`)
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const words = new Uint32Array(digestBuckets * wordsPerBucket)
    for (let at = 0; at < words.length; at++) words[at] = view.getUint32(at * 4, true)
    return new FragmentDigest(words)
  }

  #count(dataId: DataId, block: number, column: number, factor: 1 | -1): void {
    const words = this.#words
    const at = bucketOf(dataId) * wordsPerBucket
    const place = Math.imul(block, 0x9e37_79b1) ^ Math.imul(column + 1, 0x85eb_ca77)
    // The lanes start apart, so that block and column do not meet the same state in each of them.
    let h1 = round(wordOf(dataId, 0), 0x239b_961b) ^ round(block, 0xa1e3_8b93)
    let h2 = round(wordOf(dataId, 8), 0xab0e_9789) ^ round(column + 1, 0x239b_961b)
    let h3 = round(wordOf(dataId, 16), 0x38b3_4ae5) ^ place
    let h4 = round(wordOf(dataId, 24), 0xa1e3_8b93)
    for (let turn = 0; turn < 2; turn++) {
      h1 = (h1 + h2 + h3 + h4) | 0
      h2 = finish((h2 + h1) | 0)
      h3 = finish((h3 + h1) ^ h2)
      h4 = finish((h4 + h1) ^ h3)
      h1 = finish(h1 ^ h4)
    }
    // A Uint32Array keeps numbers modulo 2^32.
    words[at] = (words[at] ?? 0) + factor
    words[at + 1] = (words[at + 1] ?? 0) + factor * h1
    words[at + 2] = (words[at + 2] ?? 0) + factor * h2
    words[at + 3] = (words[at + 3] ?? 0) + factor * h3
    words[at + 4] = (words[at + 4] ?? 0) + factor * h4
  }
}

/** Eight digits of the data id from `at`. */
function wordOf(dataId: DataId, at: number): number {
  let word = 0
  for (let digit = at; digit < at + 8; digit++) {
    const code = dataId.charCodeAt(digit)
    // '0' is 48, 'a' is 97: shifted, 0 and 1.
    word = (word << 4) | ((code & 15) + (code >>> 6) * 9)
  }
  return word
}

function round(word: number, factor: number): number {
  const mixed = Math.imul(word, factor)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x38b3_4ae5)
}

/** MurmurHash3's fmix32: each bit of the input changes each bit of the output with a chance of about a half. */
function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
  return mixed ^ (mixed >>> 16)
}
