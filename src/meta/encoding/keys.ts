// The keys of all rows. The first byte is the table; docs/design/metadata.md lists them byte by byte.

import { assert } from '../../base/assert.ts'
import type { DataId, GroupId, ProcessId, VersionId, WorkerId } from '../../base/ids.ts'
import type { ByteString } from '../../ports/key-value.ts'
import type { BucketSettingKind } from '../contract/bucket-settings.ts'
import { bucketBytesMax, keyBytesMax } from '../contract/conventions.ts'
import type { CommandId, DataRef } from '../contract/conventions.ts'
import type { PurgeEntry } from '../contract/data-metadata.ts'
import type { MultipartId, MultipartName } from '../contract/multipart-metadata.ts'
import type { RepairEntry } from '../contract/repair-metadata.ts'
import { afterPrefix, hexPart, numberPart, textPart, uint32Part } from './key-parts.ts'

/** The cluster row. */
export const clusterKey: ByteString = '\x01\x00'
/** The highest ceiling ever published, and the horizon. */
export const horizonKey: ByteString = '\x01\x02'
/** The version of the map of placement groups. */
export const mapVersionKey: ByteString = '\x01\x03'
/** The last rebuild. */
export const rebuildKey: ByteString = '\x01\x04'

// What every commit changes lies side by side, from the end of the change log on, so that it shares pages.

/** The number of the last change. */
export const sequenceKey: ByteString = '\x11\x01'
/** How many entries the purge queue has. */
export const purgeCountKey: ByteString = '\x11\x02'
/** How many rows the table of recent data has. */
export const recentCountKey: ByteString = '\x11\x03'
/** There while metadata is behind (`ClusterRow.behind`), so that a commit need not decode the cluster's row. */
export const behindKey: ByteString = '\x11\x04'

/** Each ends with a byte below 255, so that `afterPrefix` bounds the table. */
export const tables = {
  bucket: '\x02',
  head: '\x03',
  kept: '\x04',
  data: '\x05',
  extentList: '\x06',
  purge: '\x07',
  process: '\x08',
  intent: '\x09',
  repair: '\x0a',
  repairCount: '\x0b',
  group: '\x0c',
  mapChange: '\x0d',
  worker: '\x0e',
  lease: '\x0f',
  change: '\x10',
  usage: '\x12',
  /** Data rows that were inserted lately, by their ids; the others are in `data`, by their groups. */
  recentData: '\x13',
  command: '\x14',
  /** Heads that are delete markers; apart, so that a listing of names passes none. */
  marker: '\x15',
  /** Where a kept version is, by its id. */
  keptById: '\x16',
  /** Data ids whose rows are dead and that are not in the purge queue. */
  deadData: '\x17',
  /** Where the null version of a key is, where it is a kept one. */
  nullKept: '\x18',
  /** Multipart uploads that are not completed. */
  multipart: '\x19',
  part: '\x1a',
  /** All multipart uploads, by when they began or were completed. */
  multipartTime: '\x1b',
  /** Settings of buckets. */
  setting: '\x1c',
  follower: '\x1d',
  /** How many versions have a list of extents. */
  listCount: '\x1e',
  /** Multipart uploads that were completed. */
  completed: '\x1f',
  // Access control (access-rows.ts), apart from what every commit changes.
  user: '\x20',
  /** Names of users by their canonical ids. */
  canonicalId: '\x21',
  /** Enabled users of the role `admin`. */
  administrator: '\x22',
  accessKey: '\x23',
  accessKeyOf: '\x24',
  token: '\x25',
  tokenOf: '\x26',
  /** By users. */
  grant: '\x27',
  /** By buckets. */
  grantOn: '\x28',
  shareLink: '\x29',
  shareLinkOf: '\x2a',
  // IAM (identity-rows.ts).
  managedPolicy: '\x30',
  /** Policies of users, groups of users and roles. */
  identity: '\x31',
  policyUse: '\x32',
  groupMember: '\x33',
  /** Master keys of object encryption. */
  encryptionKey: '\x38',
} as const

export function bucketKey(bucket: string): ByteString {
  return tables.bucket + bucketPart(bucket)
}

export function usageKey(bucket: string): ByteString {
  return tables.usage + bucketPart(bucket)
}

export function headPrefix(bucket: string): ByteString {
  return `${tables.head}${bucketPart(bucket)}\0`
}

export function headKey(bucket: string, key: string): ByteString {
  return headPrefix(bucket) + filePart(key)
}

export function markerPrefix(bucket: string): ByteString {
  return `${tables.marker}${bucketPart(bucket)}\0`
}

export function markerKey(bucket: string, key: string): ByteString {
  return markerPrefix(bucket) + filePart(key)
}

export function keptBucketPrefix(bucket: string): ByteString {
  return `${tables.kept}${bucketPart(bucket)}\0`
}

