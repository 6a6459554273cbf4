import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { SimulatedCompute } from '../../sim/ports/compute.ts'
import type { FrostError } from '../base/errors.ts'
import { KIB, MIB } from '../base/units.ts'
import { fixedBytes, frameType, handshakeLimits, headBytes, openLimits, writeHead } from './frame.ts'
import type { FrameFields, FrameHead } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import type { BodyPlace, FrameSink } from './frame-reader.ts'
import { FakeConnection } from './testing/fake-connection.ts'

const compute = new SimulatedCompute()

interface Frame {
  readonly fields: FrameFields
  readonly body: Uint8Array
}

/** What was heard of one frame. */
interface Heard {
  readonly type: number
  readonly method: number
  readonly id: number
  readonly deadlineMs: number
  readonly extension: string
  readonly header: string
  readonly body: string
}

function encode({ fields, body }: Frame): Uint8Array {
  const length = headBytes(fields)
  const bytes = new Uint8Array(length + body.length)
  writeHead({ bytes, view: new DataView(bytes.buffer) }, 0, fields, { body: [body], bodyLength: body.length, compute })
  bytes.set(body, length)
  return bytes
}

function expectedOf({ fields, body }: Frame): Heard {
  return {
    type: fields.type,
    method: fields.method ?? 0,
    id: fields.id ?? 0,
    deadlineMs: fields.deadlineMs ?? 0,
    extension: hex(fields.extension),
    header: hex(fields.header),
    body: hex(body),
  }
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex')
}

type Way = 'memory' | 'slices' | 'nowhere' | 'later'

/** Takes bodies in the ways given, one after the other. */
class TestSink implements FrameSink {
  readonly heardFrames: Heard[] = []
  readonly failures: FrostError[] = []
  readonly waiting: BodyPlace[] = []
  lostCount = 0
  doneCount = 0
  endCount = 0
  readonly #ways: readonly Way[]
  #frameCount = 0

  constructor(ways: readonly Way[] = ['memory']) {
    this.#ways = ways
  }

  frame(head: FrameHead): BodyPlace | 'later' | undefined {
    assert.equal(this.failures.length, 0)
    const way = this.#ways[this.#frameCount++ % this.#ways.length] ?? 'memory'
    const base = {
      type: head.type,
      method: head.method,
      id: head.id,
      deadlineMs: head.deadlineMs,
      extension: hex(head.extension),
      header: hex(head.header),
    }
    if (head.bodyLength === 0) {
      this.heardFrames.push({ ...base, body: '' })
      return undefined
    }
    if (way === 'nowhere') {
      this.heardFrames.push({ ...base, body: 'nowhere' })
      return undefined
    }
    const place = this.#createPlace(way, head.bodyLength, base)
    if (way !== 'later') return place
    this.waiting.push(place)
    return 'later'
  }

  heard(): void {}

  failed(error: FrostError): void {
    this.failures.push(error)
  }

  ended(): void {
    this.endCount++
  }

  #createPlace(way: Way, length: number, base: Omit<Heard, 'body'>): BodyPlace {
    const bytes = new Uint8Array(length)
    let next = 0
    return {
      bytes: way === 'slices' ? undefined : bytes,
      slice:
        way === 'slices'
          ? (slice, offset, bodyLength) => {
              assert.deepEqual([offset, bodyLength], [next, length])
              bytes.set(slice, offset)
              next += slice.length
            }
          : undefined,
      done: () => {
        this.doneCount++
        this.heardFrames.push({ ...base, body: hex(bytes) })
      },
      lost: () => {
        this.lostCount++
      },
    }
  }
}

interface Setup {
  readonly connection: FakeConnection
  readonly reader: FrameReader
  readonly sink: TestSink
}

function createReader(ways?: readonly Way[]): Setup {
  const connection = new FakeConnection()
  const sink = new TestSink(ways)
  const reader = new FrameReader({ connection, compute, sink, limits: openLimits })
  return { connection, reader, sink }
}

/** Feeds bytes in the given cuts, in place or as slices; memory for bodies that wait comes a step later. */
function feed({ connection, reader, sink }: Setup, bytes: Uint8Array, cuts: readonly number[], inPlace: boolean): void {
  let offset = 0
  let step = 0
  while (offset < bytes.length && sink.failures.length === 0) {
    if (connection.isPaused) {
      // A target asked for while the connection is stopped must be right when it goes on.
      const early = inPlace && step % 2 === 0 ? reader.target() : undefined
      const place = sink.waiting.shift()
      assert.ok(place !== undefined)
      reader.provide(place)
      if (early !== undefined && !connection.isPaused)
        offset += fill(reader, early, bytes.subarray(offset), 1 + (step % 50))
      step++
      continue
    }
    const wanted = cuts[step++ % cuts.length] ?? 1
    if (inPlace) {
      offset += fill(reader, reader.target(), bytes.subarray(offset), wanted)
    } else {
      reader.chunk(bytes.slice(offset, offset + wanted))
      offset += Math.min(wanted, bytes.length - offset)
    }
  }
  for (let place = sink.waiting.shift(); place !== undefined; place = sink.waiting.shift()) reader.provide(place)
}

