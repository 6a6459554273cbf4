// Whether the server can be asked. One that has failed for long counts as unreachable: then nothing waits for it any more, and it is
// tried once a second until it answers.

import { FrostError } from '../../base/errors.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'

/** An election takes some 12 seconds where a primary dies. */
export const defaultPatienceMs = 20 * SECOND_MS
const probeEveryMs = SECOND_MS
const retryAfterSeconds = 2

export interface ReachabilityPorts {
  readonly clock: Clock
  readonly log: Log
  /** Rejects where the server does not answer. */
  readonly probe: () => Promise<unknown>
}

export class Reachability {
  readonly #ports: ReachabilityPorts
  readonly #patienceMs: number
  readonly #closing = new AbortController()
  #failing: { readonly sinceMs: number; reason: string } | undefined
  #probing: Promise<void> | undefined

  constructor(ports: ReachabilityPorts, patienceMs: number) {
    this.#ports = ports
    this.#patienceMs = patienceMs
  }

  /** How long somebody waits for it, in milliseconds. */
  get patienceMs(): number {
    return this.#patienceMs
  }

  /** Why it cannot be asked; `undefined`: it can. */
  get reason(): string | undefined {
    return this.#probing === undefined ? undefined : this.#sentence()
  }

  succeeded(): void {
    this.#failing = undefined
  }

  failed(error: unknown): void {
    const nowMs = this.#ports.clock.monotonicMs()
    const reason = error instanceof Error ? error.message : String(error)
    this.#failing = { sinceMs: this.#failing?.sinceMs ?? nowMs, reason }
    if (nowMs - this.#failing.sinceMs >= this.#patienceMs) this.#probing ??= this.#probe()
  }

  unavailable(cause?: unknown): FrostError {
    return new FrostError('metadata-unavailable', this.#sentence(), {
      retryAfterSeconds,
      remedy: 'It is tried again by itself. See that MongoDB runs, has a primary and can be reached from here.',
      ...(cause === undefined ? {} : { cause }),
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#probing
  }

  #sentence(): string {
    return `The metadata is unreachable: ${this.#failing?.reason ?? 'MongoDB does not answer.'}`
  }

  async #probe(): Promise<void> {
    const { clock, log, probe } = this.#ports
    log.error('The metadata is unreachable: MongoDB does not answer. It is tried again by itself.', undefined, {
      reason: this.#failing?.reason,
    })
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await clock.sleep(probeEveryMs, signal)
        await probe()
        log.info('The metadata can be reached again.')
        break
      } catch {
        // Not yet; or this process ends.
      }
    }
    this.#failing = undefined
    this.#probing = undefined
  }
}
