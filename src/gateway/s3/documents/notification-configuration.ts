// Where a bucket's events go. An empty document switches all of them off.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
//
// AWS has three kinds of destinations and an element for each; here all are the same thing, an ARN that names a webhook, and
// the kind is kept, so that a client gets back what it gave.

import { S3Error } from '../s3-error.ts'
import { eventsOverlap, isEventName } from './notification-events.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { many, optional, record, required } from './shape/record.ts'
import { text } from './shape/scalars.ts'

const configurationsMax = 100
const idCharactersMax = 255
const filterBytesMax = 1024

const filterRule = record({ name: required('Name', text()), value: required('Value', text()) })
const filter = record({ s3Key: optional('S3Key', record({ rules: many('FilterRule', filterRule, { max: 2 }) })) })

const common = {
  /** Made up where the client gave none. */
  id: optional('Id', text()),
  events: many('Event', text(), { min: 1 }),
  filter: optional('Filter', filter),
}
const queue = record({ ...common, arn: required('Queue', text({ min: 1, max: 2048 })) })
const topic = record({ ...common, arn: required('Topic', text({ min: 1, max: 2048 })) })
const cloudFunction = record({ ...common, arn: required('CloudFunction', text({ min: 1, max: 2048 })) })

/** The same for the three kinds. */
export type NotificationTarget = ValueOf<typeof queue>

const configuration = record({
  topics: many('TopicConfiguration', topic),
  queues: many('QueueConfiguration', queue),
  cloudFunctions: many('CloudFunctionConfiguration', cloudFunction),
  /** Kept and given back; there is no EventBridge. */
  eventBridge: optional('EventBridgeConfiguration', record({})),
})
export type NotificationConfiguration = ValueOf<typeof configuration>

export const notificationConfiguration = s3Document<NotificationConfiguration>({
  root: 'NotificationConfiguration',
  content: configuration,
  refine: (value) => {
    const all = targetsOf(value)
    if (all.length > configurationsMax) {
      throw invalid(`The number of notification configurations should not exceed ${configurationsMax}.`)
    }
    all.forEach(checkTarget)
    checkIds(all)
    checkOverlaps(all)
    return withIds(value)
  },
})

/** All configurations of the bucket, of whichever kind. */
export function targetsOf(value: NotificationConfiguration): readonly NotificationTarget[] {
  return [...value.topics, ...value.queues, ...value.cloudFunctions]
}

export interface KeyFilter {
  readonly prefix: string
  readonly suffix: string
}

export function keyFilterOf(target: NotificationTarget): KeyFilter {
  let prefix = ''
  let suffix = ''
  for (const { name, value } of target.filter?.s3Key?.rules ?? []) {
    if (name.toLowerCase() === 'prefix') prefix = value
    else suffix = value
  }
  return { prefix, suffix }
}

function checkTarget(target: NotificationTarget): void {
  if (!/^arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+$/.test(target.arn)) {
    throw invalid('The ARN is not well formed', { ArgumentName: 'Arn', ArgumentValue: target.arn })
  }
  if (target.id !== undefined && target.id.length > idCharactersMax) {
    throw invalid(`ID length should not exceed allowed limit of ${idCharactersMax}`)
  }
  for (const event of target.events) {
    if (isEventName(event)) continue
    throw invalid('A specified event is not supported for notifications.', {
      ArgumentName: 'Event',
      ArgumentValue: event,
    })
  }
  const names = new Set<string>()
  for (const { name, value } of target.filter?.s3Key?.rules ?? []) {
    const kind = name.toLowerCase()
    if (kind !== 'prefix' && kind !== 'suffix') throw invalid('filter rule name must be either prefix or suffix')
    if (names.has(kind)) throw invalid(`Cannot specify more than one ${kind} rule in a filter.`)
    names.add(kind)
    if (Buffer.byteLength(value) > filterBytesMax) {
      throw invalid(`Size of filter rule value cannot exceed ${filterBytesMax} bytes in UTF-8 representation`)
    }
  }
}

function checkIds(all: readonly NotificationTarget[]): void {
  const ids = all.map((target) => target.id).filter((id) => id !== undefined && id !== '')
  if (new Set(ids).size < ids.length) throw invalid('Same ID used for multiple configurations. IDs must be unique')
}

/** Two configurations may not want the same event of the same key: AWS would not know whom to tell. */
function checkOverlaps(all: readonly NotificationTarget[]): void {
  all.forEach((one, index) => {
    for (const other of all.slice(index + 1)) {
      if (!one.events.some((event) => other.events.some((another) => eventsOverlap(event, another)))) continue
      if (filtersOverlap(keyFilterOf(one), keyFilterOf(other))) {
        throw invalid('Configurations overlap. Configurations on the same bucket cannot share a common event type.')
      }
    }
  })
}

function filtersOverlap(one: KeyFilter, other: KeyFilter): boolean {
  const prefixes = one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix)
  const suffixes = one.suffix.endsWith(other.suffix) || other.suffix.endsWith(one.suffix)
  return prefixes && suffixes
}

function withIds(value: NotificationConfiguration): NotificationConfiguration {
  const taken = new Set(targetsOf(value).map((target) => target.id))
  let next = 1
  const named = (target: NotificationTarget): NotificationTarget => {
    if (target.id !== undefined && target.id !== '') return target
    while (taken.has(`configuration-${next}`)) next++
    return { ...target, id: `configuration-${next++}` }
  }
  return {
    ...value,
    topics: value.topics.map(named),
    queues: value.queues.map(named),
    cloudFunctions: value.cloudFunctions.map(named),
  }
}

function invalid(message: string, fields: Readonly<Record<string, string>> = {}): S3Error {
  return new S3Error('InvalidArgument', message, { fields })
}
