// Memory that starts on a page boundary, which `O_DIRECT` asks for and ArrayBuffers do not promise. The memory of a
// WebAssembly.Memory is mapped by the engine, so it starts on a page; pieces are carved from it in whole pages. Pages
// that were never touched cost nothing but address space. Carved memory is never given back: it is for pools.

import { assert } from '../base/assert.ts'
import { alignmentBytes } from '../ports/disk.ts'

const wasmPageBytes = 64 * 1024
/** A new slab is at least so large, so that many small requests share one mapping. */
const slabBytesMin = 4 * 1024 * 1024

/** Memories of all slabs of this process, so that `isAligned` knows them. */
const slabs = new WeakSet<ArrayBufferLike>()

export class AlignedMemory {
  #slab: ArrayBuffer | undefined
  #used = 0

  /** Zeroed, starting on a multiple of `alignmentBytes`. */
  allocate(bytes: number): Uint8Array<ArrayBuffer> {
    assert(Number.isInteger(bytes) && bytes > 0, `${bytes} bytes of aligned memory`)
    const rounded = Math.ceil(bytes / alignmentBytes) * alignmentBytes
    if (this.#slab === undefined || this.#used + rounded > this.#slab.byteLength) {
      this.#slab = makeSlab(Math.max(rounded, slabBytesMin))
      this.#used = 0
    }
    const start = this.#used
    this.#used += rounded
    return new Uint8Array(this.#slab, start, bytes)
  }
}

/** Whether `bytes` lies in aligned memory and starts and ends on the alignment. */
export function isAligned(bytes: Uint8Array): boolean {
  return slabs.has(bytes.buffer) && bytes.byteOffset % alignmentBytes === 0 && bytes.length % alignmentBytes === 0
}

function makeSlab(bytes: number): ArrayBuffer {
  const pages = Math.ceil(bytes / wasmPageBytes)
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
  assert(buffer instanceof ArrayBuffer, 'memory that is not shared')
  slabs.add(buffer)
  return buffer
}
