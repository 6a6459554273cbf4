// ListParts and ListMultipartUploads: what is unfinished. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html,
// .../API_ListMultipartUploads.html

import { parseVersionId } from '../../../base/ids.ts'
import { endOfTurn } from '../../../base/steps.ts'
import type { MultipartPage, PartRow } from '../../../meta/contract/multipart-metadata.ts'
import { writeListMultipartUploadsResult, writeListPartsResult } from '../documents/multipart-results.ts'
import { addAbortHeaders } from '../lifecycle/lifecycle-headers.ts'
import { listingOf } from '../listing-parameters.ts'
import { checksumOfUpload, findUpload, multipartNameOf } from '../multipart-call.ts'
import { writtenChecksums } from '../object-checksums.ts'
import { storageClassOf } from '../object-properties.ts'
import { ownerOf } from '../owners.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { sendXml, xmlHeaders } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { countParameter } from '../s3-query.ts'

const pagePartsMax = 1000
const partNumberMax = 10_000

export async function handleListParts(call: S3Call, parts: S3Parts): Promise<void> {
  const { bucket, key, query, state } = call
  parts.access.authorize(call, {})
  const upload = await findUpload(call, parts)
  const limit = countParameter(query, 'max-parts', pagePartsMax) ?? pagePartsMax
  const after = countParameter(query, 'part-number-marker', partNumberMax) ?? 0
  const rows = await pageOf(call, parts, { after, limit: Math.max(limit, 1) })
  const shown = limit === 0 ? [] : rows
  const last = shown.at(-1)?.number
  const isTruncated =
    shown.length === limit && last !== undefined && (await pageOf(call, parts, { after: last, limit: 1 })).length > 0
  const how = checksumOfUpload(upload)
  const initiator = ownerOf({ owner: upload.initiator }, state)
  const owner = ownerOf(upload.template, state)
  const named = await parts.owners.of([initiator, owner])
  const body = writeListPartsResult({
    bucket,
    key,
    uploadId: upload.upload,
    initiator: named(initiator),
    owner: named(owner),
    storageClass: storageClassOf(upload.template),
    partNumberMarker: after,
    nextPartNumberMarker: last ?? after,
    maxParts: limit,
    isTruncated,
    checksumAlgorithm: how?.algorithm,
    checksumType: how?.type,
    parts: shown.map(({ number, modifiedMs, etag, id, sizeBytes, checksums = [] }) => ({
      partNumber: number,
      modifiedMs,
      etag: etag ?? id,
      sizeBytes,
      checksums: writtenChecksums(checksums, 1),
    })),
  })
  const headers = [...xmlHeaders]
  addAbortHeaders(headers, call, parts, upload)
  call.exchange.send(200, headers, body)
}

/** At most 10,000, each page in a turn of its own: where metadata is embedded, reading it does not wait for anything. */
export async function listAllParts(call: S3Call, parts: S3Parts): Promise<readonly PartRow[]> {
  const all: PartRow[] = []
  for (let after = 0; ;) {
    const page = await pageOf(call, parts, { after, limit: pagePartsMax })
    all.push(...page)
    if (page.length < pagePartsMax) return all
    after = page.at(-1)?.number ?? partNumberMax
    await endOfTurn(parts.clock)
  }
}

async function pageOf(
  call: S3Call,
  { objects }: S3Parts,
  page: { readonly after: number; readonly limit: number },
): Promise<readonly PartRow[]> {
  return await objects.listParts({ ...multipartNameOf(call), ...page })
}

const nothing: MultipartPage = { uploads: [], prefixes: [] }

export async function handleListMultipartUploads(call: S3Call, parts: S3Parts): Promise<void> {
  const { bucket, query, state } = call
  parts.access.authorize(call, {})
  const { prefix, delimiter, maxKeys, encodingType } = listingOf(query, 'max-uploads')
  const keyMarker = query.get('key-marker') ?? ''
  // Without a key, AWS pays no attention to it.
  const uploadIdMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '')
  const afterUpload = uploadIdMarker === '' ? undefined : parseVersionId(uploadIdMarker)
  if (uploadIdMarker !== '' && afterUpload === undefined) {
    throw new S3Error('InvalidArgument', 'Invalid uploadId marker', {
      fields: { ArgumentName: 'upload-id-marker', ArgumentValue: uploadIdMarker },
    })
  }
  const page =
    maxKeys === 0
      ? nothing
      : await parts.objects.listMultiparts({
          bucket,
          limit: maxKeys,
          ...(prefix === '' ? {} : { prefix }),
          ...(delimiter === undefined ? {} : { delimiter }),
          ...(keyMarker === '' ? {} : { afterKey: keyMarker }),
          ...(afterUpload === undefined ? {} : { afterUpload }),
        })
  const named = await parts.owners.of(
    page.uploads.flatMap(({ initiator, template }) => [ownerOf({ owner: initiator }, state), ownerOf(template, state)]),
  )
  const body = writeListMultipartUploadsResult({
    bucket,
    keyMarker,
    uploadIdMarker,
    ...(page.next === undefined
      ? {}
      : { nextKeyMarker: page.next.afterKey, nextUploadIdMarker: page.next.afterUpload ?? '' }),
    prefix,
    delimiter,
    encodingType,
    maxUploads: maxKeys,
    isTruncated: page.next !== undefined,
    uploads: page.uploads.map((upload) => ({
      key: upload.key,
      uploadId: upload.upload,
      initiator: named(ownerOf({ owner: upload.initiator }, state)),
      owner: named(ownerOf(upload.template, state)),
      storageClass: storageClassOf(upload.template),
      initiatedMs: upload.createdMs,
      checksumAlgorithm: checksumOfUpload(upload)?.algorithm,
      checksumType: checksumOfUpload(upload)?.type,
    })),
    commonPrefixes: page.prefixes,
  })
  sendXml(call, body)
}
