// Tells when every read that could still see a deleted file has ended, so that its data may be purged.
//
// A purge entry gets its number after its deletion is visible. So a read that starts after this process learned of number N
// cannot see what entries up to N deleted. Each time a number is learned a new generation of reads begins; a generation's number
// holds when every read of the generations before it has ended.

import { assert } from '../base/assert.ts'

interface Generation {
  /** Purge numbers up to this one were given before the generation began. */
  readonly purgeNumber: number
  openReads: number
}

/** Generations that are kept apart; a process that is slower than that publishes later, never wrongly. */
const generationsMax = 1000

export class ReadGenerations {
  readonly #generations: Generation[] = [{ purgeNumber: 0, openReads: 0 }]

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
    this.#generations.push({ purgeNumber, openReads: 0 })
  }

  /** The highest purge number below which no open read can see anything. Never goes back. */
  endedBefore(): number {
    while (this.#generations.length > 1 && this.#generations[0]?.openReads === 0) this.#generations.shift()
    return this.#generations[0]?.purgeNumber ?? 0
  }
}
