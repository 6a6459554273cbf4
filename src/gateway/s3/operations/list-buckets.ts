// ListBuckets: those that the sender owns, or may read; by name, in pages where the client asks for them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html

import type { BucketRow } from '../../../meta/contract/bucket-metadata.ts'
import { writeListBucketsResult } from '../documents/list-buckets-result.ts'
import { clusterId } from '../owners.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { sendXml } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { countParameter } from '../s3-query.ts'
import type { Sender } from '../sender.ts'

const pageMax = 10_000
/** What a token is for; no bucket has this name. */
const scope = '/'

export async function handleListBuckets(call: S3Call, parts: S3Parts): Promise<void> {
  const { query, sender } = call
  parts.access.authorize(call, {})
  const limit = limitOf(call)
  const token = query.get('continuation-token')
  const after = token === undefined ? '' : readPageToken(parts, scope, token)
  const prefix = query.get('prefix')
  const region = query.get('bucket-region')
  const rows = await parts.objects.listBuckets()
  const all = rows.filter((row) => {
    const isAsked = row.name > after && (prefix === undefined || row.name.startsWith(prefix))
    return isAsked && (region === undefined || region === parts.region) && isShown(row, sender)
  })
  const page = limit === undefined ? all : all.slice(0, limit)
  const last = page.at(-1)
  const isPaged = limit !== undefined || prefix !== undefined || region !== undefined
  const user = sender.principal.user
  const body = writeListBucketsResult({
    owner: { id: user?.canonicalId ?? clusterId, displayName: user?.displayName ?? 'frostbyte' },
    buckets: page.map(({ name, createdMs }) => ({ name, createdMs, ...(isPaged ? { region: parts.region } : {}) })),
    prefix,
    ...(page.length < all.length && last !== undefined
      ? { continuationToken: makePageToken(parts, scope, last.name) }
      : {}),
  })
  sendXml(call, body)
}

function limitOf({ query }: S3Call): number | undefined {
  const limit = countParameter(query, 'max-buckets', Number.MAX_SAFE_INTEGER)
  if (limit === undefined || (limit >= 1 && limit <= pageMax)) return limit
  throw new S3Error('InvalidArgument', 'Argument max-buckets must be an integer between 1 and 10000', {
    fields: { ArgumentName: 'max-buckets', ArgumentValue: String(limit) },
  })
}

/** Policies of buckets are not asked: with AWS, too, a bucket of somebody else is not listed. */
function isShown({ name, owner }: BucketRow, { principal }: Sender): boolean {
  const { user, grants, scope: limited } = principal
  if (user === undefined) return false
  if (limited?.buckets !== undefined && !limited.buckets.includes(name)) return false
  return user.role !== 'none' || grants.has(name) || owner === user.canonicalId
}
