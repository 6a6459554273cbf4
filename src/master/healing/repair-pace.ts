// How fast redundancy is restored: bytes per second between a floor, which repair always gets, and a ceiling, which it
// has where nobody else wants anything. In between it follows what clients feel: while their blocks are written and
// read as fast as without repair the rate rises, and once they take markedly longer it is halved.
//
// What a piece of work costs is known only when it is done, so it is paid for afterwards: who comes next waits until
// the debt is worn off.

import type { Clock } from '../../ports/clock.ts'

export interface RepairRates {
  /** Bytes per second, read from peers and written together. */
  readonly floor: number
  readonly ceiling: number
}

export interface RepairPacePorts {
  readonly clock: Clock
  readonly foreground: () => Foreground
}

/** What clients wait for. */
export interface Foreground {
  /** Ever taken: as long as it stands still, nobody waits for anything. */
  readonly samples: number
  readonly recentP95Ms: number
}

/** Between two adjustments. */
const adjustEveryMs = 1000
/** Slower than so many times the normal is markedly slower. */
const slowFactor = 2
/** Below this nobody notices. */
const noticedMs = 20
const riseFactor = 1.25
/** How fast what is normal follows what is measured without repair. */
const normalWeight = 0.2

export class RepairPace {
  readonly #ports: RepairPacePorts
  readonly #rates: RepairRates
  #rate: number
  #normalMs: number
  /** When everything spent so far is worn off. */
  #clearAtMs = 0
  #adjustedAtMs: number
  #samples = 0

  constructor(ports: RepairPacePorts, rates: RepairRates) {
    this.#ports = ports
    this.#rates = rates
    this.#rate = rates.floor
    this.#normalMs = ports.foreground().recentP95Ms
    this.#adjustedAtMs = ports.clock.monotonicMs()
  }

  /** Now, in bytes per second. */
  get bytesPerSecond(): number {
    return this.#rate
  }

  /** Resolves when the next piece of work may begin. */
  async ready(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#adjust()
      const waitMs = this.#clearAtMs - this.#ports.clock.monotonicMs()
      if (waitMs <= 0) return
      await this.#ports.clock.sleep(Math.min(waitMs, adjustEveryMs), signal)
    }
  }

  spend(bytes: number): void {
    const nowMs = this.#ports.clock.monotonicMs()
    this.#clearAtMs = Math.max(this.#clearAtMs, nowMs) + (bytes / this.#rate) * 1000
  }

  #adjust(): void {
    const nowMs = this.#ports.clock.monotonicMs()
    if (nowMs - this.#adjustedAtMs < adjustEveryMs) return
    const wasIdle = this.#clearAtMs < this.#adjustedAtMs
    this.#adjustedAtMs = nowMs
    const { samples, recentP95Ms } = this.#ports.foreground()
    const isAnybodyWaiting = samples !== this.#samples
    this.#samples = samples
    if (wasIdle) this.#normalMs += (recentP95Ms - this.#normalMs) * normalWeight
    const isSlow = isAnybodyWaiting && recentP95Ms > Math.max(noticedMs, slowFactor * this.#normalMs)
    const { floor, ceiling } = this.#rates
    const before = this.#rate
    this.#rate = isSlow ? Math.max(floor, before / 2) : Math.min(ceiling, before * riseFactor)
    // What is owed was reckoned at the old rate.
    if (this.#clearAtMs > nowMs) this.#clearAtMs = nowMs + ((this.#clearAtMs - nowMs) * before) / this.#rate
  }
}
