// What happens to objects with time. src/gateway/s3/rules/lifecycle.ts says what a rule means for a version; this file only
// reads and checks the rules, in the new form (Filter) and the old one (Prefix).
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html

import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { many, optional, record, required } from './shape/record.ts'
import { choice, flag, integer, text, timestamp } from './shape/scalars.ts'
import { checkLifecycle } from './lifecycle-checks.ts'
import { tag } from './tagging.ts'

const prefix = text({ max: 1024 })

const filter = record({
  // At most one of these.
  prefix: optional('Prefix', prefix),
  tag: optional('Tag', tag),
  sizeGreaterThan: optional('ObjectSizeGreaterThan', integer()),
  sizeLessThan: optional('ObjectSizeLessThan', integer()),
  and: optional(
    'And',
    record({
      prefix: optional('Prefix', prefix),
      tags: many('Tag', tag),
      sizeGreaterThan: optional('ObjectSizeGreaterThan', integer()),
      sizeLessThan: optional('ObjectSizeLessThan', integer()),
    }),
  ),
})
export type LifecycleFilter = ValueOf<typeof filter>

/** Kept and given back; what they do is decided elsewhere. */
const storageClass = choice('STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER', 'GLACIER_IR', 'DEEP_ARCHIVE')

const rule = record({
  /** Made up where the client gave none. */
  id: optional('ID', text()),
  status: required('Status', choice('Enabled', 'Disabled')),
  /** The old form; a rule has it or `filter`. */
  prefix: optional('Prefix', prefix),
  filter: optional('Filter', filter),
  expiration: optional(
    'Expiration',
    record({
      days: optional('Days', integer()),
      /** Midnight UTC, milliseconds since 1970. */
      dateMs: optional('Date', timestamp),
      /** A delete marker goes when it is the only version of its key. */
      expiredObjectDeleteMarker: optional('ExpiredObjectDeleteMarker', flag),
    }),
  ),
  noncurrentVersionExpiration: optional(
    'NoncurrentVersionExpiration',
    record({
      noncurrentDays: optional('NoncurrentDays', integer()),
      /** So many of the newest noncurrent versions stay, however old they are. */
      newerNoncurrentVersions: optional('NewerNoncurrentVersions', integer()),
    }),
  ),
  abortIncompleteMultipartUpload: optional(
    'AbortIncompleteMultipartUpload',
    record({ daysAfterInitiation: required('DaysAfterInitiation', integer()) }),
  ),
  transitions: many(
    'Transition',
    record({
      days: optional('Days', integer()),
      dateMs: optional('Date', timestamp),
      storageClass: required('StorageClass', storageClass),
    }),
  ),
  noncurrentVersionTransitions: many(
    'NoncurrentVersionTransition',
    record({
      noncurrentDays: required('NoncurrentDays', integer()),
      newerNoncurrentVersions: optional('NewerNoncurrentVersions', integer()),
      storageClass: required('StorageClass', storageClass),
    }),
  ),
})
export type LifecycleRule = ValueOf<typeof rule>

const configuration = record({ rules: many('Rule', rule, { min: 1 }) })
export type LifecycleConfiguration = ValueOf<typeof configuration>

export const lifecycleConfiguration = s3Document<LifecycleConfiguration>({
  root: 'LifecycleConfiguration',
  content: configuration,
  refine: (value) => {
    checkLifecycle(value.rules)
    return { rules: withIds(value.rules) }
  },
})

/** AWS makes up an id too. Ours says the place of the rule, so that the same document is stored as the same bytes. */
function withIds(rules: readonly LifecycleRule[]): readonly LifecycleRule[] {
  const taken = new Set(rules.map((one) => one.id))
  let next = 1
  return rules.map((one) => {
    if (one.id !== undefined && one.id !== '') return one
    while (taken.has(`rule-${next}`)) next++
    const id = `rule-${next++}`
    return { ...one, id }
  })
}
