// What connected workers know of the placement groups: the newest state of each that any has adopted, who holds data of it, and which
// workers the cluster must have.

import { columnsMax } from '../../base/scheme.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { GroupId, WorkerId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { PlacementGroup } from '../../cluster/placement-group.ts'
import { groupsPerUsagePage } from '../../rpc/messages/group-usage.ts'
import { groupsPerMessage } from '../../rpc/messages/membership.ts'
import type { WorkerLinks, WorkerLink } from '../worker-link.ts'

export interface GatheredGroups {
  /** The newest state of each. */
  readonly groups: ReadonlyMap<GroupId, PlacementGroup>
  /** Who holds anything of a group, also as a stand-in. */
  readonly holders: ReadonlyMap<GroupId, readonly WorkerId[]>
  /** The highest group that anybody knows; 0: none. */
  readonly highest: number
}

const askDeadlineMs = 10 * SECOND_MS
const workersAtOnce = 16

/** @throws FrostError where a worker does not answer. */
export async function gatherGroups(
  links: Pick<WorkerLinks, 'link'>,
  workers: readonly WorkerId[],
  signal: AbortSignal,
): Promise<GatheredGroups> {
  const groups = new Map<GroupId, PlacementGroup>()
  const holders = new Map<GroupId, WorkerId[]>()
  const ask = async (worker: WorkerId): Promise<void> => {
    const link = links.link(worker)
    if (link === undefined) return
    for await (const group of adoptedBy(link, signal))
      if (isNewer(group, groups.get(group.group))) groups.set(group.group, group)
    for await (const group of heldBy(link, signal)) {
      const others = holders.get(group)
      if (others === undefined) holders.set(group, [worker])
      else others.push(worker)
    }
  }
  for (let at = 0; at < workers.length; at += workersAtOnce) {
    await Promise.all(workers.slice(at, at + workersAtOnce).map(ask))
  }
  let highest = 0
  for (const group of [...groups.keys(), ...holders.keys()]) highest = Math.max(highest, group)
  return { groups, holders, highest }
}

/** A group that closed did so without a new epoch. */
function isNewer(group: PlacementGroup, known: PlacementGroup | undefined): boolean {
  if (!isSound(group)) return false
  if (known === undefined || group.epoch > known.epoch) return true
  return group.epoch === known.epoch && group.state === 'closed'
}

/** It comes from another node. */
function isSound({ scheme, slots }: PlacementGroup): boolean {
  return (
    isScheme(scheme) && new Set(slots.map(({ worker }) => worker)).size === scheme.dataColumns + scheme.parityColumns
  )
}

function isScheme({ dataColumns, parityColumns }: Scheme): boolean {
  return dataColumns >= 1 && parityColumns >= 1 && dataColumns + parityColumns <= columnsMax
}

async function* adoptedBy(link: WorkerLink, signal: AbortSignal): AsyncGenerator<PlacementGroup, void, undefined> {
  let after: GroupId | undefined
  for (;;) {
    const request = { limit: groupsPerMessage, ...(after === undefined ? {} : { after }) }
    const page = await link.adoptedGroups(request, { deadlineMs: askDeadlineMs, signal })
    yield* page
    after = page.at(-1)?.group
    if (page.length < groupsPerMessage) return
  }
}

async function* heldBy(link: WorkerLink, signal: AbortSignal): AsyncGenerator<GroupId, void, undefined> {
  let after: GroupId | undefined
  for (;;) {
    const page = await link.groupUsage(after, groupsPerUsagePage, { deadlineMs: askDeadlineMs, signal })
    for (const { group } of page) yield group
    after = page.at(-1)?.group
    if (page.length < groupsPerUsagePage) return
  }
}
