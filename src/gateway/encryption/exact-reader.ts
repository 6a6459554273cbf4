// A body read by exact numbers of bytes, whatever slices it comes in; each slice's memory is given back as soon as it is used up.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import type { BodySlice, FileBody } from '../../master/file-service.ts'

export class ExactReader {
  readonly #body: FileBody
  #slice: BodySlice | undefined
  #at = 0
  #isOver = false

  /** Takes over `body`. */
  constructor(body: FileBody) {
    this.#body = body
  }

  /**
   * At least one and at most `most` of the next bytes, which stay where they are until `drop`.
   * @throws FrostError `store-corrupt`: there are none; `cancelled`.
   */
  async peek(most: number): Promise<Uint8Array> {
    while (this.#slice === undefined) {
      if (this.#isOver) throw new FrostError('cancelled', 'The read was given up.')
      const next = await this.#body.next()
      if (next === undefined) throw new FrostError('store-corrupt', 'An encrypted object ends early.')
      if (this.#isOver) next.release()
      else this.#slice = next
      this.#at = 0
    }
    return this.#slice.bytes.subarray(this.#at, this.#at + most)
  }

  /** Goes on after `length` bytes that `peek` gave. */
  drop(length: number): void {
    if (this.#slice === undefined) return // closed meanwhile
    this.#at += length
    assert(this.#at <= this.#slice.bytes.length, 'no more is dropped than was there')
    if (this.#at < this.#slice.bytes.length) return
    this.#slice.release()
    this.#slice = undefined
  }

  /** Exactly the next `length` bytes, copied: for few. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(length)
    for (let at = 0; at < length;) {
      const bytes = await this.peek(length - at)
      taken.set(bytes, at)
      at += bytes.length
      this.drop(bytes.length)
    }
    return taken
  }

  /** Can be called twice. */
  close(): void {
    this.#isOver = true
    this.#slice?.release()
    this.#slice = undefined
    this.#body.close()
  }
}
