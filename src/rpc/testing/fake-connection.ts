// A connection without another side: keeps what is written, and lets a test play the network.

import { defined } from '../../base/assert.ts'
import type { Connection, Receiver } from '../../ports/network.ts'

export class FakeConnection implements Connection {
  readonly remoteAddress = 'fake:1'
  /** Each call of `write`, joined. */
  readonly writes: Uint8Array[] = []
  isPaused = false
  isDestroyed = false
  /** Keep `sent` back until `takeWrites`. */
  holdsWrites = false
  #receiver: Receiver | undefined
  readonly #held: (() => void)[] = []
  #queuedBytes = 0

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get receiver(): Receiver {
    return defined(this.#receiver, 'receive was called')
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver
  }

  write(buffers: readonly Uint8Array[], sent?: (error?: Error) => void): void {
    const bytes = new Uint8Array(Buffer.concat(buffers))
    this.writes.push(bytes)
    this.#queuedBytes += bytes.length
    const taken = (): void => {
      this.#queuedBytes -= bytes.length
      sent?.()
    }
    if (this.holdsWrites) this.#held.push(taken)
    else queueMicrotask(taken)
  }

  /** The kernel takes what waits. */
  takeWrites(): void {
    for (const taken of this.#held.splice(0)) taken()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  destroy(): void {
    this.isDestroyed = true
  }
}
