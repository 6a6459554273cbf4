// What a backup of metadata holds: what the workers could not give back. Files are not in it: each carries its manifest on the workers
// (docs/design/rebuild-metadata.md), and a list of files that went back in time would name as lost what was deleted or overwritten
// since (ADR 0075). Restored rows are those of metadata that lost its files: behind, until a rebuild has brought them back.

import { FrostError } from '../base/errors.ts'
import type { ByteString, KeyValueChange, KeyValueEntry, KeyValueView } from '../ports/key-value.ts'
import { learnSeen } from './contract/behind.ts'
import type { ClusterRow } from './contract/cluster-metadata.ts'
import { rootUserKey } from './encoding/access-rows.ts'
import { decodeCluster } from './encoding/cluster-rows.ts'
import { behindKey, clusterKey, tables, within } from './encoding/keys.ts'
import { encodePlainRow } from './encoding/plain-rows.ts'

/** Bounds the memory of a backup and of its restoring. */
const backupRowsMax = 1_000_000
const rowsAtOnce = 1_000

const backedUp: readonly ByteString[] = [
  tables.bucket,
  tables.setting,
  tables.user,
  tables.canonicalId,
  tables.administrator,
  tables.accessKey,
  tables.accessKeyOf,
  tables.token,
  tables.tokenOf,
  tables.grant,
  tables.grantOn,
  tables.shareLink,
  tables.shareLinkOf,
  tables.managedPolicy,
  tables.identity,
  tables.policyUse,
  tables.groupMember,
  tables.encryptionKey,
]

/** As of one moment. @throws FrostError `metadata-unavailable`: there is no cluster yet; `insufficient-storage`: too many rows. */
export function readBackup(view: KeyValueView): readonly KeyValueEntry[] {
  const cluster = view.get(clusterKey)
  if (cluster === undefined) throw new FrostError('metadata-unavailable', 'The metadata has no row of a cluster yet.')
  const entries: KeyValueEntry[] = [[clusterKey, cluster]]
  const rootUser = view.get(rootUserKey)
  if (rootUser !== undefined) entries.push([rootUserKey, rootUser])
  for (const table of backedUp) {
    for (const entry of entriesOf(view, table)) {
      if (entries.length >= backupRowsMax)
        throw new FrostError('insufficient-storage', `A backup holds at most ${backupRowsMax} rows.`)
      entries.push(entry)
    }
  }
  return entries
}

function* entriesOf(view: KeyValueView, table: ByteString): Generator<KeyValueEntry> {
  const { from: first, to } = within(table)
  let from = first
  while (true) {
    const page = view.range({ from, to, limit: rowsAtOnce })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < rowsAtOnce) return
    from = `${last[0]}\0`
  }
}

export interface RestoredRows {
  readonly cluster: ClusterRow
  /** For an empty map. */
  readonly changes: readonly KeyValueChange[]
}

/** @throws FrostError `store-corrupt`: not what a backup holds; `format-unsupported`: of another version of the program. */
export function restoreRows(entries: readonly KeyValueEntry[]): RestoredRows {
  const stored = entries.find(([key]) => key === clusterKey)?.[1]
  if (stored === undefined) throw new FrostError('store-corrupt', 'The backup has no row of a cluster.')
  const cluster = learnSeen(decodeCluster(stored), undefined)
  const others = entries.filter(([key]) => key !== clusterKey)
  if (!others.every(([key]) => key === rootUserKey || backedUp.includes(key.charAt(0))))
    throw new FrostError('store-corrupt', 'The backup has rows that no backup has.')
  return { cluster, changes: [...others, [clusterKey, encodePlainRow(cluster)], [behindKey, new Uint8Array(0)]] }
}
