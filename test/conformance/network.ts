// What every Network must do. Run against TCP and against the one in memory.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../src/base/errors.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Connection, Network, Receiver } from '../../src/ports/network.ts'

interface NetworkUnderTest {
  readonly network: Network
  /** To listen at; port 0. */
  readonly address: string
  /** Where nobody listens. */
  readonly deadAddress: string
  /** Lets things happen until `promise` settles. */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>
  /** Lets what has been started happen. */
  readonly settle: () => Promise<void>
}

/** More than any kernel holds for a connection whose other side does not read. */
const floodBytes = 64 * 1024 * 1024
const timeoutMs = 5000

/** Keeps what it receives; a target has room for `targetBytes`. */
class Collector implements Receiver {
  readonly slices: Uint8Array[] = []
  readonly events: string[] = []
  closedCount = 0
  closedWith: Error | undefined
  totalBytes = 0
  onBytes: () => void = () => {}
  onClosed: () => void = () => {}
  readonly #targetBytes: number
  #target = new Uint8Array(0)

  constructor(targetBytes = 5000) {
    this.#targetBytes = targetBytes
  }

  target(): Uint8Array {
    this.#target = new Uint8Array(this.#targetBytes)
    return this.#target
  }

  received(count: number): void {
    this.events.push('received')
    assert.ok(count >= 1 && count <= this.#target.length)
    this.#add(this.#target.slice(0, count))
  }

  chunk(bytes: Uint8Array<ArrayBuffer>): void {
    this.events.push('chunk')
    this.#add(bytes.slice())
    // The receiver owns the memory.
    if (bytes.byteLength === bytes.buffer.byteLength) bytes.buffer.transfer(0)
  }

  closed(error?: Error): void {
    this.events.push('closed')
    this.closedCount++
    this.closedWith = error
    this.onClosed()
  }

  /** Resolves when `count` bytes are there. */
  async total(count: number): Promise<Uint8Array> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.totalBytes >= count) resolve()
      }
      this.onBytes = check
      check()
    })
    return Buffer.concat(this.slices)
  }

  async end(): Promise<void> {
    if (this.closedCount > 0) return
    await new Promise<void>((resolve) => {
      this.onClosed = resolve
    })
  }

  #add(bytes: Uint8Array): void {
    this.totalBytes += bytes.length
    if (this.totalBytes <= 8 * 1024 * 1024) this.slices.push(bytes)
    this.onBytes()
  }
}

interface Pair {
  readonly dialled: Connection
  readonly accepted: Connection
  readonly close: () => Promise<void>
}

async function connectPair({ network, address, wait }: NetworkUnderTest): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<Connection>()
  const listener = await wait(network.listen(address, resolve))
  const dialled = await wait(network.connect(listener.address, { timeoutMs }))
  const accepted = await wait(promise)
  return {
    dialled,
    accepted,
    close: async () => {
      dialled.destroy()
      accepted.destroy()
      await wait(listener.close())
    },
  }
}

const sides = ['dialled', 'accepted'] as const

