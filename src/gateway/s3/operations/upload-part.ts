// UploadPart and UploadPartCopy: the parts of a multipart upload, from a body or from another object.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html, .../API_UploadPartCopy.html

import { toHex } from '../../../base/ids.ts'
import type { ObjectInfo } from '../../../master/object-service.ts'
import type { MultipartRow, PartRow } from '../../../meta/contract/multipart-metadata.ts'
import type { Checksum } from '../../../meta/contract/version-row.ts'
import { hasMd5 } from '../../encryption/encrypted-objects.ts'
import type { CustomerKey } from '../../encryption/encryption-request.ts'
import { encryptionKindOf } from '../../encryption/object-encryption.ts'
import { signalOfClient } from '../../http/client-signal.ts'
import type { BodyPlan } from '../body/body-plan.ts'
import { checksumTypeOf } from '../checksums.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import { findSource } from '../copy-source.ts'
import type { FoundSource } from '../copy-source.ts'
import { writeCopyPartResult } from '../documents/object-results.ts'
import { addEncryptionHeaders, customerKeyOf, customerKeyOfSource } from '../encryption/call-encryption.ts'
import { checksumOfUpload, findUpload, multipartNameOf, partNumberOf } from '../multipart-call.ts'
import { addChecksums, checksumOfCopy, writtenChecksums } from '../object-checksums.ts'
import type { ChecksumOfCopy } from '../object-checksums.ts'
import { noSuchKey, quoted, versionNameOf } from '../object-names.ts'
import { bodyPlanOf, checkedSize, receiveInto } from '../receive-body.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { headerOf, xmlHeaders } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { answerInTime } from '../slow-answer.ts'
import { putBytesMax, sealingOf } from './put-object.ts'

export async function handleUploadPart(call: S3Call, parts: S3Parts): Promise<void> {
  const { exchange, query } = call
  const number = partNumberOf(query)
  parts.access.authorize(call, {})
  const upload = await findUpload(call, parts)
  const plan = bodyPlanOf(call)
  const sizeBytes = checkedSize(plan, putBytesMax)
  const algorithms = algorithmsOf(upload, plan)
  const customerKey = customerKeyOf(call, parts)
  const request = { ...multipartNameOf(call), number, sizeBytes, trail: exchange.trail }
  const sink = await parts.encrypted.putPart(request, upload, customerKey)
  const etag = hasMd5(encryptionKindOf(upload.template.transform))
  const options = { plan, etag, algorithms, sizeBytesMax: putBytesMax, seal: sealingOf }
  const part = await receiveInto(call, parts, sink, options)
  const headers = ['ETag', quoted(part.etag ?? part.id)]
  addChecksums(headers, part.checksums ?? [], 1)
  addEncryptionHeaders(headers, parts, upload.template, customerKey)
  exchange.send(200, headers, undefined)
}