/** A zero byte of the key becomes 00 ff, its end is 00 01: so keys keep their order, and none is the start of another. */
export function keptPrefix(bucket: string, key: string): ByteString {
  return `${keptBucketPrefix(bucket)}${escapeZeros(filePart(key))}\0\x01`
}

export function escapeZeros(part: ByteString): ByteString {
  return part.replaceAll('\0', '\0\xff')
}

/** Newest first. */
export function keptKey(bucket: string, key: string, sequence: number): ByteString {
  return keptPrefix(bucket, key) + numberPart(Number.MAX_SAFE_INTEGER - sequence)
}

export function nullKeptKey(bucket: string, key: string): ByteString {
  return `${tables.nullKept}${bucketPart(bucket)}\0${filePart(key)}`
}

export function keptByIdKey(version: VersionId): ByteString {
  return tables.keptById + version
}

export function extentListKey(list: VersionId): ByteString {
  return tables.extentList + list
}

export function listCountKey(list: VersionId): ByteString {
  return tables.listCount + list
}

export function multipartBucketPrefix(bucket: string): ByteString {
  return `${tables.multipart}${bucketPart(bucket)}\0`
}

/** As `keptPrefix`. */
export function multipartPrefix(bucket: string, key: string): ByteString {
  return `${multipartBucketPrefix(bucket)}${escapeZeros(filePart(key))}\0\x01`
}

export function multipartKey({ bucket, key, upload }: MultipartName): ByteString {
  return multipartPrefix(bucket, key) + upload
}

export function completedKey(upload: MultipartId): ByteString {
  return tables.completed + upload
}

export function multipartTimeKey(timeMs: number, upload: MultipartId): ByteString {
  return tables.multipartTime + numberPart(timeMs) + upload
}

export function partPrefix(upload: MultipartId): ByteString {
  return tables.part + upload
}

export function partKey(upload: MultipartId, number: number): ByteString {
  return partPrefix(upload) + uint32Part(number)
}

export function settingKey(kind: BucketSettingKind, bucket: string): ByteString {
  return `${settingPrefix(kind)}${bucketPart(bucket)}`
}

export function settingPrefix(kind: BucketSettingKind): ByteString {
  return `${tables.setting}${kind}\0`
}

export function followerKey(name: string): ByteString {
  assert(name.length >= 1 && name.length <= 64, 'length of the name of a follower')
  return tables.follower + textPart(name)
}

export function dataKey(group: GroupId, dataId: DataId): ByteString {
  return tables.data + uint32Part(group) + hexPart(dataId)
}

export function recentDataKey(group: GroupId, dataId: DataId): ByteString {
  return tables.recentData + hexPart(dataId) + uint32Part(group)
}

export function deadDataKey({ group, dataId }: DataRef): ByteString {
  return tables.deadData + uint32Part(group) + hexPart(dataId)
}

export function purgeKey(entry: PurgeEntry): ByteString {
  return tables.purge + numberPart(entry.sequence) + uint32Part(entry.group) + hexPart(entry.dataId)
}

export function processKey(process: ProcessId): ByteString {
  return tables.process + hexPart(process)
}

export function intentPrefix(process: ProcessId): ByteString {
  return tables.intent + hexPart(process)
}

export function intentKey(process: ProcessId, ref: DataRef): ByteString {
  return intentPrefix(process) + hexPart(ref.dataId) + uint32Part(ref.group)
}

export function repairKey(entry: RepairEntry): ByteString {
  const data = tables.repair + uint32Part(entry.group) + hexPart(entry.dataId)
  if (entry.kind === 'slot') return `${data}\xff\xff\xff\xff${String.fromCharCode(entry.slot)}`
  return data + uint32Part(entry.block) + String.fromCharCode(entry.column)
}

export function repairCountKey(group: GroupId): ByteString {
  return tables.repairCount + uint32Part(group)
}

export function groupKey(group: GroupId): ByteString {
  return tables.group + uint32Part(group)
}

export function mapChangeKey(version: number): ByteString {
  return tables.mapChange + numberPart(version)
}

export function workerKey(worker: WorkerId): ByteString {
  return tables.worker + hexPart(worker)
}

export function leaseKey(name: string): ByteString {
  assert(name.length >= 1 && name.length <= 64, 'length of the name of a lease')
  return tables.lease + textPart(name)
}

export function changeKey(sequence: number): ByteString {
  return tables.change + numberPart(sequence)
}

export function commandKey(command: CommandId): ByteString {
  return tables.command + hexPart(command)
}

/** Bounds of all keys that start with `prefix`. */
export function within(prefix: ByteString): { readonly from: ByteString; readonly to: ByteString } {
  return { from: prefix, to: afterPrefix(prefix) }
}

export function bucketPart(bucket: string): ByteString {
  assert(bucket.length >= 1 && bucket.length <= bucketBytesMax && /^[!-~]+$/.test(bucket), 'name of a bucket')
  return bucket
}

function filePart(key: string): ByteString {
  const part = textPart(key)
  assert(part.length >= 1 && part.length <= keyBytesMax, 'length of a key')
  return part
}
