// What of a bucket is copied to others. Here it is only read and written; nothing is replicated by it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html

import { S3Error } from '../s3-error.ts'
import { malformedXml } from '../xml/xml-reader.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { many, optional, record, required } from './shape/record.ts'
import { choice, integer, text } from './shape/scalars.ts'
import { checkTags, objectTagsMax, tag } from './tagging.ts'

const rulesMax = 1000
const idCharactersMax = 255

const enabled = choice('Enabled', 'Disabled')
const prefix = text({ max: 1024 })
const status = record({ status: required('Status', enabled) })
const minutes = record({ minutes: required('Minutes', integer({ min: 0 })) })

const filter = record({
  prefix: optional('Prefix', prefix),
  tag: optional('Tag', tag),
  and: optional('And', record({ prefix: optional('Prefix', prefix), tags: many('Tag', tag) })),
})

const destination = record({
  bucket: required('Bucket', text({ min: 1, max: 2048 })),
  account: optional('Account', text({ max: 128 })),
  storageClass: optional('StorageClass', text({ max: 64 })),
  accessControlTranslation: optional(
    'AccessControlTranslation',
    record({ owner: required('Owner', choice('Destination')) }),
  ),
  encryptionConfiguration: optional(
    'EncryptionConfiguration',
    record({ replicaKmsKeyId: optional('ReplicaKmsKeyID', text({ max: 2048 })) }),
  ),
  replicationTime: optional(
    'ReplicationTime',
    record({ status: required('Status', enabled), time: required('Time', minutes) }),
  ),
  metrics: optional(
    'Metrics',
    record({ status: required('Status', enabled), eventThreshold: optional('EventThreshold', minutes) }),
  ),
})

const rule = record({
  id: optional('ID', text()),
  priority: optional('Priority', integer({ min: 0, max: 2 ** 31 - 1 })),
  /** The old form, without `filter`. */
  prefix: optional('Prefix', prefix),
  filter: optional('Filter', filter),
  status: required('Status', enabled),
  sourceSelectionCriteria: optional(
    'SourceSelectionCriteria',
    record({
      sseKmsEncryptedObjects: optional('SseKmsEncryptedObjects', status),
      replicaModifications: optional('ReplicaModifications', status),
    }),
  ),
  existingObjectReplication: optional('ExistingObjectReplication', status),
  destination: required('Destination', destination),
  deleteMarkerReplication: optional('DeleteMarkerReplication', record({ status: optional('Status', enabled) })),
})

const configuration = record({
  role: optional('Role', text({ max: 2048 })),
  rules: many('Rule', rule, { min: 1, max: rulesMax }),
})
export type ReplicationConfiguration = ValueOf<typeof configuration>

export const replicationConfiguration = s3Document<ReplicationConfiguration>({
  root: 'ReplicationConfiguration',
  content: configuration,
  refine: (value) => {
    const ids = new Set<string>()
    const priorities = new Set<number>()
    for (const one of value.rules) {
      if (one.filter !== undefined && one.prefix !== undefined) throw malformedXml()
      checkTags(tagsOf(one.filter), objectTagsMax)
      if (!/^arn:[^:\s]+:s3:[^:\s]*:[^:\s]*:\S+$/.test(one.destination.bucket)) {
        throw new S3Error('InvalidArgument', 'Invalid bucket ARN.')
      }
      if (one.id !== undefined && one.id !== '') {
        if (one.id.length > idCharactersMax) {
          throw new S3Error('InvalidArgument', `ID length should not exceed allowed limit of ${idCharactersMax}`)
        }
        if (ids.has(one.id)) throw new S3Error('InvalidArgument', 'Rule Id must be unique')
        ids.add(one.id)
      }
      if (one.priority !== undefined && priorities.has(one.priority)) {
        throw new S3Error('InvalidRequest', `Found duplicate priority ${one.priority}`)
      }
      if (one.priority !== undefined) priorities.add(one.priority)
    }
    return value
  },
})

function tagsOf(given: ValueOf<typeof filter> | undefined): readonly ValueOf<typeof tag>[] {
  if (given === undefined) return []
  const { and, tag: one } = given
  if ([given.prefix, one, and].filter((part) => part !== undefined).length > 1) throw malformedXml()
  if (and !== undefined) return and.tags
  return one === undefined ? [] : [one]
}
