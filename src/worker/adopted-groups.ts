// The placement groups that this worker has adopted: durable before it serves them, so that after a crash it still refuses what was
// decided under an older epoch.

import { FrostError } from '../base/errors.ts'
import type { Epoch, GroupId } from '../base/ids.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import type { Disk } from '../ports/disk.ts'
import { decodeGroups, encodeGroups, groupsPerMessage } from '../rpc/messages/membership.ts'

/**
 * Pages of groups lie in files of their own, so that adopting one does not rewrite all. What a crash left half-written has
 * another name.
 */
const filePrefix = 'groups-'
const fileName = /^groups-\d+$/

export class AdoptedGroups {
  readonly #disk: Disk
  readonly #groups = new Map<GroupId, PlacementGroup>()
  /** Changes under way, and under which epoch they were let in. */
  readonly #admitted = new Map<GroupId, Set<{ readonly epoch: Epoch; readonly done: Promise<unknown> }>>()
  #writing: Promise<void> = Promise.resolve()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** @throws FrostError `store-corrupt`, `disk-failed`. */
  async open(): Promise<void> {
    for (const name of await this.#disk.list('')) {
      if (!fileName.test(name)) continue
      const bytes = await this.#disk.readSmall(name)
      try {
        for (const group of bytes === undefined ? [] : decodeGroups(bytes)) this.#groups.set(group.group, group)
      } catch (cause) {
        throw new FrostError('store-corrupt', `The file ${name} of adopted placement groups cannot be read.`, {
          cause,
          remedy: 'Remove it: the worker adopts its groups anew from the master.',
        })
      }
    }
  }

  /**
   * Durable when it resolves, and then nothing that was admitted under an older epoch is under way any more: what is listed
   * afterwards shows all of it. An older state than the known one changes nothing.
   */
  async adopt(groups: readonly PlacementGroup[]): Promise<void> {
    const write = this.#writing.then(async () => await this.#adopt(groups))
    this.#writing = write.catch(() => undefined)
    await write
    const older = groups.flatMap(({ group, epoch }) =>
      [...(this.#admitted.get(group) ?? [])].filter((change) => change.epoch < epoch),
    )
    await Promise.allSettled(older.map((change) => change.done))
  }

  /**
   * Does a change of the group that was decided under `epoch`.
   * @throws FrostError as `check`, and whatever `change` throws.
   */
  async admit<T>(
    { group, epoch, standIn }: { readonly group: GroupId; readonly epoch: Epoch; readonly standIn: boolean },
    change: () => Promise<T>,
  ): Promise<T> {
    this.check(group, epoch, { standIn })
    const admitted = this.#admitted.get(group) ?? new Set()
    this.#admitted.set(group, admitted)
    const done = change()
    const entry = { epoch, done }
    admitted.add(entry)
    try {
      return await done
    } finally {
      admitted.delete(entry)
      if (admitted.size === 0 && this.#admitted.get(group) === admitted) this.#admitted.delete(group)
    }
  }

  async #adopt(groups: readonly PlacementGroup[]): Promise<void> {
    const newer = groups.filter((group) => {
      const known = this.#groups.get(group.group)
      return (
        known === undefined || known.epoch < group.epoch || (known.epoch === group.epoch && known.state !== group.state)
      )
    })
    const pages = new Set(newer.map((group) => pageOf(group.group)))
    const merged = new Map(this.#groups)
    for (const group of newer) merged.set(group.group, group)
    for (const page of pages) {
      const members = [...merged.values()].filter((group) => pageOf(group.group) === page)
      await this.#disk.writeSmall(`${filePrefix}${page}`, encodeGroups(members))
    }
    for (const group of newer) this.#groups.set(group.group, group)
  }

  /** Groups above `after` in the order of their numbers, at most `limit`. */
  list({ after, limit }: { readonly after: number; readonly limit: number }): readonly PlacementGroup[] {
    const above = [...this.#groups.values()].filter(({ group }) => group > after)
    return above.toSorted((left, right) => left.group - right.group).slice(0, limit)
  }

  /**
   * Whether new data of the group may be taken under `epoch`.
   * @throws FrostError `epoch-stale`: the sender is behind; `group-not-adopted`: this worker is.
   */
  check(group: GroupId, epoch: Epoch, options: { readonly standIn: boolean }): void {
    const known = this.#groups.get(group)
    if (known !== undefined && known.epoch > epoch) {
      throw new FrostError(
        'epoch-stale',
        `Placement group ${group} is at epoch ${known.epoch}, the request at ${epoch}.`,
      )
    }
    // A stand-in holds no slot: it knows the group from the request alone.
    if (!options.standIn && (known === undefined || known.epoch < epoch)) {
      throw new FrostError('group-not-adopted', `Placement group ${group} at epoch ${epoch} was not adopted yet.`)
    }
  }
}

function pageOf(group: GroupId): number {
  return Math.floor(group / groupsPerMessage)
}
