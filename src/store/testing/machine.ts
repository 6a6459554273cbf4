// A simulated machine with one store on it: its medium outlives kills and power losses, and stores are opened on it again.

import { SeededRandom } from '../../base/random.ts'
import type { Clock, Timer } from '../../ports/clock.ts'
import { SimulatedCompute } from '../../../sim/ports/compute.ts'
import { SimulatedDisk } from '../../../sim/ports/disk.ts'
import { SimulatedFaults } from '../../../sim/ports/faults.ts'
import { SimulatedIndexFactory, SimulatedIndexMedium } from '../../../sim/ports/index-store.ts'
import { CollectingLog } from '../../../sim/ports/log.ts'
import { SimulatedMedium } from '../../../sim/ports/medium.ts'
import { PowerSwitch } from '../../../sim/ports/power.ts'
import { SimulatedRandom } from '../../../sim/ports/random.ts'
import type { DamageEvent, OpenReport, StoreOptions } from '../contract.ts'
import { FragmentStore } from '../fragment-store.ts'

/** Small, so that tests see segments filled, sealed and compacted. */
const smallOptions: StoreOptions = {
  segmentBytesMax: 256 * 1024,
  memoryEntriesMax: 64,
  readMemoryBytes: 4 * 1024 * 1024,
  reserveBytes: 0,
  ballastBytes: 64 * 1024,
  openFilesMax: 4,
  compaction: false,
  scrub: false,
  compactionBytesPerSecond: Number.MAX_SAFE_INTEGER,
}

/** Every look at it is a millisecond; sleeping takes no time. */
class TickingClock implements Clock {
  #nowMs = 0

  monotonicMs(): number {
    return this.#nowMs++
  }

  wallMs(): number {
    return 1_900_000_000_000 + this.#nowMs
  }

  startTimer(delayMs: number, callback: () => void): Timer {
    let isCancelled = false
    this.#nowMs += delayMs
    // A store that a failed test left open does not keep the process alive.
    setImmediate(() => {
      if (!isCancelled) callback()
    }).unref()
    return {
      cancel: () => {
        isCancelled = true
      },
    }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    return new Promise((resolve) => {
      this.startTimer(delayMs, resolve)
    })
  }

  endOfTurn(callback: () => void): void {
    setImmediate(callback)
  }
}

export class Machine {
  readonly medium = new SimulatedMedium()
  readonly indexes = new SimulatedIndexMedium()
  readonly faults = new SimulatedFaults()
  readonly log = new CollectingLog()
  readonly damaged: DamageEvent[] = []
  readonly full: boolean[] = []
  readonly failures: Error[] = []
  readonly random: SeededRandom
  readonly #clock: Clock
  power = new PowerSwitch()

  /** `clock`: by default one on which sleeping takes no time. */
  constructor(seed = 1, clock: Clock = new TickingClock()) {
    this.random = new SeededRandom(seed)
    this.#clock = clock
  }

  make(options: StoreOptions = {}): FragmentStore {
    const { medium, faults, power } = this
    const ports = {
      clock: this.#clock,
      random: new SimulatedRandom(this.random),
      compute: new SimulatedCompute(),
      disk: new SimulatedDisk({ medium, faults, power, random: this.random.fork() }),
      indexes: new SimulatedIndexFactory(this.indexes, power),
      log: this.log,
    }
    return new FragmentStore(
      ports,
      { ...smallOptions, ...options },
      {
        damaged: (event) => this.damaged.push(event),
        full: (full) => this.full.push(full),
        failed: (error) => this.failures.push(error),
      },
    )
  }

  async open(options: StoreOptions = {}): Promise<{ readonly store: FragmentStore; readonly report: OpenReport }> {
    const store = this.make(options)
    return { store, report: await store.open() }
  }

  /** The process is gone; its page cache stays. */
  kill(): void {
    this.power.cut()
    this.medium.killProcess()
    this.power = new PowerSwitch()
  }

  /** The machine is gone: what was not synced is left to chance. `power`: of the next start. */
  losePower(power = new PowerSwitch()): void {
    this.power.cut()
    this.medium.losePower(this.random.fork())
    this.power = power
  }

  /** Segments' names, sorted. */
  segments(): readonly string[] {
    return this.medium.names().filter((name) => name.endsWith('.seg'))
  }
}
