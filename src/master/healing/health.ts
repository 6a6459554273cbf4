// What is known of the redundancy: the newest finding of each placement group, and what of it still stands. Nothing here is older than
// it says, and what is not known is counted as unknown.

import type { GroupId, VersionId, WorkerId } from '../../base/ids.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { Clock } from '../../ports/clock.ts'
import { lostMax } from '../../rpc/messages/healing-state.ts'
import type { Health } from '../../rpc/messages/healing-state.ts'
import type { GroupFinding, SlotFinding } from './group-comparison.ts'

export interface HealthPorts {
  readonly clock: Clock
  readonly groups: () => readonly GroupRow[]
  /** Another one once the worker has connected anew or has found damage; `undefined`: it does not answer. */
  readonly stampOf: (worker: WorkerId) => string | undefined
}

/** Of each slot. */
export type Basis = readonly string[]

interface Known {
  readonly finding: GroupFinding
  /** What the finding of each slot rests on: where it is another one by now, nothing is known of the slot. */
  readonly basis: Basis
  readonly begunAtMs: number
}

export class HealthBoard {
  readonly #ports: HealthPorts
  readonly #known = new Map<GroupId, Known>()

  constructor(ports: HealthPorts) {
    this.#ports = ports
  }

  /** Of a comparison that began at `begunAtMs` on the process's clock, on the basis of then. */
  record(finding: GroupFinding, begun: { readonly atMs: number; readonly basis: Basis }): void {
    this.#known.set(finding.group.group, { finding, basis: begun.basis, begunAtMs: begun.atMs })
  }

  forget(): void {
    this.#known.clear()
  }

  /** Who holds the group's slots since when, and how they answer. */
  basisOf(group: GroupRow): Basis {
    return group.slots.map(
      ({ worker, holderSinceEpoch }) => `${worker}@${holderSinceEpoch} ${this.#ports.stampOf(worker) ?? 'away'}`,
    )
  }

  /** How long ago the comparison of the group began; `undefined`: none was made on its present basis. */
  ageOf(group: GroupRow): number | undefined {
    const known = this.#known.get(group.group)
    if (known === undefined || !isSame(known.basis, this.basisOf(group))) return undefined
    return this.#ports.clock.monotonicMs() - known.begunAtMs
  }

  findingOf(group: GroupId): GroupFinding | undefined {
    return this.#known.get(group)?.finding
  }

  /** `repairs`: entries of the repair queue now, by group. */
  summary(repairs: ReadonlyMap<GroupId, number>): Health {
    const nowMs = this.#ports.clock.monotonicMs()
    let fragmentsMissing = 0
    let unknown = 0
    let atRisk: number | undefined = 0
    let lost: number | undefined = 0
    let comparedAgeMs: number | undefined = 0
    const names: VersionId[] = []
    for (const group of this.#ports.groups()) {
      const known = this.#known.get(group.group)
      const queued = repairs.get(group.group) ?? 0
      fragmentsMissing += Math.max(0, queued - (known?.finding.repairs ?? 0))
      if (known === undefined) {
        unknown += group.slots.length
        atRisk = undefined
        lost = undefined
        comparedAgeMs = undefined
        continue
      }
      if (comparedAgeMs !== undefined) comparedAgeMs = Math.max(comparedAgeMs, Math.round(nowMs - known.begunAtMs))
      const basis = this.basisOf(group)
      let missing = 0
      for (const [index, slot] of known.finding.slots.entries()) {
        const isKnown = slot.state === 'compared' && known.basis[index] === basis[index]
        if (!isKnown) unknown++
        missing += isKnown ? slot.missing : this.#missingOn(group, slot)
      }
      // The queue names fragments that stand in or were found lacking: they are among those missing, or nothing else knows of them.
      fragmentsMissing += Math.max(missing, Math.min(queued, known.finding.repairs))
      const stands = isSame(known.basis, basis) && !known.finding.isPartial
      atRisk = stands && atRisk !== undefined ? atRisk + known.finding.atRisk : undefined
      lost = stands && lost !== undefined ? lost + known.finding.lost.length : undefined
      names.push(...known.finding.lost)
    }
    return {
      fragmentsMissing,
      filesAtRisk: atRisk,
      filesLost: lost,
      lost: names.slice(0, lostMax),
      unknown,
      comparedAgeMs,
    }
  }

  /** Of a slot of which nothing is known: with its worker away everything is missing. */
  #missingOn(group: GroupRow, slot: SlotFinding): number {
    const isHolder = group.slots.some(({ worker }) => worker === slot.worker)
    return isHolder && this.#ports.stampOf(slot.worker) !== undefined ? slot.missing : slot.expected
  }
}

function isSame(left: Basis, right: Basis): boolean {
  return left.length === right.length && left.every((stamp, index) => stamp === right[index])
}
