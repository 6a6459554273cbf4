// CompleteMultipartUpload: parts become one object. No byte is moved, so the answer comes at once, with its own status: there is no need
// for AWS's 200 that is kept alive with white space and may hold an error in the end.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html

import { fromHex } from '../../../base/ids.ts'
import { endOfTurn, runInTurns } from '../../../base/steps.ts'
import type { ObjectInfo, Sealing } from '../../../master/object-service.ts'
import type { MultipartRow, PartRow } from '../../../meta/contract/multipart-metadata.ts'
import type { Checksum } from '../../../meta/contract/version-row.ts'
import { causeOf } from '../change-cause.ts'
import {
  checksumKinds,
  checksumTypeOf,
  formatChecksum,
  multipartChecksum,
  multipartEtag,
  parseObjectChecksum,
} from '../checksums.ts'
import { completeMultipartUpload } from '../documents/complete-multipart-upload.ts'
import type { PartToComplete } from '../documents/complete-multipart-upload.ts'
import { writeCompleteMultipartUploadResult } from '../documents/multipart-results.ts'
import { addEncryptionHeaders } from '../encryption/call-encryption.ts'
import { addExpirationHeader } from '../lifecycle/lifecycle-headers.ts'
import { checksumOfUpload, multipartNameOf, noSuchUpload } from '../multipart-call.ts'
import type { UploadChecksum } from '../multipart-call.ts'
import { checksumsOf, writtenChecksums } from '../object-checksums.ts'
import { addNewVersionHeader } from '../object-names.ts'
import { receiveDocument } from '../receive-body.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { headerOf, xmlHeaders } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { conditionally, writeConditionOf } from '../write-conditions.ts'
import { locationOf } from '../object-location.ts'
import { listAllParts } from './list-parts.ts'

const documentBytesMax = 2 * 1024 * 1024
/** Of every part but the last. */
const partBytesMin = 5 * 1024 * 1024
/** 50 TiB. */
const objectBytesMax = 50 * 1024 ** 4

export async function handleCompleteMultipartUpload(call: S3Call, parts: S3Parts): Promise<void> {
  const { bucket, key, headers, query } = call
  parts.access.authorize(call, {})
  const condition = writeConditionOf(headers)
  const document = await receiveDocument(call, parts, documentBytesMax)
  const request = await runInTurns(completeMultipartUpload.parseInSteps(document), parts.clock)
  const name = multipartNameOf(call)
  const upload = await parts.objects.findMultipart(name)
  if (upload === undefined) throw noSuchUpload(query)
  const chosen = upload.completed === undefined ? await choose(call, parts, request.parts) : []
  await endOfTurn(parts.clock)
  const sealing = upload.completed === undefined ? await sealingOf(call, parts, { upload, chosen }) : {}
  const info = await conditionally(parts.objects, { name: { bucket, key }, condition }, async () =>
    parts.objects.complete({
      ...name,
      parts: chosen.map(({ number, id }) => ({ number, id })),
      sealing,
      condition,
      cause: causeOf(call, parts, 's3:ObjectCreated:CompleteMultipartUpload'),
    }),
  )
  answer(call, parts, info)
}

/** The parts that are meant, checked one by one. @throws S3Error `InvalidPart`, `EntityTooSmall`, `EntityTooLarge`. */
async function choose(call: S3Call, parts: S3Parts, wanted: readonly PartToComplete[]): Promise<readonly PartRow[]> {
  const stored = new Map((await listAllParts(call, parts)).map((part) => [part.number, part]))
  const chosen = wanted.map((part) => {
    const found = stored.get(part.partNumber)
    if (found === undefined || (found.etag ?? found.id) !== part.etag || !hasChecksums(found, part)) {
      throw new S3Error('InvalidPart', undefined, {
        fields: { UploadId: call.query.get('uploadId') ?? '', PartNumber: String(part.partNumber), ETag: part.etag },
      })
    }
    return found
  })
  let sum = 0
  for (const [index, { number, sizeBytes, etag, id }] of chosen.entries()) {
    sum += sizeBytes
    if (sizeBytes >= partBytesMin || index === chosen.length - 1) continue
    throw new S3Error('EntityTooSmall', undefined, {
      fields: {
        ProposedSize: String(sizeBytes),
        MinSizeAllowed: String(partBytesMin),
        PartNumber: String(number),
        ETag: etag ?? id,
      },
    })
  }
  if (sum > objectBytesMax)
    throw new S3Error('EntityTooLarge', undefined, {
      fields: { ProposedSize: String(sum), MaxSizeAllowed: String(objectBytesMax) },
    })
  checkSize(call, sum)
  return chosen
}

