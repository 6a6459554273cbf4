// How a bucket's configuration names a webhook: arn:frostbyte:sqs::NAME:webhook, as the server lists them. Taken as well, because clients
// bring them along: MinIO's form (arn:minio:sqs:REGION:NAME:webhook), and the ARN of an AWS queue or topic whose name is the webhook's, as
// tools send that check ARNs against AWS's own form.

const forms = /^arn:(?:(?:frostbyte|minio):sqs:[^:]*:(?<own>[^:]+):webhook|aws:(?:sqs|sns):[^:]*:\d*:(?<aws>[^:]+))$/

/** The webhook's name; `undefined`: the ARN is not one of a webhook. */
export function webhookOfArn(arn: string): string | undefined {
  const groups = forms.exec(arn)?.groups
  return groups?.['own'] ?? groups?.['aws']
}

export function arnOfWebhook(name: string): string {
  return `arn:frostbyte:sqs::${name}:webhook`
}
