// What reads find missing or corrupt becomes repair work in metadata; and reads ask here who stands in for a column.
//
// A fragment that is missing may just have been deleted with its file: it is called damaged only once metadata says that the data id still
// lives. Each is told once in a while, however many reads meet it.

import type { GroupId } from '../base/ids.ts'
import { columnsMax } from '../base/scheme.ts'
import { MINUTE_MS, SECOND_MS } from '../base/units.ts'
import type { DataRef } from '../meta/contract/conventions.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { FragmentRepair } from '../meta/contract/repair-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { FragmentKey } from '../rpc/messages/fragment.ts'
import type { BackgroundTask } from './background-task.ts'
import type { StandIn } from './degraded-reader.ts'
import type { FragmentDamage } from './fragment-fetcher.ts'

/** Reports that wait to be stored, and those remembered; what is found beyond that is found again by the next read or the scrubber. */
const waitingMax = 10_000
/** So long a fragment that was told of is not told of again. */
const rememberedMs = 10 * MINUTE_MS

export interface DamageReportsPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly log: Log
}

export class DamageReports implements BackgroundTask {
  readonly name = 'damage reports'
  readonly #ports: DamageReportsPorts
  readonly #waiting = new Map<string, FragmentDamage>()
  readonly #told = new Set<string>()
  #toldSinceMs: number
  #count = 0

  constructor(ports: DamageReportsPorts) {
    this.#ports = ports
    this.#toldSinceMs = ports.clock.monotonicMs()
  }

  /** Fragments found missing or corrupt since the start. */
  get count(): number {
    return this.#count
  }

  add(damage: FragmentDamage): void {
    const { key, worker, code } = damage
    const name = `${key.dataId} ${key.block} ${key.column} ${worker}`
    if (this.#told.has(name) || this.#waiting.size >= waitingMax) return
    this.#told.add(name)
    this.#waiting.set(name, damage)
    // What fails its check is damaged whatever becomes of its file.
    if (code === 'fragment-corrupt') this.#tell(damage)
  }

  async step(): Promise<number> {
    this.#forget()
    const taken = [...this.#waiting].slice(0, pageLimitMax)
    if (taken.length === 0) return SECOND_MS
    const { metadata } = this.#ports
    const rows = await metadata.getDataRows(taken.map(([, { key }]) => ({ group: key.group, dataId: key.dataId })))
    const entries: FragmentRepair[] = []
    for (const [index, [, damage]] of taken.entries()) {
      if (rows[index]?.state !== 'live') continue
      if (damage.code === 'fragment-missing') this.#tell(damage)
      // A stand-in that lost its copy: the column is missing on its slot as recorded already. And a column with a stand-in keeps it:
      // entries are a set, and adding one again would forget who stands in.
      if (damage.isHolder && !(await this.#isRecorded(damage.key))) entries.push({ kind: 'fragment', ...damage.key })
    }
    if (entries.length > 0) await metadata.addRepairs({ entries })
    for (const [name] of taken) this.#waiting.delete(name)
    return this.#waiting.size > 0 ? 0 : SECOND_MS
  }

  async standIns(ref: DataRef, block: number): Promise<readonly StandIn[]> {
    const standIns: StandIn[] = []
    for (const { column, standIn } of await this.#entriesOf(ref, block)) {
      if (standIn !== undefined) standIns.push({ column, worker: standIn })
    }
    return standIns
  }

  async #isRecorded({ group, dataId, block, column }: FragmentKey): Promise<boolean> {
    return (await this.#entriesOf({ group, dataId }, block)).some((entry) => entry.column === column)
  }

  /** The entries of one block: of all that the data id has, few are looked at. */
  async #entriesOf(ref: DataRef, block: number): Promise<readonly FragmentRepair[]> {
    const before = { kind: 'fragment', ...ref, block: block - 1, column: columnsMax - 1 } as const
    const page = await this.#ports.metadata.listRepairs({
      group: ref.group,
      dataId: ref.dataId,
      limit: columnsMax,
      ...(block === 0 ? {} : { after: before }),
    })
    return page.filter((entry): entry is FragmentRepair => entry.kind === 'fragment' && entry.block === block)
  }

  #tell({ key, worker, code }: FragmentDamage): void {
    this.#count++
    this.#ports.log.warn('A fragment was not read intact; the file was served from others.', {
      worker,
      code,
      ...fieldsOf(key),
    })
  }

  #forget(): void {
    const nowMs = this.#ports.clock.monotonicMs()
    if (nowMs - this.#toldSinceMs < rememberedMs && this.#told.size < waitingMax) return
    this.#toldSinceMs = nowMs
    this.#told.clear()
    for (const name of this.#waiting.keys()) this.#told.add(name)
  }
}

function fieldsOf({ group, dataId, block, column }: FragmentKey): {
  readonly group: GroupId
  readonly dataId: string
  readonly block: number
  readonly column: number
} {
  return { group, dataId, block, column }
}
