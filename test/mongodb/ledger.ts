// Clients that count, each for itself and all in one total, on a KeyValue while its server is in trouble. Counting is not harmless to do
// twice, so a change that is lost, or happens twice, shows.

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { errorCode } from '../../src/base/errors.ts'
import type { KeyValue } from '../../src/ports/key-value.ts'

interface Client {
  readonly key: string
  readonly map: KeyValue
  /** What is known to be stored. */
  count: number
  failures: number
  unknown: number
}

const number = (row: Uint8Array | undefined): number => (row === undefined ? 0 : Number(Buffer.from(row).toString()))
const row = (count: number): Uint8Array => Buffer.from(String(count))

export class Ledger {
  readonly #maps: readonly KeyValue[]
  readonly #clients: readonly Client[]
  #isOver = false
  #running: Promise<unknown> = Promise.resolve()

  constructor(maps: readonly KeyValue[], clientCount = 8) {
    this.#maps = maps
    this.#clients = Array.from({ length: clientCount }, (_, index) => {
      const map = maps[index % maps.length]
      assert.ok(map !== undefined)
      return { key: `client-${index}`, map, count: 0, failures: 0, unknown: 0 }
    })
  }

  get acknowledged(): number {
    return this.#clients.reduce((sum, client) => sum + client.count, 0)
  }

  /** Answers of `outcome-unknown`. */
  get unknown(): number {
    return this.#clients.reduce((sum, client) => sum + client.unknown, 0)
  }

  /** Other errors: nothing happened. */
  get failures(): number {
    return this.#clients.reduce((sum, client) => sum + client.failures, 0)
  }

  start(): void {
    this.#isOver = false
    this.#running = Promise.all(
      this.#clients.map(async (client) => {
        while (!this.#isOver) await countOne(client)
      }),
    )
    this.#running.catch(() => undefined)
  }

  /** Until so many more were acknowledged. */
  async until(more: number): Promise<void> {
    const end = this.acknowledged + more
    while (this.acknowledged < end) {
      await Promise.race([this.#running, sleep(5)])
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  /** A number of counts, all clients together, without any other load. */
  async countEach(times: number): Promise<void> {
    await Promise.all(
      this.#clients.map(async (client) => {
        for (let index = 0; index < times; index++) await countOne(client)
      }),
    )
  }

  /** Nothing was lost and nothing doubled, through every map. */
  async check(): Promise<void> {
    for (const map of this.#maps) {
      const stored = await map.read((view) => [
        ...this.#clients.map(({ key }) => number(view.get(key))),
        number(view.get('total')),
      ])
      const expected = this.#clients.map((client) => client.count)
      assert.deepEqual(stored, [...expected, this.acknowledged])
    }
  }
}

async function countOne(client: Client): Promise<void> {
  const { map, key } = client
  try {
    const stored = await map.decide((view) => {
      const next = number(view.get(key)) + 1
      return {
        changes: [
          [key, row(next)],
          ['total', row(number(view.get('total')) + 1)],
        ],
        result: next,
      }
    })
    assert.equal(stored, client.count + 1, `${key}: each count is stored once`)
    client.count = stored
    const seen = await retried(async () => await map.read((view) => number(view.get(key))))
    assert.equal(seen, client.count, `${key}: what was acknowledged is read`)
  } catch (error) {
    if (errorCode(error) === 'outcome-unknown') {
      client.unknown += 1
      client.count = await retried(async () => await map.read((view) => number(view.get(key))))
    } else if (errorCode(error) === 'metadata-unavailable' || errorCode(error) === 'overloaded') {
      client.failures += 1
      await sleep(100)
    } else throw error
  }
}

async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (errorCode(error) !== 'metadata-unavailable') throw error
      await sleep(100)
    }
  }
}
