import type { FaultName, Faults } from '../../src/ports/faults.ts'

/** Faults that a test plants and takes back while the code runs. */
export class SimulatedFaults implements Faults {
  readonly #planted = new Map<FaultName, number>()

  has(name: FaultName): boolean {
    return this.#planted.has(name)
  }

  delayMs(name: FaultName): number {
    return this.#planted.get(name) ?? 0
  }

  plant(name: FaultName, delayMs = 0): void {
    this.#planted.set(name, delayMs)
  }

  remove(name: FaultName): void {
    this.#planted.delete(name)
  }
}
