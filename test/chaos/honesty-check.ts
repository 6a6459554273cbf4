// Asks the cluster for its health again and again, and where it says that it is whole, counts: everything that was live before it was
// asked must be there. While it counts nothing may be destroyed, so whoever wipes a disk waits for it.

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { readStatus, saysWhole } from '../harness/cluster-status.ts'
import type { FragmentAudit } from '../harness/fragment-audit.ts'
import type { RealCluster } from '../harness/real-cluster.ts'

const everyMs = 1500

export class HonestyCheck {
  asked = 0
  saidWhole = 0
  /** What was said last. */
  last = ''
  readonly #cluster: RealCluster
  readonly #audit: FragmentAudit
  readonly #running: Promise<void>
  #turn: Promise<unknown> = Promise.resolve()
  #isStopped = false

  constructor(cluster: RealCluster, audit: FragmentAudit) {
    this.#cluster = cluster
    this.#audit = audit
    this.#running = this.#run()
    this.#running.catch(() => undefined)
  }

  /** @throws what it found. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  /** Whether it says that it is whole, which is true then. */
  async check(): Promise<boolean> {
    return await this.exclusively(async () => {
      const before = await this.#audit.expectation()
      const running = new Set(this.#cluster.workers.filter(({ isRunning }) => isRunning))
      const status = await this.#ask()
      if (status === undefined) return false
      this.asked++
      this.last = `${JSON.stringify(status.redundancy)} ${JSON.stringify(status.healing)}`
      if (!saysWhole(status)) return false
      this.saidWhole++
      const { missing } = await this.#audit.run(before)
      const shown = missing.slice(0, 5).map((fragment) => JSON.stringify(fragment))
      assert.equal(missing.length, 0, `it said whole, and ${missing.length} fragments are missing: ${shown.join(' ')}`)
      // Who was dead before it was asked, and still is, cannot have answered a comparison since its connection broke.
      const addresses = new Set(status.groups.flatMap(({ workers }) => workers))
      const dead = this.#cluster.workers.filter((node) => !running.has(node) && !node.isRunning)
      const deadHolders = status.workers.filter(
        ({ id, address }) => addresses.has(id) && dead.some((node) => node.addresses['internal'] === address),
      )
      assert.deepEqual(deadHolders, [], 'it said whole while the holder of a slot was dead')
      return true
    })
  }

  /** Calls `work` while nobody counts. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return await turn
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.check()
      await sleep(everyMs)
    }
  }

  /** `undefined`: nobody answers now. */
  async #ask(): Promise<Awaited<ReturnType<typeof readStatus>> | undefined> {
    const index = this.asked % this.#cluster.masters.length
    try {
      return await readStatus(this.#cluster.urlOf(index))
    } catch {
      return undefined
    }
  }
}
