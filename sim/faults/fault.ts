// What a fault may touch, and what it leaves to be undone.

import type { SeededRandom } from '../../src/base/random.ts'
import type { SimulatedCluster } from '../cluster.ts'
import type { Supervisor } from '../supervisor.ts'
import type { WorkerNode } from '../worker-node.ts'
import type { World } from '../world.ts'

export interface FaultScene {
  readonly cluster: SimulatedCluster
  readonly world: World
  readonly supervisor: Supervisor
  readonly random: SeededRandom
  /** Workers that may lose what they hold; nobody else may. */
  readonly damaged: ReadonlySet<WorkerNode>
  /** Those of them that have lost everything: who they are now has lost nothing, and must not. */
  readonly spent: Set<WorkerNode>
}

export interface Struck {
  /** For people. */
  readonly text: string
  /** Called after `durationMs`, or when the faults stop. */
  readonly heal?: () => void
  readonly durationMs?: number
}

/** `undefined`: it cannot happen now. */
export type Fault = (scene: FaultScene) => Struck | undefined
