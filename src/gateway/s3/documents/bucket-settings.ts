// The two small settings of a bucket: who pays, and transfer acceleration.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html,
// .../API_PutBucketAccelerateConfiguration.html

import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { optional, record, required } from './shape/record.ts'
import { choice } from './shape/scalars.ts'

const payment = record({ payer: required('Payer', choice('BucketOwner', 'Requester')) })
export type RequestPaymentConfiguration = ValueOf<typeof payment>

export const requestPaymentConfiguration = s3Document<RequestPaymentConfiguration>({
  root: 'RequestPaymentConfiguration',
  content: payment,
})

const acceleration = record({ status: optional('Status', choice('Enabled', 'Suspended')) })
/** Empty where it was never set. */
export type AccelerateConfiguration = ValueOf<typeof acceleration>

export const accelerateConfiguration = s3Document<AccelerateConfiguration>({
  root: 'AccelerateConfiguration',
  content: acceleration,
})
