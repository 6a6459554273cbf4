import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { AssertionError, defined } from '../base/assert.ts'
import { SeededRandom } from '../base/random.ts'
import { KIB, MIB } from '../base/units.ts'
import { ErasureCoder, partLength } from './erasure-coder.ts'
import type { CoderBuffer, ColumnPart } from './erasure-coder.ts'
import { BlockGeometry } from './geometry.ts'
import type { StripeRange } from './geometry.ts'
import { geometries, plainColumns } from './testing/blocks.ts'

const coder = new ErasureCoder({ memoryBytes: 16 * MIB })
const random = new SeededRandom(11)

/** Takes a buffer for the time of a test, filled with bytes that show where something is read or written by mistake. */
function withBuffer(bytes: number, use: (buffer: CoderBuffer) => void): void {
  const buffer = defined(coder.allocate(Math.max(1, bytes)), 'room for a test')
  buffer.bytes.fill(0xa5)
  try {
    use(buffer)
  } finally {
    buffer.free()
  }
}

/** Cuts views of the given lengths from a buffer, a few odd bytes apart; `undefined` for a length of 0. */
function cut(buffer: CoderBuffer, lengths: readonly number[]): readonly (Uint8Array | undefined)[] {
  let at = 3
  return lengths.map((length) => {
    const start = at
    at += length + 5
    return length === 0 ? undefined : buffer.bytes.subarray(start, start + length)
  })
}

function cutBytes(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length + 5, 3)
}

/** Asserts that everything between the views of `cut` is as `withBuffer` left it. */
function assertGapsUntouched(buffer: CoderBuffer, lengths: readonly number[]): void {
  let at = 0
  let gap = 3
  for (const length of [...lengths, 0]) {
    for (const end = at + gap; at < end; at++) assert.equal(buffer.bytes[at], 0xa5, `byte ${at} was written`)
    at += length
    gap = 5
  }
}

const whole = (geometry: BlockGeometry): StripeRange => ({ firstStripe: 0, endStripe: geometry.stripeCount })

interface Lost {
  readonly geometry: BlockGeometry
  readonly columns: readonly (Uint8Array | undefined)[]
  readonly stripes: StripeRange
  readonly lost: readonly number[]
}

/** Makes the lost columns from the others and compares them. */
function assertRecovers({ geometry, columns, stripes, lost }: Lost): void {
  const parts = columns.map((bytes, column) =>
    bytes?.subarray(
      geometry.columnOffset(column, stripes.firstStripe),
      geometry.columnOffset(column, stripes.endStripe),
    ),
  )
  const lengths = parts.map((part) => part?.length ?? 0)
  withBuffer(cutBytes(lengths), (buffer) => {
    const sources: ColumnPart[] = []
    const targets: ColumnPart[] = []
    for (const [column, bytes] of cut(buffer, lengths).entries()) {
      if (bytes === undefined) continue
      if (lost.includes(column)) targets.push({ column, bytes })
      else {
        bytes.set(parts[column] ?? [])
        sources.push({ column, bytes })
      }
    }
    coder.reconstruct({ geometry, stripes, sources, targets })
    for (const { column, bytes } of [...sources, ...targets]) {
      if (Buffer.compare(bytes, parts[column] ?? new Uint8Array(0)) !== 0) assert.fail(`column ${column} differs`)
    }
    assertGapsUntouched(buffer, lengths)
  })
}

/** Every set of at most `count` of the columns. */
function losses(columns: readonly number[], count: number): readonly (readonly number[])[] {
  let sets: (readonly number[])[] = [[]]
  for (const column of columns) {
    sets = [...sets, ...sets.filter((set) => set.length < count).map((set) => [...set, column])]
  }
  return sets
}

describe('encoding', () => {
  test('makes the parity of the matrix, for every scheme and length, and writes nothing else', () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        const expected = plainColumns(geometry, random.bytes(geometry.dataBytes))
        const lengths = expected.map((column) => column?.length ?? 0)
        withBuffer(cutBytes(lengths), (buffer) => {
          const columns = cut(buffer, lengths)
          for (let column = 0; column < geometry.scheme.dataColumns; column++) {
            columns[column]?.set(expected[column] ?? [])
          }
          coder.encode(geometry, columns)
          for (const [column, bytes] of columns.entries()) {
            const right = expected[column] ?? new Uint8Array(0)
            if (Buffer.compare(bytes ?? new Uint8Array(0), right) !== 0) assert.fail(`column ${column} differs`)
          }
          assertGapsUntouched(buffer, lengths)
        })
      }),
      { numRuns: 150 },
    )
  })

  test('makes the first parity the plain XOR of the data', () => {
    const geometry = new BlockGeometry({ dataColumns: 3, parityColumns: 2 }, 64, 192)
    withBuffer(KIB, (buffer) => {
      const columns = cut(buffer, [64, 64, 64, 64, 64])
      for (let column = 0; column < 3; column++) columns[column]?.set(random.bytes(64))
      coder.encode(geometry, columns)
      const [a, b, c, parity] = columns
      for (let at = 0; at < 64; at++) {
        assert.equal((a?.[at] ?? 0) ^ (b?.[at] ?? 0) ^ (c?.[at] ?? 0), parity?.[at])
      }
    })
  })

  test('refuses columns of a wrong length, and memory that is not its own', () => {
    const geometry = new BlockGeometry({ dataColumns: 1, parityColumns: 1 }, 64, 64)
    withBuffer(KIB, (buffer) => {
      const own = buffer.bytes.subarray(0, 64)
      assert.throws(() => coder.encode(geometry, [own, buffer.bytes.subarray(64, 127)]), AssertionError)
      assert.throws(() => coder.encode(geometry, [own]), AssertionError)
      assert.throws(() => coder.encode(geometry, [own, new Uint8Array(64)]), AssertionError)
    })
  })
})

