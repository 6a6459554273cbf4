// The message of an event, as AWS sends it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

import type { ChangeCause, ChangeNotice, ChangeRecord } from '../../../meta/contract/change-metadata.ts'
import { clusterId } from '../owners.ts'

/** One event for one webhook. */
export interface WebhookEvent {
  /** Of the change. */
  readonly sequence: number
  readonly bucket: string
  readonly key: string
  /** The version's id, where it goes by it. */
  readonly version: string | undefined
  readonly cause: ChangeCause
  readonly notice: ChangeNotice
}

/** What a change has to tell to one webhook; mostly nothing. */
export function eventsOf({ sequence, change }: ChangeRecord, webhook: string): readonly WebhookEvent[] {
  if (change.kind !== 'version' || change.cause === undefined) return []
  const { bucket, key, cause } = change
  const leftMarker = isDelete(cause.event) && change.version !== undefined
  const version = cause.versioned === true ? (change.version ?? change.replaced) : undefined
  return cause.notices
    .filter((notice) => notice.target === webhook && (notice.marker === true) === leftMarker)
    .map((notice) => ({ sequence, bucket, key, version, cause, notice }))
}

/** JSON. `region`: of the cluster. */
export function messageOf(event: WebhookEvent, { region }: { readonly region: string }): string {
  const { bucket, cause, notice } = event
  const name = eventNameOf(event)
  const record = {
    eventVersion: isOfFirstKinds(name) ? '2.1' : '2.3',
    eventSource: 'aws:s3',
    awsRegion: region,
    eventTime: new Date(cause.atMs).toISOString(),
    eventName: name,
    userIdentity: { principalId: cause.principal ?? 'anonymous' },
    requestParameters: { sourceIPAddress: cause.address },
    responseElements: { 'x-amz-request-id': cause.requestId, 'x-amz-id-2': cause.requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: notice.configuration,
      bucket: {
        name: bucket,
        ownerIdentity: { principalId: cause.bucketOwner ?? clusterId },
        arn: `arn:aws:s3:::${bucket}`,
      },
      object: objectOf(event),
    },
  }
  return JSON.stringify({ Records: [record] })
}

export interface TestMessage {
  readonly bucket: string
  readonly requestId: string
  readonly atMs: number
}

/** What a webhook gets when a bucket is told to use it. */
export function testMessageOf({ bucket, requestId, atMs }: TestMessage): string {
  return JSON.stringify({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(atMs).toISOString(),
    Bucket: bucket,
    RequestId: requestId,
    HostId: requestId,
  })
}

/**
 * Of two events of one key, that with the larger one is later (AWS: compared as text of hex digits). Its length never changes: no
 * cluster makes 2^64 changes.
 */
function sequencerOf(sequence: number): string {
  return sequence.toString(16).toUpperCase().padStart(16, '0')
}

/** Of an event for one webhook, the same at each attempt. */
export function eventIdOf({ sequence, cause, notice }: WebhookEvent): string {
  return `${sequencerOf(sequence)}-${cause.notices.indexOf(notice)}`
}

/** Without `s3:`. */
export function eventNameOf({ cause, notice }: WebhookEvent): string {
  const name = cause.event.replace(/^s3:/, '')
  return notice.marker === true ? name.replace(/:Delete$/, ':DeleteMarkerCreated') : name
}

/** As in forms: a space is a plus sign; AWS leaves the slash. */
function encodeKey(key: string): string {
  return encodeURIComponent(key.toWellFormed())
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

const emptyMd5 = 'd41d8cd98f00b204e9800998ecf8427e'

function objectOf(event: WebhookEvent): Readonly<Record<string, string | number>> {
  const { sequence, key, version, cause, notice } = event
  const names = {
    key: encodeKey(key),
    ...(version === undefined ? {} : { versionId: version }),
    sequencer: sequencerOf(sequence),
  }
  if (notice.marker === true) return { ...names, eTag: emptyMd5 }
  if (isDelete(cause.event)) return names
  return { ...names, size: cause.sizeBytes ?? 0, eTag: cause.etag ?? '' }
}

function isDelete(event: string): boolean {
  return event.startsWith('s3:ObjectRemoved:') || event.startsWith('s3:LifecycleExpiration:')
}

/** The version of the message that AWS gives each kind. */
function isOfFirstKinds(name: string): boolean {
  return name.startsWith('ObjectCreated:') || name.startsWith('ObjectRemoved:')
}
