// Object lock: the bucket's default retention, and retention and legal hold of one version.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html, .../API_PutObjectRetention.html,
// .../API_PutObjectLegalHold.html

import { S3Error } from '../s3-error.ts'
import { malformedXml } from '../xml/xml-reader.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { optional, record, required } from './shape/record.ts'
import { choice, integer, timestamp } from './shape/scalars.ts'

const retentionMode = choice('GOVERNANCE', 'COMPLIANCE')

const daysMax = 36_500
const yearsMax = 100

const configuration = record({
  enabled: optional('ObjectLockEnabled', choice('Enabled')),
  rule: optional(
    'Rule',
    record({
      defaultRetention: required(
        'DefaultRetention',
        record({
          mode: required('Mode', retentionMode),
          /** Either these or `years`. */
          days: optional('Days', integer()),
          years: optional('Years', integer()),
        }),
      ),
    }),
  ),
})
export type ObjectLockConfiguration = ValueOf<typeof configuration>

export const objectLockConfiguration = s3Document<ObjectLockConfiguration>({
  root: 'ObjectLockConfiguration',
  content: configuration,
  refine: (value) => {
    if (value.enabled === undefined) throw malformedXml()
    if (value.rule !== undefined) {
      const { days, years } = value.rule.defaultRetention
      if ((days === undefined) === (years === undefined)) throw malformedXml()
      checkPeriod(days, daysMax)
      checkPeriod(years, yearsMax)
    }
    return value
  },
})

function checkPeriod(period: number | undefined, max: number): void {
  if (period === undefined) return
  if (period <= 0) {
    throw new S3Error('InvalidRetentionPeriod', 'Default retention period must be a positive integer value.')
  }
  if (period > max) {
    throw new S3Error('InvalidRetentionPeriod', 'Default retention period too large.')
  }
}

const retention = record({
  mode: optional('Mode', retentionMode),
  /** Milliseconds since 1970. */
  retainUntilMs: optional('RetainUntilDate', timestamp),
})
/** Both or none: an empty one removes the retention (with the right to bypass it). */
export type Retention = ValueOf<typeof retention>

/** Whether the date lies in the future is decided by who knows the time. */
export const objectRetention = s3Document<Retention>({
  root: 'Retention',
  content: retention,
  refine: (value) => {
    if ((value.mode === undefined) !== (value.retainUntilMs === undefined)) throw malformedXml()
    return value
  },
})

const legalHold = record({ status: required('Status', choice('ON', 'OFF')) })
export type LegalHold = ValueOf<typeof legalHold>

export const objectLegalHold = s3Document<LegalHold>({ root: 'LegalHold', content: legalHold })