/** What is computed whatever the client sends. @throws S3Error `InvalidRequest`: the part comes with another one. */
function algorithmsOf(upload: MultipartRow, { checksum }: BodyPlan): readonly ChecksumAlgorithm[] {
  const expected = checksumOfUpload(upload)?.algorithm
  if (expected === undefined) return []
  if (checksum !== undefined && checksum.algorithm !== expected) {
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${checksum.algorithm}`,
    )
  }
  return [expected]
}

export async function handleUploadPartCopy(call: S3Call, parts: S3Parts): Promise<void> {
  const { exchange, query } = call
  const number = partNumberOf(query)
  parts.access.authorize(call, {})
  const upload = await findUpload(call, parts)
  const source = await findSource(call, parts, false)
  const range = rangeOf(call, source.info.sizeBytes)
  const sourceKey = customerKeyOfSource(call, parts)
  const customerKey = customerKeyOf(call, parts)
  await parts.encrypted.check(source.info, sourceKey)
  await parts.encrypted.checkUpload(upload, customerKey)
  const isEncrypted = source.info.transform !== undefined || upload.template.transform !== undefined
  const algorithm = checksumOfUpload(upload)?.algorithm
  const { toCompute, ...known } = checksumOfRange(algorithm, source.info, range.length)
  const isShared = !isEncrypted && toCompute === undefined
  const copy = { number, source, range }
  const early = source.state.hasVersions ? ['x-amz-copy-source-version-id', versionNameOf(source.info)] : []
  addEncryptionHeaders(early, parts, upload.template, customerKey)
  await answerInTime(exchange, parts, {
    early,
    isLong: !isShared,
    run: async () => {
      const part = isShared
        ? await sharePart(call, parts, { ...copy, ...known })
        : await writePart(call, parts, { ...copy, upload, sourceKey, customerKey })
      return { headers: [...xmlHeaders, ...early], document: documentOf(part) }
    },
  })
}

function documentOf({ etag, id, modifiedMs, checksums = [] }: PartRow): string {
  return writeCopyPartResult({
    etag: etag ?? id,
    modifiedMs,
    checksums: writtenChecksums(checksums, 1),
    checksumType: checksums[0] === undefined ? undefined : checksumTypeOf(checksums[0]),
  })
}

interface PartCopy {
  readonly number: number
  readonly source: FoundSource
  readonly range: { readonly offset: number; readonly length: number }
}

/** What the upload wants of a part without its bytes being read: that of a whole source, where it has it, and any CRC-32. */
function checksumOfRange(
  algorithm: ChecksumAlgorithm | undefined,
  info: ObjectInfo,
  length: number,
): ChecksumOfCopy & { readonly hasCrc32?: boolean } {
  if (algorithm === 'crc32') return { hasCrc32: true }
  if (length === info.sizeBytes || algorithm === undefined) return checksumOfCopy(algorithm, info)
  return { toCompute: algorithm }
}

interface SharedPart extends PartCopy {
  readonly known?: Checksum
  readonly hasCrc32?: boolean
}

/** No byte is read, so the ETag is not the MD5 of the part: it is one of what names its bytes, which never change. */
async function sharePart(call: S3Call, parts: S3Parts, shared: SharedPart): Promise<PartRow> {
  const { number, source, range, known, hasCrc32 = false } = shared
  const { info } = source
  const digest = parts.compute.createDigest('md5')
  digest.update(new TextEncoder().encode(`${info.version} ${range.offset} ${range.length}`))
  const isWhole = range.length === info.sizeBytes && /^[0-9a-f]{32}$/.test(info.etag)
  return await parts.objects.copyPart({
    ...multipartNameOf(call),
    number,
    source: { bucket: source.bucket, key: source.key, version: info.version },
    sourceVersion: info.version,
    range,
    sealing: {
      etag: isWhole ? info.etag : toHex(digest.digest()),
      ...(known === undefined ? {} : { checksums: [known] }),
    },
    hasCrc32,
  })
}

interface WrittenPart extends PartCopy {
  readonly upload: MultipartRow
  readonly sourceKey: CustomerKey | undefined
  readonly customerKey: CustomerKey | undefined
}

/** Where the bytes change by encryption, or a checksum of them is asked for. */
async function writePart(call: S3Call, parts: S3Parts, what: WrittenPart): Promise<PartRow> {
  const { number, source: from, range, upload, sourceKey, customerKey } = what
  const { bucket, key, info } = from
  const source = await parts.objects.open({ bucket, key, version: info.version }, call.exchange.trail)
  if (source === undefined) throw noSuchKey(key)
  try {
    const algorithm = checksumOfUpload(upload)?.algorithm
    const md5 = parts.compute.createDigest('md5')
    const sum = algorithm === undefined ? undefined : parts.compute.createDigest(algorithm)
    const { trail } = call.exchange
    const request = { ...multipartNameOf(call), number, trail, signal: signalOfClient(call.exchange) }
    return await parts.encrypted.copyPart(request, upload, {
      source,
      sourceKey,
      ...range,
      customerKey,
      digests: sum === undefined ? [md5] : [md5, sum],
      seal: () => ({
        etag: toHex(md5.digest()),
        ...(algorithm === undefined || sum === undefined ? {} : { checksums: [{ algorithm, value: sum.digest() }] }),
      }),
    })
  } finally {
    source.close()
  }
}

/** @throws S3Error `InvalidArgument`, `InvalidRange`: it must lie within the source. */
function rangeOf({ headers }: S3Call, sizeBytes: number): { readonly offset: number; readonly length: number } {
  const header = headerOf(headers, 'x-amz-copy-source-range')
  if (header === undefined) return { offset: 0, length: checkedLength(sizeBytes) }
  const [, first = '', last = ''] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header) ?? []
  const fields = { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header }
  if (first === '' || Number(last) < Number(first)) {
    throw new S3Error(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the ' +
        'zero-based offsets of the first and last bytes to copy',
      { fields },
    )
  }
  if (Number(last) >= sizeBytes) {
    throw new S3Error('InvalidArgument', `Range specified is not valid for source object of size: ${sizeBytes}`, {
      fields,
    })
  }
  return { offset: Number(first), length: checkedLength(Number(last) - Number(first) + 1) }
}

function checkedLength(length: number): number {
  if (length <= putBytesMax) return length
  throw new S3Error('EntityTooLarge', undefined, {
    fields: { ProposedSize: String(length), MaxSizeAllowed: String(putBytesMax) },
  })
}
