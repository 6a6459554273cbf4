// No data without an owner, and no owner without data: every data row is named by as many versions as it counts, every fragment on a
// worker belongs to a live row, and nothing dead is left.

import type { Extent } from '../../src/meta/contract/version-row.ts'
import type { DataOwner, Inventory } from './inventory.ts'

export interface OwnerVerdict {
  /** Rows and versions that contradict each other: never allowed. */
  readonly contradictions: readonly string[]
  /** What waits to be collected: allowed for a while. */
  readonly leftovers: readonly string[]
}

export function checkOwners(inventory: Inventory, options: { readonly deadRowsMayStay: boolean }): OwnerVerdict {
  const contradictions: string[] = []
  const leftovers: string[] = []
  const references = new Map<string, number>()
  const lists = new Set<string>()
  for (const [key, owner] of inventory.owners) {
    for (const extent of distinct(namedBy(owner, lists))) {
      const name = `${extent.group} ${extent.dataId}`
      references.set(name, (references.get(name) ?? 0) + 1)
      const row = inventory.rows.find((other) => other.dataId === extent.dataId && other.group === extent.group)
      if (row?.state !== 'live') contradictions.push(`${key} names ${name}, whose row is ${row?.state ?? 'not there'}`)
    }
  }
  const live = new Set<string>()
  for (const row of inventory.rows) {
    const name = `${row.group} ${row.dataId}`
    if (row.state === 'live') {
      live.add(name)
      const count = references.get(name) ?? 0
      if (count !== row.references)
        contradictions.push(`${name} counts ${row.references} references; ${count} are there`)
    } else if (!options.deadRowsMayStay) {
      leftovers.push(`the dead row ${name}`)
    }
  }
  for (const { host, group, dataId } of inventory.listed) {
    if (!live.has(`${group} ${dataId}`)) leftovers.push(`${host} lists ${group} ${dataId}, which nobody owns`)
  }
  return { contradictions, leftovers }
}

/** `lists`: those that were met; a list refers once, however many versions have it. */
function namedBy({ extents, extentList, ownRecord }: DataOwner, lists: Set<string>): readonly Extent[] {
  const own = ownRecord === undefined ? [] : [ownRecord]
  if (extentList === undefined) return [...extents, ...own]
  if (lists.has(extentList)) return own
  lists.add(extentList)
  return [...extents, ...own]
}

/** An owner refers to a data id once, however many of its extents name it. */
function distinct(extents: readonly Extent[]): Iterable<Extent> {
  return new Map(extents.map((extent) => [`${extent.group} ${extent.dataId}`, extent])).values()
}
