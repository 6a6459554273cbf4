// Starts every node that has ended, as `frostbyte up` or an operator would: soon, again and again, unless it is held down or gone for good.

import type { SimulatedCluster } from './cluster.ts'
import type { MasterNode } from './master-node.ts'
import type { VirtualClock } from './ports/clock.ts'
import type { WorkerNode } from './worker-node.ts'

export type Node = MasterNode | WorkerNode

const lookEveryMs = 250
const restartMs = 1000

export class Supervisor {
  readonly #cluster: SimulatedCluster
  readonly #clock: VirtualClock
  readonly #notBefore = new Map<Node, number>()
  readonly #gone = new Set<Node>()
  readonly #starting = new Set<Node>()
  #isOver = false
  /** Why the last start of a node failed, while it does not run. */
  readonly failures = new Map<Node, unknown>()

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster
    this.#clock = cluster.time.createClock({ node: 'supervisor' })
  }

  get nodes(): readonly Node[] {
    return [...this.#cluster.masters, ...this.#cluster.workers]
  }

  isGone(node: Node): boolean {
    return this.#gone.has(node)
  }

  /** It is not started before so much time has passed. */
  holdDown(node: Node, forMs: number): void {
    this.#notBefore.set(node, this.#clock.monotonicMs() + forMs)
  }

  loseForGood(node: Node): void {
    this.#gone.add(node)
  }

  /** Whatever was held down may be started now. */
  release(): void {
    this.#notBefore.clear()
  }

  end(): void {
    this.#isOver = true
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      for (const node of this.nodes) this.#look(node)
      await this.#clock.sleep(lookEveryMs)
    }
  }

  #look(node: Node): void {
    if (node.isRunning || this.#gone.has(node) || this.#starting.has(node)) return
    if ((this.#notBefore.get(node) ?? 0) > this.#clock.monotonicMs()) return
    this.#starting.add(node)
    this.#start(node).then(
      () => {
        this.#starting.delete(node)
        this.failures.delete(node)
      },
      (error: unknown) => {
        this.#starting.delete(node)
        this.failures.set(node, error)
        node.kill()
        this.holdDown(node, restartMs)
      },
    )
  }

  /** Resolves also when it was killed meanwhile. */
  async #start(node: Node): Promise<void> {
    const started = node.start()
    await Promise.race([started, node.life.ended])
  }
}
