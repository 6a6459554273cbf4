// /api/v1/buckets: listing, making, changing and removing buckets; versioning, owners and quotas.

import { FrostError } from '../../base/errors.ts'
import type { BucketInfo } from '../../master/file-service.ts'
import type { BucketUsage } from '../../meta/contract/bucket-metadata.ts'
import { checkUserName } from '../auth/accounts.ts'
import { decide } from '../auth/authorizer.ts'
import type { Exchange } from '../http/exchange.ts'
import { receiveJson } from '../http/json-body.ts'
import type { JsonFields } from '../http/json-body.ts'
import { booleanParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import { accessOf, askLeave } from './access-parts.ts'
import { formatTime } from './json-forms.ts'
import { bucketOf } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'

const versionings = ['enabled', 'suspended'] as const
const readsMax = 16

export async function handleListBuckets(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const withUsage = booleanParameter(query, 'usage')
  const all = await parts.files.listBuckets()
  const buckets = all.filter(({ name }) => decide(exchange.principal, 'file:list', name).isAllowed)
  const usages = withUsage ? await usagesOf(parts, buckets) : new Map<string, BucketUsage>()
  const names = new Map<string, Promise<string | undefined>>()
  const answers = buckets.map(async (bucket) => await describeBucket(parts, bucket, { usages, names }))
  exchange.sendJson(200, await Promise.all(answers))
}

export async function handleCreateBucket(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const bucket = namedBucket(query)
  await parts.files.createBucket(bucket, exchange.principal.user?.canonicalId)
  exchange.sendJson(201, { name: bucket })
}

export async function handleChangeBucket(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const name = namedBucket(query)
  const fields = await receiveJson(exchange, parts.clock)
  const versioning = fields.choice('versioning', versionings)
  const quotaBytes = quotaOf(fields)
  const owner = fields.text('owner')
  fields.end()
  // Who owns a bucket pays for it: a limit, or another owner, is the administrators' to give.
  if ((quotaBytes !== undefined || owner !== undefined) && parts.access !== undefined)
    askLeave(exchange, parts, 'quota:change')
  const changed = await parts.files.changeBucket({
    name,
    ...(versioning === undefined ? {} : { versioning }),
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
    ...(owner === undefined ? {} : { owner: await canonicalIdOf(parts, owner) }),
  })
  const usages = await usagesOf(parts, [changed])
  exchange.sendJson(200, await describeBucket(parts, changed, { usages, names: new Map() }))
}

export async function handleRemoveBucket(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const bucket = namedBucket(query)
  try {
    await parts.files.removeBucket(bucket)
  } finally {
    parts.access?.control.forget() // Its grants went with it.
  }
  exchange.sendJson(200, { name: bucket })
}

/** 0: none. @throws FrostError `bad-request`. */
export function quotaOf(fields: JsonFields): number | undefined {
  const bytes = fields.wholeNumber('quotaBytes')
  if (bytes !== undefined && bytes < 0)
    throw new FrostError('bad-request', 'A quota is a number of bytes.', { remedy: 'Give 0 for no limit.' })
  return bytes
}

/** By name. A bucket that has gone meanwhile has none. */
export async function usagesOf(
  { files }: RestParts,
  buckets: readonly BucketInfo[],
): Promise<ReadonlyMap<string, BucketUsage>> {
  const usages = new Map<string, BucketUsage>()
  for (let at = 0; at < buckets.length; at += readsMax) {
    const reads = buckets.slice(at, at + readsMax).map(async ({ name }) => {
      const usage = await files.bucketUsage(name)
      if (usage !== undefined) usages.set(name, usage)
    })
    await Promise.all(reads)
  }
  return usages
}

async function describeBucket(
  { access }: RestParts,
  bucket: BucketInfo,
  known: {
    readonly usages: ReadonlyMap<string, BucketUsage>
    /** Of users, by canonical id: each is asked for once. */
    readonly names: Map<string, Promise<string | undefined>>
  },
): Promise<unknown> {
  const { name, createdMs, owner: ownerId, versioning, objectLock, quotaBytes } = bucket
  const usage = known.usages.get(name)
  let owner = ownerId === undefined ? undefined : known.names.get(ownerId)
  if (ownerId !== undefined && owner === undefined && access !== undefined) {
    owner = access.reads.getUserByCanonicalId(ownerId).then((user) => user?.name)
    known.names.set(ownerId, owner)
  }
  return {
    name,
    created: formatTime(createdMs),
    owner: (await owner) ?? null,
    ownerId: ownerId ?? null,
    versioning: versioning ?? 'off',
    objectLock: objectLock === true,
    quotaBytes: quotaBytes ?? null,
    files: usage?.files ?? null,
    usedBytes: usage?.bytes ?? null,
  }
}

async function canonicalIdOf(parts: RestParts, user: string): Promise<string> {
  const row = await accessOf(parts).reads.getUser(checkUserName(user))
  if (row !== undefined) return row.canonicalId
  throw new FrostError('user-not-found', `There is no user ${user}.`)
}

/** Here the bucket is what the call is about, so it has no default. */
function namedBucket(query: Query): string {
  if (query.has('bucket')) return bucketOf(query)
  throw new FrostError('bucket-invalid', 'The request names no bucket.', { remedy: 'Give its name, as ?bucket=NAME.' })
}
