// A planted fault: what a defect in the product would do, done from outside through the ports, or in the place of one method. A simulator
// that does not catch these would not catch the defect either.

import type { MetadataStore } from '../../src/meta/metadata-store.ts'
import type { MutationRunner } from '../../src/meta/mutations.ts'
import type { Compute } from '../../src/ports/compute.ts'
import type { FaultName } from '../../src/ports/faults.ts'
import type { SimulatedCluster } from '../cluster.ts'
import type { MemoryMap } from '../ports/key-value.ts'

export interface Plant {
  /** Faults of every worker's disk. */
  readonly diskFaults?: readonly FaultName[]
  readonly compute?: (compute: Compute) => Compute
  /** Between a master and whoever decides its mutations. */
  readonly runner?: (runner: MutationRunner, cluster: SimulatedCluster) => MutationRunner
  /** What the master on that host sees of the metadata. */
  readonly metadata?: (metadata: MetadataStore, host: string) => MetadataStore
  /** The disk of the metadata. */
  readonly map?: () => MemoryMap
  /** The master that commits is killed. */
  readonly onKilled?: (map: MemoryMap) => void
  /** Puts something else in the place of a method of the product, for this run; what it gives puts that back. */
  readonly replace?: () => () => void
}

export const noPlant: Plant = {}