describe('reconstruction', () => {
  test('brings back any m lost columns of any scheme and length', () => {
    const cases = geometries.chain((geometry) =>
      fc.record({
        geometry: fc.constant(geometry),
        lost: fc.subarray([...geometry.columns()], { maxLength: geometry.scheme.parityColumns }),
      }),
    )
    fc.assert(
      fc.property(cases, ({ geometry, lost }) => {
        const columns = plainColumns(geometry, random.bytes(geometry.dataBytes))
        assertRecovers({ geometry, columns, stripes: whole(geometry), lost })
      }),
      { numRuns: 150 },
    )
  })

  test('brings back every pattern of losses of the common schemes, for lengths around every border', () => {
    for (const [dataColumns, parityColumns] of [
      [1, 2],
      [2, 1],
      [2, 2],
      [3, 2],
      [4, 2],
      [6, 3],
      [4, 4],
    ] as const) {
      const scheme = { dataColumns, parityColumns }
      const chunk = 65
      const stripe = chunk * dataColumns
      for (const bytes of [1, chunk, chunk + 1, stripe - 1, stripe, stripe + 1, stripe + chunk + 7, 3 * stripe]) {
        const geometry = new BlockGeometry(scheme, chunk, bytes)
        const columns = plainColumns(geometry, random.bytes(bytes))
        for (const lost of losses(geometry.columns(), parityColumns)) {
          assertRecovers({ geometry, columns, stripes: whole(geometry), lost })
        }
      }
    }
  })

  test('brings back every pattern of losses of 8+8', () => {
    const geometry = new BlockGeometry({ dataColumns: 8, parityColumns: 8 }, 64, 8 * 64)
    const columns = plainColumns(geometry, random.bytes(geometry.dataBytes))
    for (const lost of losses(geometry.columns(), 8)) {
      // Those of exactly eight are the hardest: every source is needed.
      if (lost.length === 8) assertRecovers({ geometry, columns, stripes: whole(geometry), lost })
    }
  })

  test('works on some stripes alone', () => {
    const cases = geometries.chain((geometry) =>
      fc.record({
        geometry: fc.constant(geometry),
        lost: fc.subarray([...geometry.columns()], { maxLength: geometry.scheme.parityColumns }),
        first: fc.nat(geometry.stripeCount),
        end: fc.nat(geometry.stripeCount),
      }),
    )
    fc.assert(
      fc.property(cases, ({ geometry, lost, first, end }) => {
        const stripes = { firstStripe: Math.min(first, end), endStripe: Math.max(first, end) }
        const columns = plainColumns(geometry, random.bytes(geometry.dataBytes))
        assertRecovers({ geometry, columns, stripes, lost })
      }),
      { numRuns: 150 },
    )
  })

  test('needs as many pieces as the stripe has chunks, and says so', () => {
    const geometry = new BlockGeometry({ dataColumns: 3, parityColumns: 2 }, 64, 192)
    withBuffer(KIB, (buffer) => {
      const [a, b, c] = cut(buffer, [64, 64, 64])
      const part = (column: number, bytes: Uint8Array | undefined): ColumnPart => ({
        column,
        bytes: defined(bytes, 'part'),
      })
      const sources = [part(1, a), part(4, b)]
      const reconstruct = (): void =>
        coder.reconstruct({ geometry, stripes: whole(geometry), sources, targets: [part(0, c)] })
      assert.throws(reconstruct, AssertionError)
    })
  })

  test('of two chunks of three, one data column and one parity suffice', () => {
    const geometry = new BlockGeometry({ dataColumns: 3, parityColumns: 2 }, 64, 100)
    const columns = plainColumns(geometry, random.bytes(100))
    assert.equal(partLength(geometry, 1, whole(geometry)), 36)
    assertRecovers({ geometry, columns, stripes: whole(geometry), lost: [0, 4] })
    assertRecovers({ geometry, columns, stripes: whole(geometry), lost: [1, 3] })
    assertRecovers({ geometry, columns, stripes: whole(geometry), lost: [0, 1] })
  })
})

describe('the memory', () => {
  test('is bounded, and what is freed can be taken again', () => {
    const small = new ErasureCoder({ memoryBytes: MIB })
    assert.ok(small.capacityBytes >= MIB)
    const all = small.allocate(small.capacityBytes)
    assert.ok(all !== undefined)
    assert.equal(all.bytes.byteOffset % 4096, 0)
    assert.equal(small.usedBytes, small.capacityBytes)
    assert.equal(small.allocate(1), undefined)
    all.free()
    assert.equal(small.usedBytes, 0)
    assert.throws(() => all.free(), AssertionError)
  })

  test('buffers are exactly as long as asked for', () => {
    withBuffer(1234, (buffer) => assert.equal(buffer.bytes.length, 1234))
  })
})