function fill(reader: FrameReader, target: Uint8Array, bytes: Uint8Array, wanted: number): number {
  assert.ok(target.length > 0)
  const count = Math.min(target.length, bytes.length, wanted)
  target.set(bytes.subarray(0, count))
  reader.received(count)
  return count
}

const frames = fc.array(
  fc.record({
    fields: fc.record({
      type: fc.constantFrom(...Object.values(frameType)),
      method: fc.nat(0xffff),
      id: fc.nat(0xffff_ffff),
      deadlineMs: fc.nat(0xffff_ffff),
      extension: fc.uint8Array({ maxLength: 60 }),
      header: fc.uint8Array({ maxLength: 300 }),
      bodyHasOwnChecks: fc.boolean(),
    }),
    body: fc.oneof(
      fc.constant(new Uint8Array(0)),
      fc.uint8Array({ maxLength: 500 }),
      fc.integer({ min: 1, max: 200_000 }).map((length) => Uint8Array.from({ length }, (_, index) => index * 7)),
    ),
  }),
  { minLength: 1, maxLength: 12 },
)
const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70_000 })), {
  minLength: 1,
  maxLength: 20,
})

describe('FrameReader', () => {
  test('finds the same frames however the bytes are cut, in place or in slices', () => {
    const ways = fc.array(fc.constantFrom<Way>('memory', 'slices', 'nowhere', 'later'), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(frames, cuts, ways, fc.boolean(), (sent, cutting, places, inPlace) => {
        const setup = createReader(places)
        feed(setup, Buffer.concat(sent.map(encode)), cutting, inPlace)
        const { sink } = setup
        assert.deepEqual(sink.failures, [])
        const expected = sent.map((frame, index) => {
          const isDropped = frame.body.length > 0 && places[index % places.length] === 'nowhere'
          return isDropped ? { ...expectedOf(frame), body: 'nowhere' } : expectedOf(frame)
        })
        assert.deepEqual(sink.heardFrames, expected)
        assert.equal(sink.lostCount, 0)
      }),
      { numRuns: 80 },
    )
  })

  test('a changed bit in a head is a protocol error, and what came before it is kept', () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.nat(7), cuts, (sent, where, bit, cutting) => {
        const index = where % sent.length
        const encoded = sent.map(encode)
        const damaged = encoded[index]
        const fields = sent[index]?.fields
        assert.ok(damaged !== undefined && fields !== undefined)
        const position = where % headBytes(fields)
        damaged[position] = (damaged[position] ?? 0) ^ (1 << bit)
        const setup = createReader()
        // Enough rubbish behind it that a length made longer finds its end.
        feed(setup, Buffer.concat([...encoded, new Uint8Array(64 * KIB)]), cutting, true)
        assert.deepEqual(
          setup.sink.failures.map(({ code }) => code),
          ['protocol-error'],
        )
        assert.deepEqual(setup.sink.heardFrames, sent.slice(0, index).map(expectedOf))
      }),
      { numRuns: 80 },
    )
  })

  test('a changed bit in a body is a protocol error, unless what it carries has its own checks', () => {
    for (const inPlace of [true, false]) {
      for (const bodyHasOwnChecks of [true, false]) {
        for (const way of ['memory', 'slices', 'later'] as const) {
          const setup = createReader([way])
          const fields = { type: frameType.reply, header: Uint8Array.of(1), bodyHasOwnChecks }
          const bytes = encode({ fields, body: new Uint8Array(200_000) })
          bytes[150_000] = 1
          feed(setup, bytes, [70_000], inPlace)
          const { failures, doneCount, lostCount } = setup.sink
          assert.deepEqual([failures.length, doneCount, lostCount], bodyHasOwnChecks ? [0, 1, 0] : [1, 0, 1])
        }
      }
    }
  })

  test('rubbish is one protocol error or nothing yet, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), cuts, fc.boolean(), (bytes, cutting, inPlace) => {
        const setup = createReader()
        feed(setup, bytes, cutting, inPlace)
        assert.equal(setup.sink.heardFrames.length, 0)
        assert.ok(setup.sink.failures.length <= 1)
      }),
      { numRuns: 500 },
    )
  })

  test('lengths over the limits are refused as soon as the fixed part is there', () => {
    for (const [offset, value] of [
      [16, 5000],
      [20, 33 * KIB],
      [24, 3 * MIB],
    ] as const) {
      const { reader, sink } = createReader()
      const fixed = new Uint8Array(fixedBytes)
      new DataView(fixed.buffer).setUint32(offset, value, true)
      reader.chunk(fixed)
      assert.equal(sink.failures[0]?.code, 'protocol-error')
    }
  })

  test('before the handshake has ended a frame has no body and a small header', () => {
    const { reader, sink } = createReader()
    reader.limits = handshakeLimits
    reader.chunk(
      encode({ fields: { type: frameType.hello, header: new Uint8Array(1024) }, body: new Uint8Array(0) }).slice(),
    )
    assert.equal(sink.heardFrames.length, 1)
    reader.chunk(encode({ fields: { type: frameType.hello }, body: new Uint8Array(1) }).slice())
    assert.equal(sink.failures[0]?.code, 'protocol-error')
  })

  test('flags that are not known are refused', () => {
    const bytes = encode({ fields: { type: frameType.ping }, body: new Uint8Array(0) })
    bytes[5] = 2
    new DataView(bytes.buffer).setUint32(0, compute.crc32(bytes.subarray(4)), true)
    const { reader, sink } = createReader()
    reader.chunk(bytes.slice())
    assert.equal(sink.failures[0]?.code, 'protocol-error')
  })

  test('the rest of a large body is read straight into its memory', () => {
    const bytes = encode({ fields: { type: frameType.reply }, body: new Uint8Array(1_000_000).fill(9) })
    const { reader, sink } = createReader()
    const first = fill(reader, reader.target(), bytes, 60_000)
    const target = reader.target()
    assert.equal(target.length, bytes.length - first)
    fill(reader, target, bytes.subarray(first), bytes.length)
    assert.equal(sink.heardFrames[0]?.body, '09'.repeat(1_000_000))
  })

  test('a slice with memory of its own is freed after use, one that shares its memory is not', () => {
    const body = new Uint8Array(10_000)
    const { reader } = createReader()
    const own = encode({ fields: { type: frameType.reply }, body }).slice()
    reader.chunk(own)
    assert.equal(own.length, 0)
    const shared = new Uint8Array(20_000)
    const part = shared.subarray(1000)
    part.set(encode({ fields: { type: frameType.reply }, body }))
    reader.chunk(part.subarray(0, 10_000 + fixedBytes))
    assert.equal(shared.length, 20_000)
  })

  test('a body that nobody wants any more is dropped, and its memory told when it is not lent', () => {
    for (const isLent of [true, false]) {
      const { reader, sink } = createReader(['later', 'memory'])
      const bytes = encode({ fields: { type: frameType.reply }, body: new Uint8Array(300_000).fill(5) })
      const next = encode({ fields: { type: frameType.pong }, body: new Uint8Array(0) })
      let offset = fill(reader, reader.target(), bytes, 1000)
      const [place] = sink.waiting
      assert.ok(place !== undefined)
      reader.provide(place)
      const target = isLent ? reader.target() : undefined
      reader.abandon(place)
      assert.equal(sink.lostCount, isLent ? 0 : 1)
      if (target !== undefined) {
        offset += fill(reader, target, bytes.subarray(offset), 70_000)
        assert.equal(sink.lostCount, 1)
      }
      while (offset < bytes.length) offset += fill(reader, reader.target(), bytes.subarray(offset), 50_000)
      fill(reader, reader.target(), next, 100)
      assert.deepEqual([sink.lostCount, sink.doneCount, sink.heardFrames.length], [1, 0, 1])
    }
  })

  test('a connection that ends in the middle of a body tells its memory', () => {
    const { reader, sink } = createReader()
    reader.chunk(encode({ fields: { type: frameType.reply }, body: new Uint8Array(9000) }).slice(0, 5000))
    reader.closed()
    assert.deepEqual([sink.lostCount, sink.doneCount, sink.endCount], [1, 0, 1])
  })

  test('memory that comes after the end is given back at once', () => {
    const { reader, sink } = createReader(['later'])
    reader.chunk(encode({ fields: { type: frameType.reply }, body: new Uint8Array(9000) }).slice())
    reader.closed()
    const [place] = sink.waiting
    assert.ok(place !== undefined)
    reader.provide(place)
    assert.equal(sink.lostCount, 1)
  })
})
