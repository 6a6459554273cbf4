// Reed–Solomon coding of blocks in one fixed WebAssembly memory (docs/design/coding.md). What is encoded or decoded lies in
// that memory, in buffers that callers take with `allocate`, so nothing is copied for it: an upload is gathered there, its
// parity made beside it, and both are sent from there.
//
// Bytes outside the named columns are neither read nor written: the short last stripe is done as its own run of bytes with
// fewer sources, and what a short chunk lacks counts as zero without being zeroed. All calls run at once on the caller's
// thread (a block of 3 MB takes about half a millisecond).

import { assert, defined } from '../base/assert.ts'
import { CoderMemory } from './coder-memory.ts'
import { parityCoefficient, productTables, recoveryMatrix } from './galois.ts'
import type { BlockGeometry, StripeRange } from './geometry.ts'
import { instantiateKernels, type Kernels } from './wasm/kernels.ts'
import { columnsMax } from '../base/scheme.ts'

/** Part of the coder's memory, taken until `free` is called. Holds anything at first. */
export interface CoderBuffer {
  /** Starts on an address divisible by 4,096; exactly as long as asked for. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Exactly once; `bytes` and all views of it must not be used afterwards. */
  free(): void
}

/** Bytes of one column within the coder's memory: its chunks in the stripes at hand, contiguous. */
export interface ColumnPart {
  readonly column: number
  readonly bytes: Uint8Array
}

export interface Reconstruction {
  readonly geometry: BlockGeometry
  readonly stripes: StripeRange
  /**
   * At least as many columns as the stripes are wide, each as long as its chunks in `stripes`. More are allowed; the first
   * ones that suffice are used. Columns that are absent in a short last stripe can be among them.
   */
  readonly sources: readonly ColumnPart[]
  /** The columns to make, data or parity, none of them a source. */
  readonly targets: readonly ColumnPart[]
}

/** A run of bytes, at the same place in every column, for which the same sums hold. */
interface Run {
  readonly start: number
  readonly end: number
  /** d of its stripes. */
  readonly width: number
  /** Columns of data that have bytes here: `width`, or one less past the end of a short last chunk. */
  readonly present: number
}

// The start of the memory: addresses of sources and of targets, tables of a decode, tables of the parity matrix.
const sourcesAt = 0
const targetsAt = 64
const decodeTablesAt = 1024
const side = columnsMax - 1
const tableBytes = 32
const rowBytes = side * tableBytes
const parityTablesAt = decodeTablesAt + side * rowBytes
const buffersAt = 16_384
const wasmPageBytes = 65_536
/** Each is at most 7 KiB; patterns of loss change seldom. */
const decodeTablesMax = 64

export class ErasureCoder {
  /** Bytes that buffers can take, all together. */
  readonly capacityBytes: number
  readonly #buffer: ArrayBuffer
  readonly #memory: CoderMemory
  readonly #kernels: Kernels
  readonly #addresses: Uint32Array
  readonly #products = productTables()
  readonly #decodeTables = new Map<string, Uint8Array>()

