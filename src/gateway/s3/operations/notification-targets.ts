// What is asked of a notification configuration before it is kept: each destination is a webhook of the server, and takes a message that
// tests it. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html

import { targetsOf } from '../documents/notification-configuration.ts'
import type { NotificationConfiguration } from '../documents/notification-configuration.ts'
import { webhookOfArn } from '../events/webhook-arn.ts'
import type { BucketCall, S3Parts } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'

/** @throws S3Error `InvalidArgument`. */
export async function checkTargets(
  configuration: NotificationConfiguration,
  call: BucketCall,
  { webhooks, clock }: S3Parts,
): Promise<void> {
  const arns = new Map<string, string>()
  for (const { arn } of targetsOf(configuration)) {
    const name = webhookOfArn(arn)
    if (name === undefined || !webhooks.has(name)) throw unknownTarget(arn)
    arns.set(name, arn)
  }
  if (String(call.headers['x-amz-skip-destination-validation']).toLowerCase() === 'true') return
  const { requestId } = call.exchange
  const test = { bucket: call.bucket, requestId, atMs: clock.wallMs() }
  const tested = [...arns].map(async ([name, arn]) => ({ arn, failure: await webhooks.test(name, test) }))
  for (const { arn, failure } of await Promise.all(tested)) if (failure !== undefined) throw failedTarget(arn, failure)
}

function unknownTarget(arn: string): S3Error {
  const message =
    'A specified destination ARN does not exist or is not well-formed. Verify the destination ARN. ' +
    'The administrator says which webhooks there are, and arn:frostbyte:sqs::NAME:webhook is the ARN of one.'
  return new S3Error('InvalidArgument', message, { fields: { ArgumentName: 'Arn', ArgumentValue: arn } })
}

function failedTarget(arn: string, failure: string): S3Error {
  return new S3Error('InvalidArgument', 'Unable to validate the following destination configurations', {
    fields: { ArgumentName1: arn, ArgumentValue1: `The webhook did not take a test event: ${failure}` },
  })
}
