import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { SeededRandom } from '../base/random.ts'
import { KIB } from '../base/units.ts'
import { fixedBytes, frameType } from './frame.ts'
import { FrameWriter } from './frame-writer.ts'
import { FakeConnection } from './testing/fake-connection.ts'

interface Setup {
  readonly time: VirtualTime
  readonly connection: FakeConnection
  readonly writer: FrameWriter
}

function createWriter(): Setup {
  const time = new VirtualTime()
  const connection = new FakeConnection()
  const options = { connection, clock: time.createClock(), compute: new SimulatedCompute(), onProgress: () => {} }
  return { time, connection, writer: new FrameWriter(options) }
}

const request = { type: frameType.request, id: 1, method: 1, header: new Uint8Array(9) }

describe('FrameWriter', () => {
  test('sends all small frames of a turn in one write at its end', async () => {
    const { time, connection, writer } = createWriter()
    for (let index = 0; index < 5; index++) writer.frame(request, [new Uint8Array(10 * KIB)])
    for (let index = 0; index < 3; index++) writer.frame(request, [new Uint8Array(40 * KIB)])
    writer.frame({ type: frameType.ping })
    assert.equal(connection.writes.length, 0)
    const expected = 8 * (fixedBytes + 9) + 5 * 10 * KIB + 3 * 40 * KIB + fixedBytes
    assert.equal(writer.queuedBytes, expected)
    await time.advance(0)
    assert.deepEqual(
      connection.writes.map(({ length }) => length),
      [expected],
    )
    assert.equal(writer.queuedBytes, 0)
  })

  test('sends a large frame at once, whole, with what stands before it', () => {
    const { connection, writer } = createWriter()
    writer.frame(request)
    writer.frame(request, [new Uint8Array(4096), new Uint8Array(1000 * KIB)])
    assert.deepEqual(
      connection.writes.map(({ length }) => length),
      [2 * (fixedBytes + 9) + 4096 + 1000 * KIB],
    )
  })

  test('calls sent at once for a copied body, and when it was taken for another', async () => {
    const { time, connection, writer } = createWriter()
    connection.holdsWrites = true
    const sent: string[] = []
    const small = new Uint8Array(100).fill(1)
    writer.frame(request, [small], () => sent.push('small'))
    small.fill(2)
    writer.frame(request, [new Uint8Array(20 * KIB)], () => sent.push('middle'))
    writer.frame(request, [new Uint8Array(100 * KIB)], () => sent.push('large'))
    assert.deepEqual(sent, ['small'])
    assert.equal(connection.writes[0]?.[fixedBytes + 9], 1)
    await time.advance(0)
    connection.takeWrites()
    assert.deepEqual(sent, ['small', 'middle', 'large'])
  })

  test('never changes memory that the kernel has not taken yet, however slow it is', async () => {
    const { time, connection, writer } = createWriter()
    const random = new SeededRandom(4)
    // What a slow kernel sees: the parts as they are when it takes them, not as they were given.
    const waiting: { readonly parts: readonly Uint8Array[]; readonly copy: Uint8Array; readonly taken: () => void }[] =
      []
    connection.write = (parts, sent) => {
      waiting.push({ parts, copy: Buffer.concat(parts), taken: () => sent?.() })
    }
    let takenBytes = 0
    const take = (count: number): void => {
      for (const { parts, copy, taken } of waiting.splice(0, count)) {
        assert.equal(Buffer.compare(Buffer.concat(parts), copy), 0)
        takenBytes += copy.length
        taken()
      }
    }
    for (let round = 0; round < 500; round++) {
      const count = random.below(6)
      for (let index = 0; index < count; index++) {
        writer.frame({ ...request, id: round }, [random.bytes(random.below(16_000))])
      }
      if (random.below(3) === 0) await time.advance(0)
      if (random.below(4) === 0) take(random.below(waiting.length + 1))
    }
    await time.advance(0)
    take(waiting.length)
    assert.ok(takenBytes > 5_000_000)
  })

  test('does not keep more corked than its bound', () => {
    const { connection, writer } = createWriter()
    for (let index = 0; index < 200; index++) writer.frame(request, [new Uint8Array(10 * KIB)])
    assert.ok(connection.writes.length >= 3)
  })
})
