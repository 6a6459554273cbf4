// What there is, counted without asking the cluster about itself: the rows as metadata has them, and the fragments as each worker's store
// lists them. Every other checker of the end state compares the two.

import type { DataId, GroupId, WorkerId } from '../../src/base/ids.ts'
import type { PlacementGroup } from '../../src/cluster/placement-group.ts'
import type { DataRow } from '../../src/meta/contract/data-metadata.ts'
import type { RepairEntry } from '../../src/meta/contract/repair-metadata.ts'
import type { MultipartRow } from '../../src/meta/contract/multipart-metadata.ts'
import type { ListVersionsRequest, VersionPage } from '../../src/meta/contract/version-metadata.ts'
import type { VersionRow } from '../../src/meta/contract/version-row.ts'
import type { MetadataStore } from '../../src/meta/metadata-store.ts'
import type { FragmentKey } from '../../src/store/contract.ts'
import type { SimulatedCluster } from '../cluster.ts'

export interface Holding {
  readonly worker: WorkerId
  readonly host: string
  readonly key: FragmentKey
}

/** What refers to data: a version with a list of extents refers through it, once for all versions that have it. */
export type DataOwner = Pick<VersionRow, 'extents' | 'extentList' | 'ownRecord'>

export interface Inventory {
  readonly groups: ReadonlyMap<GroupId, PlacementGroup>
  /** Newest and kept versions of every key, and parts of multipart uploads, by a name for people. */
  readonly owners: ReadonlyMap<string, DataOwner>
  /** Of unfinished multipart uploads. */
  readonly unfinished: readonly string[]
  readonly rows: readonly DataRow[]
  readonly repairs: readonly RepairEntry[]
  /** Good fragments by `fragmentName`. */
  readonly fragments: ReadonlyMap<string, readonly Holding[]>
  /** Data ids that stores list, good or damaged. */
  readonly listed: readonly { readonly host: string; readonly group: GroupId; readonly dataId: DataId }[]
}

const pageLimit = 1000

export function fragmentName({ group, dataId, block, column }: FragmentKey): string {
  return `${group} ${dataId} ${block} ${column}`
}

/** Of the workers that run, through the metadata of one master. */
export async function takeInventory(cluster: SimulatedCluster, metadata: MetadataStore): Promise<Inventory> {
  const { groups } = await metadata.listGroups({ since: 0, limit: pageLimit })
  const rows: DataRow[] = []
  const repairs: RepairEntry[] = []
  for (const { group } of groups) {
    rows.push(...(await allRows(metadata, group)))
    repairs.push(...(await allRepairs(metadata, group)))
  }
  const uploads = await allMultiparts(metadata)
  const parts = await allParts(metadata, uploads)
  return {
    groups: new Map(groups.map((group) => [group.group, group])),
    owners: new Map([...(await allVersions(metadata)), ...parts]),
    unfinished: uploads.map(({ key, upload }) => `${key} ${upload}`),
    rows,
    repairs,
    ...listStores(cluster, groups),
  }
}

function listStores(
  cluster: SimulatedCluster,
  groups: readonly PlacementGroup[],
): Pick<Inventory, 'fragments' | 'listed'> {
  const fragments = new Map<string, Holding[]>()
  const listed: { host: string; group: GroupId; dataId: DataId }[] = []
  for (const node of cluster.workers) {
    if (!node.isServing) continue
    const { store } = node.worker
    for (const { group } of groups) {
      for (const { key } of store.list({ group, limit: 10_000 })) {
        const name = fragmentName(key)
        const holding = { worker: node.id, host: node.host, key }
        const known = fragments.get(name)
        if (known === undefined) fragments.set(name, [holding])
        else known.push(holding)
      }
      for (const dataId of store.listDataIds({ group, limit: 10_000 })) listed.push({ host: node.host, group, dataId })
    }
  }
  return { fragments, listed }
}

async function allRows(metadata: MetadataStore, group: GroupId): Promise<readonly DataRow[]> {
  const rows: DataRow[] = []
  for (;;) {
    const after = rows.at(-1)?.dataId
    const page = await metadata.listDataRows({ group, limit: pageLimit, ...(after === undefined ? {} : { after }) })
    rows.push(...page)
    if (page.length < pageLimit) return rows
  }
}

async function allRepairs(metadata: MetadataStore, group: GroupId): Promise<readonly RepairEntry[]> {
  const entries: RepairEntry[] = []
  for (;;) {
    const after = entries.at(-1)
    const page = await metadata.listRepairs({ group, limit: pageLimit, ...(after === undefined ? {} : { after }) })
    entries.push(...page)
    if (page.length < pageLimit) return entries
  }
}

async function allVersions(metadata: MetadataStore): Promise<ReadonlyMap<string, DataOwner>> {
  const versions = new Map<string, DataOwner>()
  for (const { name: bucket } of await metadata.listBuckets()) {
    let at: Pick<ListVersionsRequest, 'after' | 'afterVersion'> | undefined = {}
    while (at !== undefined) {
      const page: VersionPage = await metadata.listVersions({ bucket, limit: pageLimit, ...at })
      for (const { key, version } of page.entries) {
        const row = await metadata.getVersion(bucket, key, version)
        if (row !== undefined && row.deleteMarker !== true) versions.set(`${key} ${version}`, row)
      }
      at = page.next
    }
  }
  return versions
}

/** Those that hold parts: what was completed holds none. */
async function allMultiparts(metadata: MetadataStore): Promise<readonly MultipartRow[]> {
  const rows: MultipartRow[] = []
  for (;;) {
    const after = rows.at(-1)
    const page = await metadata.listOldMultiparts({
      beforeMs: Number.MAX_SAFE_INTEGER,
      limit: pageLimit,
      ...(after === undefined ? {} : { after }),
    })
    rows.push(...page)
    if (page.length < pageLimit) return rows.filter(({ completed }) => completed === undefined)
  }
}

async function allParts(
  metadata: MetadataStore,
  uploads: readonly MultipartRow[],
): Promise<ReadonlyMap<string, DataOwner>> {
  const parts = new Map<string, DataOwner>()
  for (const { bucket, key, upload } of uploads) {
    for (const part of await metadata.listParts({ bucket, key, upload, after: 0, limit: pageLimit }))
      parts.set(`part ${part.number} of ${key} ${upload}`, part)
  }
  return parts
}
