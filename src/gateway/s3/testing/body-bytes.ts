// Bodies for tests: cut into slices at will, and collected again on the other side.

import type { ByteSink } from '../../http/body-pump.ts'

/** Each slice in memory of its own, as from a socket. `sizes` are repeated; the last one is what is left. */
export function cutBytes(bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] {
  const slices: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1)
    slices.push(new Uint8Array(bytes.subarray(at, at + size)))
    at += size
  }
  return slices
}

/** Copies what it is given and, as an upload does, frees or spoils the memory. */
export class CollectingSink implements ByteSink {
  readonly #isSlow: boolean
  readonly #pieces: Uint8Array[] = []
  #isBusy = false

  constructor(options: { readonly isSlow?: boolean } = {}) {
    this.#isSlow = options.isSlow ?? false
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#pieces))
  }

  get pieceCount(): number {
    return this.#pieces.length
  }

  write(slice: Uint8Array): Promise<void> | undefined {
    if (this.#isBusy) throw new Error('one call at a time')
    if (!this.#isSlow || this.#pieces.length % 2 === 0) {
      this.#keep(slice)
      return undefined
    }
    this.#isBusy = true
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#isBusy = false
        this.#keep(slice)
        resolve()
      })
    })
  }

  #keep(slice: Uint8Array): void {
    this.#pieces.push(new Uint8Array(slice))
    slice.fill(0xee)
  }
}
