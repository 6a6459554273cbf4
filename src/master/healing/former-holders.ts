// Who held a slot before: until it is cleared, it is the best source of what the new holder lacks. Only remembered by
// the process that moved the slot; another one has lacking fragments decoded from the others instead.

import type { GroupId, WorkerId } from '../../base/ids.ts'

/** Of so many slots; what is forgotten costs only bytes read. */
const slotsMax = 10_000

export class FormerHolders {
  readonly #slots = new Map<string, WorkerId>()

  of(group: GroupId, slot: number): readonly WorkerId[] {
    const former = this.#slots.get(nameOf(group, slot))
    return former === undefined ? [] : [former]
  }

  add(group: GroupId, slot: number, worker: WorkerId): void {
    const name = nameOf(group, slot)
    this.#slots.delete(name)
    this.#slots.set(name, worker)
    const oldest = this.#slots.size > slotsMax ? this.#slots.keys().next().value : undefined
    if (oldest !== undefined) this.#slots.delete(oldest)
  }

  /** It has nothing of the slot any more. */
  remove(group: GroupId, slot: number): void {
    this.#slots.delete(nameOf(group, slot))
  }
}

function nameOf(group: GroupId, slot: number): string {
  return `${group} ${slot}`
}
