// What a simulated process holds of the world, so that it can be killed: from that moment on nothing it asks for ever happens, and
// nothing it waits for ever settles. A killed process cannot be stopped from running to the end of what it is in the middle of, but
// whatever it does then reaches nobody.

import type { ClaimedKeyValue, Decision, Look } from '../src/ports/key-value.ts'
import type { Connection, Listener, Network } from '../src/ports/network.ts'
import type { MemoryKeyValue, MemoryMap } from './ports/key-value.ts'
import type { SimulatedNetwork } from './ports/network.ts'

/** Whether a process lives. */
export class Life {
  #isOver = false
  readonly #ended = Promise.withResolvers<void>()

  get isOver(): boolean {
    return this.#isOver
  }

  /** Resolves when it is over. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  end(): void {
    this.#isOver = true
    this.#ended.resolve()
  }
}

export class MortalNetwork implements Network {
  readonly #life: Life
  readonly #network: Network

  constructor(life: Life, network: SimulatedNetwork, host: string) {
    this.#life = life
    this.#network = network.host(host)
  }

  async listen(address: string, accept: (connection: Connection) => void): Promise<Listener> {
    return this.#life.isOver ? await never() : await this.#network.listen(address, accept)
  }

  async connect(
    address: string,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Connection> {
    if (this.#life.isOver) return await never()
    const connection = await this.#network.connect(address, options)
    if (!this.#life.isOver) return connection
    connection.destroy()
    return await never()
  }
}

/** The map as one process opened it. */
export class MortalKeyValue implements ClaimedKeyValue {
  readonly #life: Life
  readonly #map: MemoryMap
  readonly #keyValue: MemoryKeyValue

  constructor(life: Life, map: MemoryMap, keyValue: MemoryKeyValue) {
    this.#life = life
    this.#map = map
    this.#keyValue = keyValue
  }

  async read<T>(look: Look<T>): Promise<T> {
    return this.#life.isOver ? look(this.#map) : await this.#keyValue.read(look)
  }

  unreachable(): undefined {
    return undefined
  }

  claim(): Promise<void> {
    return this.#keyValue.claim()
  }

  async decide<T>(decision: Decision<T>): Promise<T> {
    return this.#life.isOver ? await never() : await this.#keyValue.decide(decision)
  }

  close(): Promise<void> {
    return this.#keyValue.close()
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}
