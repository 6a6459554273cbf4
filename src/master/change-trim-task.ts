// Keeps the change log of the metadata bounded. Those who follow it (docs/design/metadata.md) find the newest records there, and take
// what is older from the rows themselves.

import { MINUTE_MS } from '../base/units.ts'
import { trimMax } from '../meta/contract/change-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { BackgroundTask } from './background-task.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** Some 100 MB; at a thousand uploads a second those of the last eight minutes. */
const defaultChangesKept = 1_000_000
const everyMs = MINUTE_MS

export interface ChangeTrimPorts {
  readonly metadata: MetadataStore
  readonly lease: LeaseKeeper
}

export class ChangeTrimTask implements BackgroundTask {
  readonly name = 'change-trim'
  readonly #ports: ChangeTrimPorts
  readonly #kept: number

  constructor(ports: ChangeTrimPorts, kept = defaultChangesKept) {
    this.#ports = ports
    this.#kept = kept
  }

  async step(): Promise<number> {
    const { metadata, lease } = this.#ports
    if (lease.fence === undefined) return everyMs
    const through = (await metadata.visibleSequence()) - this.#kept
    if (through <= 0) return everyMs
    return (await metadata.trimChanges({ through })) < trimMax ? everyMs : 0
  }
}
