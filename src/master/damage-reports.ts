// What reads find missing or corrupt becomes repair work in metadata; and reads ask here who stands in for a column.

import type { DataRef } from '../meta/contract/conventions.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { FragmentRepair, RepairEntry } from '../meta/contract/repair-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Log } from '../ports/log.ts'
import { SECOND_MS } from '../base/units.ts'
import type { BackgroundTask } from './background-task.ts'
import type { StandIn } from './degraded-reader.ts'
import type { FragmentDamage } from './fragment-fetcher.ts'

/** Reports that wait to be stored; what is found beyond that is found again by the next read or the scrubber. */
const waitingMax = 10_000

export class DamageReports implements BackgroundTask {
  readonly name = 'damage reports'
  readonly #metadata: MetadataStore
  readonly #log: Log
  readonly #waiting = new Map<string, FragmentRepair>()
  #count = 0

  constructor(ports: { readonly metadata: MetadataStore; readonly log: Log }) {
    this.#metadata = ports.metadata
    this.#log = ports.log
  }

  /** Fragments found missing or corrupt since the start. */
  get count(): number {
    return this.#count
  }

  add(damage: FragmentDamage): void {
    const { key, worker, code, isHolder } = damage
    this.#count++
    this.#log.warn('A fragment was not read intact; the file was served from others.', {
      worker,
      code,
      group: key.group,
      dataId: key.dataId,
      block: key.block,
      column: key.column,
    })
    // A stand-in that lost its copy: the column is missing on its slot as recorded already.
    if (!isHolder || this.#waiting.size >= waitingMax) return
    this.#waiting.set(`${key.dataId} ${key.block} ${key.column}`, { kind: 'fragment', ...key })
  }

  async step(): Promise<number> {
    if (this.#waiting.size === 0) return SECOND_MS
    const taken = [...this.#waiting].slice(0, pageLimitMax)
    // A column with a stand-in keeps it: entries are a set, and adding one again would forget who stands in.
    const entries: FragmentRepair[] = []
    for (const [, entry] of taken) {
      const known = await this.#entriesOf(entry)
      if (
        !known.some(
          (other) => other.kind === 'fragment' && other.block === entry.block && other.column === entry.column,
        )
      )
        entries.push(entry)
    }
    if (entries.length > 0) await this.#metadata.addRepairs({ entries })
    for (const [name] of taken) this.#waiting.delete(name)
    return this.#waiting.size > 0 ? 0 : SECOND_MS
  }

  async standIns(ref: DataRef): Promise<readonly StandIn[]> {
    const standIns: StandIn[] = []
    for (const entry of await this.#entriesOf(ref)) {
      if (entry.kind === 'fragment' && entry.standIn !== undefined)
        standIns.push({ block: entry.block, column: entry.column, worker: entry.standIn })
    }
    return standIns
  }

  async #entriesOf({ group, dataId }: DataRef): Promise<readonly RepairEntry[]> {
    const entries: RepairEntry[] = []
    let after: RepairEntry | undefined
    do {
      const page = await this.#metadata.listRepairs({
        group,
        dataId,
        limit: pageLimitMax,
        ...(after === undefined ? {} : { after }),
      })
      entries.push(...page)
      after = page.length === pageLimitMax ? page.at(-1) : undefined
    } while (after !== undefined)
    return entries
  }
}
