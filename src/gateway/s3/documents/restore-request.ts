// The request to bring an archived object back. Nothing is archived here, so that only its grammar matters.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html

import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { optional, record } from './shape/record.ts'
import { choice, integer, text } from './shape/scalars.ts'

const tier = choice('Standard', 'Bulk', 'Expedited')

const request = record(
  {
    days: optional('Days', integer({ min: 1, max: 2 ** 31 - 1 })),
    tier: optional('Tier', tier),
    glacierJobParameters: optional('GlacierJobParameters', record({ tier: optional('Tier', tier) })),
    /** `SELECT` is refused by the face. */
    type: optional('Type', choice('SELECT')),
    description: optional('Description', text({ max: 1024 })),
  },
  { others: 'ignored' },
)
export type RestoreRequest = ValueOf<typeof request>

export const restoreRequest = s3Document<RestoreRequest>({ root: 'RestoreRequest', content: request })