/** Whether what the client says of a part's checksums is so; of what is not stored with the part it cannot be seen, so it is not taken. */
function hasChecksums({ checksums = [] }: PartRow, given: PartToComplete): boolean {
  return checksumKinds.every(({ algorithm }) => {
    const text = given[algorithm]
    const stored = checksums.find((checksum) => checksum.algorithm === algorithm)
    return text === undefined || (stored !== undefined && formatChecksum(stored, 1) === text)
  })
}

function checkSize({ headers }: S3Call, sum: number): void {
  const expected = headerOf(headers, 'x-amz-mp-object-size')
  if (expected === undefined || expected === String(sum)) return
  throw new S3Error(
    'InvalidRequest',
    `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${sum}`,
  )
}

async function sealingOf(
  call: S3Call,
  { compute, clock }: S3Parts,
  { upload, chosen }: { readonly upload: MultipartRow; readonly chosen: readonly PartRow[] },
): Promise<Sealing> {
  const etag = multipartEtag(
    compute,
    chosen.map(({ etag: own }) => fromHex(own ?? '')),
  )
  await endOfTurn(clock)
  const how = checksumOfUpload(upload)
  checkType(call, how)
  const values = chosen.flatMap(({ checksums, sizeBytes }) => {
    const own = checksums?.find(({ algorithm }) => algorithm === how?.algorithm)
    return own === undefined ? [] : [{ value: own.value, length: sizeBytes }]
  })
  const checksum =
    how === undefined || values.length < chosen.length ? undefined : multipartChecksum(compute, how, values)
  checkClaim(call, checksum)
  return { etag, ...(checksum === undefined ? {} : { checksums: [checksum] }) }
}

/** @throws S3Error `InvalidRequest`: the upload was created with another type of checksum. */
function checkType({ headers }: S3Call, how: UploadChecksum | undefined): void {
  const type = headerOf(headers, 'x-amz-checksum-type')?.toUpperCase()
  if (type === undefined || how === undefined || type === how.type) return
  throw new S3Error(
    'InvalidRequest',
    `The upload was created using the ${how.type} checksum mode. The complete request must use the same checksum mode.`,
  )
}

/** What the client says of the whole. @throws S3Error `BadDigest`, `InvalidRequest`. */
function checkClaim({ headers }: S3Call, checksum: Checksum | undefined): void {
  for (const { algorithm, header, name } of checksumKinds) {
    const text = headerOf(headers, header)
    if (text === undefined) continue
    const { value } = parseObjectChecksum(algorithm, text)
    if (checksum?.algorithm !== algorithm || !Buffer.from(value).equals(checksum.value))
      throw new S3Error('BadDigest', `The ${name} you specified did not match the calculated checksum.`)
  }
}

function answer(call: S3Call, parts: S3Parts, info: ObjectInfo): void {
  const { bucket, key, exchange } = call
  const headers = [...xmlHeaders]
  addNewVersionHeader(headers, info)
  addExpirationHeader(headers, call, parts, info)
  addEncryptionHeaders(headers, parts, info)
  const checksums = checksumsOf(info)
  const body = writeCompleteMultipartUploadResult({
    location: locationOf(call),
    bucket,
    key,
    etag: info.etag,
    checksums: writtenChecksums(checksums, info.parts?.length ?? 1),
    checksumType: checksums[0] === undefined ? undefined : checksumTypeOf(checksums[0]),
  })
  exchange.send(200, headers, body)
}