export function networkConformance(name: string, create: () => NetworkUnderTest): void {
  describe(`${name} as a Network`, () => {
    for (const from of sides) {
      const to = from === 'dialled' ? 'accepted' : 'dialled'

      test(`what the ${from} side writes arrives whole and in order, however it was cut`, async () => {
        const subject = create()
        const pair = await connectPair(subject)
        const random = new SeededRandom(1)
        const collector = new Collector()
        pair[to].receive(collector)
        pair[from].receive(new Collector())
        const written: Uint8Array[] = []
        for (let index = 0; index < 200; index++) {
          const buffers = Array.from({ length: random.below(4) }, () =>
            random.bytes(random.below(random.below(20_000) + 1)),
          )
          written.push(...buffers)
          pair[from].write(buffers)
        }
        const expected = Buffer.concat(written)
        assert.ok(expected.equals(await subject.wait(collector.total(expected.length))))
        await pair.close()
      })

      test(`memory that the ${from} side wrote can be used again once it was sent`, async () => {
        const subject = create()
        const pair = await connectPair(subject)
        const collector = new Collector()
        pair[to].receive(collector)
        const buffer = new Uint8Array(100_000)
        for (let round = 1; round <= 20; round++) {
          buffer.fill(round)
          await subject.wait(
            new Promise<void>((resolve) => {
              pair[from].write([buffer.subarray(0, 50_000), buffer.subarray(50_000)], () => resolve())
            }),
          )
          buffer.fill(0xee)
        }
        const bytes = await subject.wait(collector.total(2_000_000))
        for (let round = 1; round <= 20; round++) {
          assert.ok(bytes.subarray((round - 1) * 100_000, round * 100_000).every((byte) => byte === round))
        }
        await pair.close()
      })

      test(`a ${to} side that stopped reading stops the other, and loses nothing when it goes on`, async () => {
        const subject = create()
        const pair = await connectPair(subject)
        const collector = new Collector(65_536)
        let isPaused = false
        let callsWhilePaused = 0
        collector.onBytes = () => {
          if (isPaused) callsWhilePaused++
          isPaused = true
          pair[to].pause()
        }
        pair[to].receive(collector)
        const piece = new Uint8Array(floodBytes / 64)
        let sentCount = 0
        for (let index = 0; index < 64; index++) pair[from].write([piece], () => sentCount++)
        await subject.settle()
        assert.equal(callsWhilePaused, 0)
        assert.ok(pair[from].queuedBytes > 0)
        assert.ok(sentCount < 64)
        const whole = collector.total(floodBytes)
        pair[to].resume()
        await subject.wait(whole)
        assert.equal(collector.totalBytes, floodBytes)
        await subject.wait(flushed(pair[from]))
        assert.equal(pair[from].queuedBytes, 0)
        assert.equal(sentCount, 64)
        await pair.close()
      })

      test(`when the ${from} side ends, what was sent arrives, then both hear of the end once`, async () => {
        const subject = create()
        const pair = await connectPair(subject)
        const near = new Collector()
        const far = new Collector()
        pair[from].receive(near)
        pair[to].receive(far)
        await subject.wait(
          new Promise<void>((resolve) => {
            pair[from].write([Uint8Array.of(1, 2, 3)], () => resolve())
          }),
        )
        const reason = new Error('enough')
        pair[from].destroy(reason)
        pair[from].destroy()
        assert.equal(near.closedCount, 0)
        await subject.wait(Promise.all([near.end(), far.end()]))
        assert.equal(near.closedWith, reason)
        assert.equal(far.totalBytes, 3)
        pair[to].destroy()
        await subject.settle()
        assert.deepEqual([near.closedCount, far.closedCount], [1, 1])
        assert.equal(far.events.at(-1), 'closed')
        await pair.close()
      })

      test(`what the ${from} side could not send any more is told, each once`, async () => {
        const subject = create()
        const pair = await connectPair(subject)
        pair[from].receive(new Collector())
        const outcomes: (string | undefined)[] = []
        for (let index = 0; index < 4; index++) {
          pair[from].write([new Uint8Array(floodBytes / 4)], (error) => outcomes.push(errorCode(error)))
        }
        pair[from].destroy()
        pair[from].write([new Uint8Array(1)], (error) => outcomes.push(errorCode(error)))
        assert.deepEqual(outcomes, [])
        await subject.settle()
        assert.deepEqual(
          outcomes,
          Array.from({ length: 5 }, () => 'peer-unreachable'),
        )
        await pair.close()
      })
    }

    test('nothing is lost that arrives before there is a receiver', async () => {
      const subject = create()
      const pair = await connectPair(subject)
      pair.dialled.write([Uint8Array.of(1, 2)])
      pair.accepted.write([Uint8Array.of(3, 4)])
      await subject.settle()
      const [atDialled, atAccepted] = [new Collector(1), new Collector(1)]
      pair.dialled.receive(atDialled)
      pair.accepted.receive(atAccepted)
      assert.deepEqual([...(await subject.wait(atDialled.total(2)))], [3, 4])
      assert.deepEqual([...(await subject.wait(atAccepted.total(2)))], [1, 2])
      await pair.close()
    })

    test('an end before there is a receiver is told to the receiver', async () => {
      const subject = create()
      const pair = await connectPair(subject)
      pair.accepted.destroy()
      await subject.settle()
      const collector = new Collector()
      pair.accepted.receive(collector)
      await subject.wait(collector.end())
      assert.equal(collector.totalBytes, 0)
      await pair.close()
    })

    test('an address in use is refused by name, and is free again after close', async () => {
      const { network, address, wait } = create()
      const first = await wait(network.listen(address, () => {}))
      assert.match(first.address, /:[1-9]\d*$/)
      await assert.rejects(
        wait(network.listen(first.address, () => {})),
        (error) => errorCode(error) === 'address-in-use',
      )
      await wait(first.close())
      await wait(first.close())
      const second = await wait(network.listen(first.address, () => {}))
      await wait(second.close())
    })

    test('nobody at the address is peer-unreachable', async () => {
      const { network, deadAddress, wait } = create()
      await assert.rejects(
        wait(network.connect(deadAddress, { timeoutMs })),
        (error) => errorCode(error) === 'peer-unreachable',
      )
    })

    test('a signal ends dialling with its reason', async () => {
      const { network, deadAddress, wait } = create()
      const reason = new Error('changed my mind')
      await assert.rejects(
        wait(network.connect(deadAddress, { timeoutMs, signal: AbortSignal.abort(reason) })),
        (error) => error === reason,
      )
      const controller = new AbortController()
      const dialling = network.connect(deadAddress, { timeoutMs, signal: controller.signal })
      controller.abort(reason)
      await assert.rejects(wait(dialling), (error) => error === reason)
    })

    test('connections outlive their listener', async () => {
      const subject = create()
      const { promise, resolve } = Promise.withResolvers<Connection>()
      const listener = await subject.wait(subject.network.listen(subject.address, resolve))
      const dialled = await subject.wait(subject.network.connect(listener.address, { timeoutMs }))
      const accepted = await subject.wait(promise)
      await subject.wait(listener.close())
      const collector = new Collector()
      accepted.receive(collector)
      dialled.write([Uint8Array.of(9)])
      assert.deepEqual([...(await subject.wait(collector.total(1)))], [9])
      dialled.destroy()
      accepted.destroy()
    })
  })
}

async function flushed(connection: Connection): Promise<void> {
  await new Promise<void>((resolve) => {
    connection.write([], () => resolve())
  })
}
