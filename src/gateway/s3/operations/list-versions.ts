// ListObjectVersions: all versions and delete markers, by key, the newest first.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html

import { writeListVersionsResult } from '../documents/list-versions-result.ts'
import { listingOf } from '../listing-parameters.ts'
import { parseVersionName, versionNameOf } from '../object-names.ts'
import { ownerOf } from '../owners.ts'
import type { VersionPage } from '../../../meta/contract/version-metadata.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { sendXml } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { listed } from './list-objects.ts'

const nothing: VersionPage = { entries: [], prefixes: [] }

export async function handleListObjectVersions(call: S3Call, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  const { query, bucket, state } = call
  const listing = listingOf(query)
  const keyMarker = query.get('key-marker') ?? ''
  const versionIdMarker = query.get('version-id-marker') ?? ''
  if (versionIdMarker !== '' && keyMarker === '') {
    throw new S3Error('InvalidArgument', 'A version-id marker cannot be specified without a key marker.', {
      fields: { ArgumentName: 'version-id-marker', ArgumentValue: versionIdMarker },
    })
  }
  const afterVersion = versionIdMarker === '' ? undefined : parseVersionName(versionIdMarker, 'version-id-marker')
  const { prefix, delimiter, maxKeys, encodingType } = listing
  const page =
    maxKeys === 0
      ? nothing
      : await parts.objects.listVersions({
          bucket,
          limit: maxKeys,
          details: true,
          ...(prefix === '' ? {} : { prefix }),
          ...(delimiter === undefined ? {} : { delimiter }),
          ...(keyMarker === '' ? {} : { after: keyMarker }),
          ...(afterVersion === undefined ? {} : { afterVersion }),
        })
  const withName = await parts.owners.of(page.entries.map((entry) => ownerOf(entry, state)))
  const body = writeListVersionsResult({
    bucket,
    prefix,
    keyMarker,
    versionIdMarker,
    ...(page.next === undefined
      ? {}
      : { nextKeyMarker: page.next.after, nextVersionIdMarker: page.next.afterVersion ?? '' }),
    maxKeys,
    delimiter,
    encodingType,
    isTruncated: page.next !== undefined,
    versions: page.entries.map((entry) => {
      const named = { versionId: versionNameOf(entry), isLatest: entry.isLatest }
      const owner = withName(ownerOf(entry, state))
      if (!entry.isMarker) return { ...listed(entry, owner), ...named }
      return { isDeleteMarker: true, key: entry.key, modifiedMs: entry.modifiedMs, owner, ...named }
    }),
    commonPrefixes: page.prefixes,
  })
  sendXml(call, body)
}
