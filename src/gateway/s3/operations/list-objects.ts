// ListObjects and ListObjectsV2: the keys of a bucket in byte order, a page at a time. The listing itself is the master's; a page
// costs what it returns.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, .../API_ListObjects.html

import type { ListEntry, ListPage } from '../../../meta/contract/file-metadata.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import { checksumKindOf } from '../checksums.ts'
import type { Owner } from '../documents/access-control-policy.ts'
import { writeListObjectsResult, writeListObjectsV2Result } from '../documents/list-objects-result.ts'
import type { ListedObject } from '../documents/list-objects-result.ts'
import { listingOf } from '../listing-parameters.ts'
import type { Listing } from '../listing-parameters.ts'
import { defaultStorageClass } from '../object-properties.ts'
import { ownerOf } from '../owners.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { sendXml } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'

export async function handleListObjects(call: S3Call, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  const listing = listingOf(call.query)
  const marker = call.query.get('marker') ?? ''
  const page = await pageOf(call, parts, listing, marker)
  const { prefix, delimiter, maxKeys, encodingType } = listing
  const named = await parts.owners.of(page.entries.map((entry) => ownerOf(entry, call.state)))
  const body = writeListObjectsResult({
    bucket: call.bucket,
    prefix,
    delimiter,
    maxKeys,
    encodingType,
    marker,
    nextMarker: page.next,
    isTruncated: page.next !== undefined,
    contents: page.entries.map((entry) => listed(entry, named(ownerOf(entry, call.state)))),
    commonPrefixes: page.prefixes,
  })
  sendXml(call, body)
}

export async function handleListObjectsV2(call: S3Call, parts: S3Parts): Promise<void> {
  const { query, bucket, state } = call
  parts.access.authorize(call, {})
  const listing = listingOf(query)
  const startAfter = query.get('start-after')
  const token = query.get('continuation-token')
  if (token === '') {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
      fields: { ArgumentName: 'continuation-token' },
    })
  }
  const after = token === undefined ? (startAfter ?? '') : readPageToken(parts, bucket, token)
  const page = await pageOf(call, parts, listing, after)
  const withOwner = query.get('fetch-owner') === 'true'
  const named = await parts.owners.of(withOwner ? page.entries.map((entry) => ownerOf(entry, state)) : [])
  const { prefix, delimiter, maxKeys, encodingType } = listing
  const body = writeListObjectsV2Result({
    bucket,
    prefix,
    delimiter,
    maxKeys,
    encodingType,
    startAfter,
    continuationToken: token,
    ...(page.next === undefined ? {} : { nextContinuationToken: makePageToken(parts, bucket, page.next) }),
    isTruncated: page.next !== undefined,
    contents: page.entries.map((entry) => listed(entry, withOwner ? named(ownerOf(entry, state)) : undefined)),
    commonPrefixes: page.prefixes,
  })
  sendXml(call, body)
}

const nothing: ListPage = { entries: [], prefixes: [] }

async function pageOf({ bucket }: S3Call, parts: S3Parts, listing: Listing, after: string): Promise<ListPage> {
  const { prefix, delimiter, maxKeys } = listing
  if (maxKeys === 0) return nothing
  return await parts.objects.list({
    bucket,
    limit: maxKeys,
    details: true,
    ...(prefix === '' ? {} : { prefix }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(after === '' ? {} : { after }),
  })
}

export function listed(entry: ListEntry, owner: Owner | undefined): ListedObject {
  const { key, modifiedMs, etag, version, sizeBytes, details } = entry
  return {
    key,
    modifiedMs,
    etag: etag ?? version,
    sizeBytes,
    storageClass: details?.storageClass ?? defaultStorageClass,
    owner,
    ...(details?.checksumAlgorithms === undefined
      ? undefined
      : {
          checksumAlgorithms: known(details.checksumAlgorithms),
          checksumType: details.isChecksumComposite === true ? 'COMPOSITE' : 'FULL_OBJECT',
        }),
  }
}

function known(algorithms: readonly string[]): readonly ChecksumAlgorithm[] {
  return algorithms.flatMap((name) => checksumKindOf(name)?.algorithm ?? [])
}
