// Draws faults from a seed, and does them, several at once within a budget: never more workers than parity columns, one process of the
// masters at a time, and a disk is only lost while the cluster says that it is whole and nobody else is disturbed.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import type { SeededRandom } from '../../src/base/random.ts'
import { defaultScheme } from '../../src/base/scheme.ts'
import type { CuttableLink } from '../harness/cuttable-link.ts'
import type { RealCluster, RealNode } from '../harness/real-cluster.ts'
import { DiskFiller } from '../harness/small-file-system.ts'
import type { SmallFileSystem } from '../harness/small-file-system.ts'
import type { HonestyCheck } from './honesty-check.ts'

export interface FaultScheduleParts {
  readonly cluster: RealCluster
  /** From each worker to the first master, in the order of the workers. */
  readonly links: readonly CuttableLink[]
  /** Of the first workers. */
  readonly disks: readonly SmallFileSystem[]
  readonly random: SeededRandom
  readonly honesty: HonestyCheck
}

interface Victim {
  readonly node: RealNode
  readonly link: CuttableLink | undefined
  /** Where it has one of its own, which can be filled. */
  readonly disk: SmallFileSystem | undefined
}

type Fault = (victim: Victim, random: SeededRandom) => Promise<void>

/** What happens to a worker without any harm to what its disk holds. */
const workerFaults: Readonly<Record<string, Fault>> = {
  'killed': async ({ node }, random) => {
    await node.kill()
    await sleep(random.below(4000))
    await node.start()
  },
  'away long enough to be out': async ({ node }) => {
    await node.kill()
    await sleep(9000)
    await node.start()
  },
  'stopped': async ({ node }, random) => {
    node.signal('SIGSTOP')
    await sleep(500 + random.below(12_000))
    node.signal('SIGCONT')
  },
  'cut off': async ({ link }, random) => {
    link?.cut('to', 'from')
    await sleep(500 + random.below(8000))
    link?.mend()
  },
  'cut off one way': async ({ link }, random) => {
    link?.cut(random.below(2) === 0 ? 'to' : 'from')
    await sleep(500 + random.below(8000))
    link?.mend()
  },
  'disk full': async ({ disk }, random) => {
    if (disk === undefined) return
    const filler = new DiskFiller(disk)
    try {
      await filler.filled()
      await sleep(2000 + random.below(4000))
    } finally {
      await filler.stop()
    }
  },
  'disk slow': async ({ node }, random) => {
    await node.stop()
    await node.start({ FROSTBYTE_FAULTS: 'disk.slow=100' })
    await sleep(2000 + random.below(4000))
    await node.stop()
    await node.start()
  },
}

const masterFaults: Readonly<Record<string, Fault>> = {
  killed: async ({ node }, random) => {
    await node.kill()
    await sleep(random.below(1000))
    await node.start()
  },
  restarted: async ({ node }) => {
    await node.stop()
    await node.start()
  },
  stopped: async ({ node }, random) => {
    node.signal('SIGSTOP')
    await sleep(200 + random.below(4000))
    node.signal('SIGCONT')
  },
}

/** Of so many draws one is a lost disk, and one a fault of a master. */
const wipeEvery = 6
const masterEvery = 5
const betweenMs = 1500
/** Under load, after what was disturbed. */
const wholeMaxMs = 20_000

export class FaultSchedule {
  readonly #parts: FaultScheduleParts
  readonly #disturbed = new Set<RealNode>()
  readonly #running = new Set<Promise<void>>()
  readonly #counts = new Map<string, number>()
  #error: Error | undefined

  constructor(parts: FaultScheduleParts) {
    this.#parts = parts
  }

  get summary(): string {
    return [...this.#counts].map(([name, count]) => `${name} ${count}`).join(', ')
  }

  /** Resolves when the time is up and everything is started and mended again. */
  async run(timeMs: number): Promise<void> {
    const { random } = this.#parts
    const endMs = performance.now() + timeMs
    while (performance.now() < endMs && this.#error === undefined) {
      const kind = random.below(wipeEvery * masterEvery)
      if (kind % wipeEvery === 0) await this.#wipe()
      else if (kind % masterEvery === 0) this.#disturbMaster()
      else this.#disturbWorker()
      await sleep(random.below(2 * betweenMs))
    }
    await Promise.all(this.#running)
    if (this.#error !== undefined) throw this.#error
  }

  #disturbWorker(): void {
    const { cluster, links, disks, random } = this.#parts
    const disturbed = cluster.workers.filter((node) => this.#disturbed.has(node)).length
    const index = random.below(cluster.workers.length)
    const node = defined(cluster.workers[index], 'worker')
    if (disturbed >= defaultScheme.parityColumns || this.#disturbed.has(node)) return
    const number = Number(node.name.split('-')[1]) - 1
    this.#begin({ node, link: links[number], disk: disks[number] }, workerFaults)
  }

  #disturbMaster(): void {
    const { cluster, random } = this.#parts
    const node = defined(cluster.masters[random.below(cluster.masters.length)], 'master')
    if (cluster.masters.some((master) => this.#disturbed.has(master))) return
    this.#begin({ node, link: undefined, disk: undefined }, masterFaults)
  }

  #begin(victim: Victim, faults: Readonly<Record<string, Fault>>): void {
    const random = this.#parts.random.fork()
    const [name, fault] = defined(Object.entries(faults)[random.below(Object.keys(faults).length)], 'fault')
    this.#do(victim.node, name, async () => await fault(victim, random))
  }

  /** For good: it comes back as a new worker. Waits for what is under way, and for the cluster to be whole by its own word and by count. */
  async #wipe(): Promise<void> {
    const { cluster, random, honesty } = this.#parts
    await Promise.all(this.#running)
    if (!(await this.#becomesWhole())) return
    const node = defined(cluster.workers[random.below(cluster.workers.length)], 'worker')
    const empty = async (): Promise<void> => {
      await node.kill()
      await rm(node.dataDirectory, { recursive: true })
    }
    await honesty.exclusively(empty)
    this.#do(node, 'disk lost', async () => await node.start())
  }

  async #becomesWhole(): Promise<boolean> {
    const endMs = performance.now() + wholeMaxMs
    while (performance.now() < endMs) {
      if (await this.#parts.honesty.check()) return true
      await sleep(500)
    }
    console.log(`not whole in time for a lost disk: ${this.#parts.honesty.last}`)
    return false
  }

  #do(node: RealNode, what: string, work: () => Promise<void>): void {
    const role = node.name.split('-')[0] ?? node.name
    this.#counts.set(`${role} ${what}`, (this.#counts.get(`${role} ${what}`) ?? 0) + 1)
    console.log(`${(performance.now() / 1000).toFixed(1)} s: ${node.name} ${what}`)
    this.#disturbed.add(node)
    const running = work()
      .catch((error: unknown) => {
        this.#error ??= error instanceof Error ? error : new Error(String(error))
      })
      .finally(() => {
        this.#disturbed.delete(node)
        this.#running.delete(running)
      })
    this.#running.add(running)
  }
}