  /** `memoryBytes`: the most that buffers take, rounded up to 64 KiB; at most 3 GiB. Untouched memory costs nothing. */
  constructor(options: { readonly memoryBytes: number }) {
    const pages = Math.ceil((options.memoryBytes + buffersAt) / wasmPageBytes)
    assert(pages <= 49_152, `a coder memory of ${options.memoryBytes} bytes`)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    this.#buffer = memory.buffer
    this.capacityBytes = pages * wasmPageBytes - buffersAt
    this.#memory = new CoderMemory(buffersAt, this.capacityBytes)
    this.#kernels = instantiateKernels(memory)
    this.#addresses = new Uint32Array(this.#buffer, 0, 32)
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const at = parityTablesAt + row * rowBytes + column * tableBytes
        new Uint8Array(this.#buffer, at, tableBytes).set(this.#productTable(parityCoefficient(row, column)))
      }
    }
  }

  get usedBytes(): number {
    return this.#memory.usedBytes
  }

  /** `undefined` where no free run is long enough. The content is whatever was there before. */
  allocate(bytes: number): CoderBuffer | undefined {
    const offset = this.#memory.take(bytes)
    if (offset === undefined) return undefined
    let isFree = false
    return {
      bytes: new Uint8Array(this.#buffer, offset, bytes),
      free: () => {
        assert(!isFree, 'a coder buffer is freed once')
        isFree = true
        this.#memory.give(offset, bytes)
      },
    }
  }

  /**
   * Makes all parity columns of a block from its data columns. `columns`: at index c the whole of column c, as long as
   * `geometry.columnLength(c)`, in this coder's memory; `undefined` (or nothing) where a data column is absent.
   */
  encode(geometry: BlockGeometry, columns: readonly (Uint8Array | undefined)[]): void {
    const { dataColumns: k, parityColumns: m } = geometry.scheme
    const stripes = { firstStripe: 0, endStripe: geometry.stripeCount }
    const starts: number[] = []
    for (let column = 0; column < k + m; column++) {
      const bytes = columns[column]
      const length = geometry.columnLength(column)
      assert((bytes?.length ?? 0) === length, `column ${column} has ${length} bytes`)
      starts.push(bytes === undefined ? 0 : this.#addressOf(bytes))
    }
    for (const run of runsOf(geometry, stripes)) {
      for (let column = 0; column < run.present; column++) {
        this.#addresses[sourcesAt / 4 + column] = (starts[column] ?? 0) + run.start
      }
      for (let row = 0; row < m; row++) {
        this.#addresses[targetsAt / 4 + row] = (starts[k + row] ?? 0) + run.start
      }
      this.#kernels.parities(sourcesAt, run.present, targetsAt, m, parityTablesAt, rowBytes, run.end - run.start)
    }
  }

  /** Makes missing columns, or some stripes of them, from others of the same block. */
  reconstruct(reconstruction: Reconstruction): void {
    const { geometry, stripes, sources, targets } = reconstruction
    for (const part of [...sources, ...targets]) {
      assert(part.bytes.length === partLength(geometry, part.column, stripes), `part of column ${part.column}`)
    }
    for (const run of runsOf(geometry, stripes)) this.#reconstructRun(run, reconstruction)
  }

  #reconstructRun(run: Run, { geometry, sources, targets }: Reconstruction): void {
    const k = geometry.scheme.dataColumns
    const chosen = sources.filter(({ column }) => column >= k || column < run.width).slice(0, run.width)
    assert(chosen.length === run.width, `${chosen.length} pieces of a stripe of ${run.width}`)
    const wanted = targets.filter(({ column }) => column >= k || column < run.present)
    if (wanted.length === 0) return
    // What a short chunk lacks is zero and adds nothing: its factor is zero, and it is read nowhere.
    const tables = this.#tablesFor({ k, width: run.width, present: run.present, chosen, wanted })
    let count = 0
    for (const { column, bytes } of chosen) {
      if (column < k && column >= run.present) continue
      this.#addresses[sourcesAt / 4 + count++] = this.#addressOf(bytes) + run.start
    }
    for (const [row, { bytes }] of wanted.entries()) {
      this.#addresses[targetsAt / 4 + row] = this.#addressOf(bytes) + run.start
    }
    new Uint8Array(this.#buffer, decodeTablesAt, tables.length).set(tables)
    const length = run.end - run.start
    this.#kernels.sums(sourcesAt, count, targetsAt, wanted.length, decodeTablesAt, count * tableBytes, length)
  }

  #tablesFor(choice: {
    readonly k: number
    readonly width: number
    readonly present: number
    readonly chosen: readonly ColumnPart[]
    readonly wanted: readonly ColumnPart[]
  }): Uint8Array {
    const { k, width, present } = choice
    const chosen = choice.chosen.map(({ column }) => column)
    const wanted = choice.wanted.map(({ column }) => column)
    const key = `${k} ${width} ${present} ${chosen.join()} ${wanted.join()}`
    const known = this.#decodeTables.get(key)
    if (known !== undefined) return known
    const matrix = recoveryMatrix({ dataColumns: k, width, sources: chosen, wanted })
    const tables: Uint8Array[] = []
    for (const [index, factor] of matrix.entries()) {
      const column = defined(chosen[index % width], 'source')
      if (column >= k || column < present) tables.push(this.#productTable(factor))
    }
    const joined = new Uint8Array(tables.length * tableBytes)
    for (const [index, table] of tables.entries()) joined.set(table, index * tableBytes)
    if (this.#decodeTables.size >= decodeTablesMax) this.#decodeTables.clear()
    this.#decodeTables.set(key, joined)
    return joined
  }

  #productTable(factor: number): Uint8Array {
    return this.#products.subarray(factor * tableBytes, (factor + 1) * tableBytes)
  }

  #addressOf(bytes: Uint8Array): number {
    assert(
      bytes.buffer === this.#buffer && bytes.byteOffset >= buffersAt,
      "bytes lie in a buffer of the coder's memory",
    )
    return bytes.byteOffset
  }
}

/** Bytes of a column's chunks in `stripes`. */
export function partLength(geometry: BlockGeometry, column: number, stripes: StripeRange): number {
  return geometry.columnOffset(column, stripes.endStripe) - geometry.columnOffset(column, stripes.firstStripe)
}

/** At most three: the whole stripes, then the last one up to the end of its short chunk, then the rest of it. */
function runsOf(geometry: BlockGeometry, stripes: StripeRange): readonly Run[] {
  const { firstStripe, endStripe } = stripes
  const { chunkSizeBytes, wholeStripeCount, stripeCount } = geometry
  assert(
    firstStripe >= 0 && firstStripe <= endStripe && endStripe <= stripeCount,
    `stripes ${firstStripe} to ${endStripe}`,
  )
  const runs: Run[] = []
  const whole = Math.max(0, Math.min(endStripe, wholeStripeCount) - firstStripe)
  const start = whole * chunkSizeBytes
  const k = geometry.scheme.dataColumns
  if (whole > 0) runs.push({ start: 0, end: start, width: k, present: k })
  if (endStripe > wholeStripeCount && firstStripe < endStripe) {
    const stripe = endStripe - 1
    const width = geometry.stripeWidth(stripe)
    const short = start + geometry.chunkLength(stripe, width - 1)
    const end = start + geometry.chunkLength(stripe, 0)
    runs.push({ start, end: short, width, present: width })
    if (end > short) runs.push({ start: short, end, width, present: width - 1 })
  }
  return runs
}
