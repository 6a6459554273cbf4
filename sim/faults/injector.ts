// Lets faults happen, each after a time of chance, and undoes those that end. What has struck is written down for people.

import type { SeededRandom } from '../../src/base/random.ts'
import type { VirtualClock } from '../ports/clock.ts'
import { pick } from '../world.ts'
import * as disk from './disk-faults.ts'
import type { Fault, FaultScene } from './fault.ts'
import * as metadata from './metadata-faults.ts'
import type { FaultName } from './names.ts'
import * as network from './network-faults.ts'
import * as process from './process-faults.ts'

const faults: Readonly<Record<FaultName, Fault>> = {
  'worker-killed': process.workerKilled,
  'worker-loses-power': process.workerLosesPower,
  'worker-stopped': process.workerStopped,
  'worker-paused': process.workerPaused,
  'master-killed': process.masterKilled,
  'master-paused': process.masterPaused,
  'all-lose-power': process.allLosePower,
  'slow-link': network.slowLink,
  'connection-reset': network.connectionReset,
  'one-way-partition': network.oneWayPartition,
  'host-cut-off': network.hostCutOff,
  'tail-lost': network.tailLost,
  'disk-slow': disk.diskSlow,
  'disk-full': disk.diskFull,
  'sync-fails': disk.syncFails,
  'index-lost': disk.indexLost,
  'calendar-jumps': process.calendarJumps,
  'metadata-answers-lost': metadata.metadataAnswersLost,
  'metadata-away': metadata.metadataAway,
  'worker-added': process.workerAdded,
  'worker-drained': process.workerDrained,
  'bit-flips': disk.bitFlips,
  'write-misdirected': disk.writeMisdirected,
  'write-lost': disk.writeLost,
  'reads-fail': disk.readsFail,
  'disk-wiped': disk.diskWiped,
  'worker-lost': disk.workerLost,
}

export class FaultInjector {
  readonly #scene: FaultScene
  readonly #random: SeededRandom
  readonly #clock: VirtualClock
  readonly #tell: (text: string) => void
  readonly #open = new Set<() => void>()
  #isOver = false
  /** How often each has struck. */
  readonly counts = new Map<FaultName, number>()

  constructor(scene: FaultScene, tell: (text: string) => void) {
    this.#scene = scene
    this.#random = scene.random.fork()
    this.#clock = scene.cluster.time.createClock({ node: 'faults', kind: 'fault' })
    this.#tell = tell
  }

  async run(): Promise<void> {
    const { world } = this.#scene
    const known = [...world.faults]
    while (!this.#isOver && known.length > 0) {
      await this.#clock.sleep(this.#random.float() * 2 * world.calmMs)
      if (!this.#isOver) this.#strike(pick(this.#random, known))
    }
  }

  /** Undoes everything; nothing strikes any more. */
  stop(): void {
    this.#isOver = true
    for (const heal of this.#open) heal()
    this.#open.clear()
  }

  #strike(name: FaultName): void {
    const struck = faults[name](this.#scene)
    if (struck === undefined) return
    const { text, heal, durationMs = 0 } = struck
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    this.#tell(text)
    if (heal === undefined) return
    this.#open.add(heal)
    this.#clock.startTimer(durationMs, () => {
      if (!this.#open.delete(heal)) return
      heal()
      this.#tell(`over: ${text}`)
    })
  }
}
