// Places in a fixed run of memory, for the erasure coder: blocks are gathered, encoded and sent where they lie, so the
// memory of all blocks in flight is one WebAssembly memory that never grows (growing would detach every view of it).
//
// First fit over a list of free runs, sorted by address and merged when freed. The list is as long as there are holes, at
// most one more than there are buffers in use: some hundreds. Every place starts on a 4 KiB boundary and takes whole pages.

import { assert } from '../base/assert.ts'

const pageBytes = 4096

interface FreeRun {
  offset: number
  bytes: number
}

export class CoderMemory {
  readonly capacityBytes: number
  readonly #free: FreeRun[]
  #usedBytes = 0

  /** Manages the bytes from `start` (a multiple of 4 KiB) on. */
  constructor(start: number, capacityBytes: number) {
    assert(start % pageBytes === 0 && capacityBytes % pageBytes === 0, 'coder memory is made of pages')
    this.capacityBytes = capacityBytes
    this.#free = [{ offset: start, bytes: capacityBytes }]
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** The offset of a free run of `bytes`, now taken; `undefined` where none is long enough. */
  take(bytes: number): number | undefined {
    const rounded = roundUp(bytes)
    const index = this.#free.findIndex((run) => run.bytes >= rounded)
    const run = this.#free[index]
    if (run === undefined) return undefined
    const { offset } = run
    run.offset += rounded
    run.bytes -= rounded
    if (run.bytes === 0) this.#free.splice(index, 1)
    this.#usedBytes += rounded
    return offset
  }

  /** Gives back what `take(bytes)` returned. */
  give(offset: number, bytes: number): void {
    const rounded = roundUp(bytes)
    let index = this.#free.findIndex((run) => run.offset > offset)
    if (index < 0) index = this.#free.length
    const before = this.#free[index - 1]
    const after = this.#free[index]
    assert(before === undefined || before.offset + before.bytes <= offset, 'given back twice')
    assert(after === undefined || offset + rounded <= after.offset, 'given back twice')
    this.#usedBytes -= rounded
    const joinsAfter = after !== undefined && offset + rounded === after.offset
    if (before !== undefined && before.offset + before.bytes === offset) {
      before.bytes += rounded + (joinsAfter ? after.bytes : 0)
      if (joinsAfter) this.#free.splice(index, 1)
    } else if (joinsAfter) {
      after.offset = offset
      after.bytes += rounded
    } else {
      this.#free.splice(index, 0, { offset, bytes: rounded })
    }
  }
}

function roundUp(bytes: number): number {
  assert(Number.isInteger(bytes) && bytes > 0, `a buffer of ${bytes} bytes`)
  return Math.ceil(bytes / pageBytes) * pageBytes
}
