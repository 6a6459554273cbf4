// Names of the objects that logs are written as. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html ("Log object key format")

import { accountId } from '../../policy/arn.ts'
import type { BucketLoggingStatus } from '../documents/bucket-logging-status.ts'

export type LoggingEnabled = NonNullable<BucketLoggingStatus['loggingEnabled']>

export interface LogObject {
  readonly setting: LoggingEnabled
  readonly source: string
  readonly region: string
  readonly deliveredMs: number
  /** Of the lines in it: with partitions by the time of events, all of one day. */
  readonly eventMs: number
  /** Makes it unique: 16 hex digits in capitals. */
  readonly unique: string
}

/** Whether an object may hold lines of one day only. */
export function isPartitionedByEvent({ targetObjectKeyFormat: format }: LoggingEnabled): boolean {
  return format?.partitioned !== undefined && format.partitioned.dateSource !== 'DeliveryTime'
}

export function logKeyOf(object: LogObject): string {
  const { setting, source, region, deliveredMs, eventMs, unique } = object
  const { targetPrefix: prefix, targetObjectKeyFormat: format } = setting
  if (format?.partitioned === undefined) return `${prefix}${stampOf(deliveredMs)}-${unique}`
  const byEvent = isPartitionedByEvent(setting)
  const day = new Date(byEvent ? eventMs : deliveredMs).toISOString().slice(0, 10)
  // Of events, only the day is known for all of them.
  const stamp = byEvent ? `${day}-00-00-00` : stampOf(deliveredMs)
  return `${prefix}${accountId}/${region}/${source}/${day.replaceAll('-', '/')}/${stamp}-${unique}`
}

/** `2019-02-06-00-00-38` */
function stampOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')
}
