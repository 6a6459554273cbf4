// Tells when every read that could still see a deleted file has ended, so that its data may be purged.
//
// A purge entry gets its number after its deletion is visible. So a read that starts after this process learned of number N
// cannot see what entries up to N deleted. Each time a number is learned a new generation of reads begins; a generation's number
// holds when every read of the generations before it has ended.

import { assert } from '../base/assert.ts'
import { HOUR_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'

interface Generation {
  /** Purge numbers up to this one were given before the generation began. */
  readonly purgeNumber: number
  readonly sinceMs: number
  openReads: number
}

/** No read holds the purge up for longer; one that is still open then may find its data gone. */
const readMaxMs = 24 * HOUR_MS
/** Generations that are kept apart; a process that is slower than that publishes later, never wrongly. */
const generationsMax = 1000

export class ReadGenerations {
  readonly #clock: Clock
  readonly #generations: Generation[]

  constructor(clock: Clock) {
    this.#clock = clock
    this.#generations = [{ purgeNumber: 0, sinceMs: clock.monotonicMs(), openReads: 0 }]
  }

  /** Call before the read looks anything up; call the result once when the read has ended. */
  begin(): () => void {
    const generation = this.#generations.at(-1)
    assert(generation !== undefined, 'there is always a generation')
    generation.openReads++
    let ended = false
    return () => {
      if (ended) return
      ended = true
      generation.openReads--
    }
  }

  /** `purgeNumber`: the highest that metadata had given when this was asked. */
  advance(purgeNumber: number): void {
    const newest = this.#generations.at(-1)
    if (newest !== undefined && purgeNumber <= newest.purgeNumber) return
    if (this.#generations.length >= generationsMax) return
    this.#generations.push({ purgeNumber, sinceMs: this.#clock.monotonicMs(), openReads: 0 })
  }

  /** The highest purge number below which no open read can see anything. Never goes back. */
  endedBefore(): number {
    const nowMs = this.#clock.monotonicMs()
    for (let [oldest, next] = this.#generations; next !== undefined; [oldest, next] = this.#generations) {
      if (oldest?.openReads !== 0 && nowMs - next.sinceMs < readMaxMs) break
      this.#generations.shift()
    }
    return this.#generations[0]?.purgeNumber ?? 0
  }
}
