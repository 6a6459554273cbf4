// CopyObject: a new object with the bytes of another one, which are not moved: the time it takes does not grow with their size, and
// they may be more than AWS's 5 GiB. They are written again only where what is not encrypted shall be, and read only for a checksum of an
// algorithm that the request names and the source lacks; then the copy ends with its client.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

import type { ObjectInfo, ObjectProperties } from '../../../master/object-service.ts'
import { keyOf } from '../../encryption/encryption-request.ts'
import { signalOfClient } from '../../http/client-signal.ts'
import { causeOf } from '../change-cause.ts'
import { findSource } from '../copy-source.ts'
import type { FoundSource } from '../copy-source.ts'
import { checksumTypeOf, parseChecksumAlgorithm } from '../checksums.ts'
import { writeCopyObjectResult } from '../documents/object-results.ts'
import {
  addEncryptionHeaders,
  asksForEncryption,
  customerKeyOfSource,
  encryptionOfWrite,
} from '../encryption/call-encryption.ts'
import { addExpirationHeader } from '../lifecycle/lifecycle-headers.ts'
import { checksumOfCopy, checksumsOf, writtenChecksums } from '../object-checksums.ts'
import { addVersionHeader, versionNameOf } from '../object-names.ts'
import { readStoredHeaders, storageClassHeader } from '../object-properties.ts'
import { propertiesOf, shapeOfWrite } from '../put-properties.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { headerOf, xmlHeaders } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { answerInTime } from '../slow-answer.ts'
import { conditionally, writeConditionOf } from '../write-conditions.ts'
import { putBytesMax } from './put-object.ts'

export async function handleCopyObject(call: S3Call, parts: S3Parts): Promise<void> {
  const { bucket, key, headers, exchange, state } = call
  const replaces = directiveOf(call, 'x-amz-metadata-directive')
  const replacesTags = directiveOf(call, 'x-amz-tagging-directive')
  const setsTags = replacesTags && headers['x-amz-tagging'] !== undefined
  parts.access.authorize(call, { ...shapeOfWrite(call), setsTags })
  const algorithm = headerOf(headers, 'x-amz-checksum-algorithm')
  const askedChecksum = algorithm === undefined ? undefined : parseChecksumAlgorithm(algorithm)
  const source = await findSource(call, parts, !replacesTags)
  if (!replacesTags) authorizeTags(call, parts, source)
  checkIsChange(call, source, replaces || replacesTags)
  const encryption = encryptionOfWrite(call, parts)
  const { known, toCompute } = checksumOfCopy(askedChecksum, source.info)
  const isRead = toCompute !== undefined
  const isWritten = source.info.transform === undefined && encryption !== undefined
  if (isRead || isWritten) checkLength(source.info)
  const copied = {
    info: source.info,
    customerKey: customerKeyOfSource(call, parts),
    newChecksum: toCompute,
    signal: signalOfClient(exchange),
  }
  const sealing = known === undefined ? undefined : { checksums: [known] }
  const condition = writeConditionOf(headers)
  const name = { bucket, key }
  const own = propertiesOf(call, parts)
  const properties = propertiesOfCopy(call, source.info, { own, replaces, replacesTags })
  const early = source.state.hasVersions ? ['x-amz-copy-source-version-id', versionNameOf(source.info)] : []
  const run = async (): Promise<{ readonly headers: string[]; readonly document: string }> => {
    const info = await conditionally(parts.objects, { name, condition }, async () => {
      const cause = causeOf(call, parts, 's3:ObjectCreated:Copy')
      const from = { bucket: source.bucket, key: source.key, version: source.info.version }
      const sourceVersion = source.info.version
      const request = { ...name, source: from, sourceVersion, properties, own, sealing, condition, cause }
      return await parts.encrypted.copy(request, copied, encryption)
    })
    const answer = [...xmlHeaders, ...early]
    addVersionHeader(answer, state, info)
    addExpirationHeader(answer, call, parts, info)
    addEncryptionHeaders(answer, parts, info, keyOf(encryption))
    return { headers: answer, document: documentOf(info) }
  }
  await answerInTime(exchange, parts, { early, isLong: isRead || isWritten, run })
}

function documentOf(info: ObjectInfo): string {
  const checksums = checksumsOf(info)
  return writeCopyObjectResult({
    etag: info.etag,
    modifiedMs: info.modifiedMs,
    checksums: writtenChecksums(checksums, info.parts?.length ?? 1),
    checksumType: checksums[0] === undefined ? undefined : checksumTypeOf(checksums[0]),
  })
}

/** Tags that are copied are set, as those that the request gives. @throws S3Error `AccessDenied`. */
function authorizeTags(call: S3Call, { access }: S3Parts, { info }: FoundSource): void {
  const requestTags = new Map(Object.entries(info.tags ?? {}))
  if (requestTags.size === 0) return
  access.check(call, { action: 's3:PutObjectTagging', state: call.state, key: call.key, facts: { requestTags } })
}

/** Bytes that must be read, or written anew, are bounded, as AWS bounds all. @throws S3Error `InvalidRequest`. */
function checkLength({ sizeBytes }: ObjectInfo): void {
  if (sizeBytes <= putBytesMax) return
  throw new S3Error(
    'InvalidRequest',
    `The specified copy source is larger than the maximum allowable size for a copy source: ${putBytesMax}`,
  )
}

/** Whether what the request says counts, in the place of what the source has. @throws S3Error `InvalidArgument`. */
function directiveOf({ headers }: S3Call, name: string): boolean {
  const value = headerOf(headers, name) ?? 'COPY'
  if (value === 'REPLACE' || value === 'COPY') return value === 'REPLACE'
  throw new S3Error(
    'InvalidArgument',
    `Unknown ${name === 'x-amz-metadata-directive' ? 'metadata' : 'tagging'} directive.`,
    {
      fields: { ArgumentName: name, ArgumentValue: value },
    },
  )
}

/** @throws S3Error `InvalidRequest`: a copy of an object to itself that changes nothing. */
function checkIsChange(call: S3Call, source: FoundSource, replaces: boolean): void {
  const { bucket, key, headers } = call
  const isItself = source.bucket === bucket && source.key === key && source.version === undefined
  const changes = ['x-amz-storage-class', 'x-amz-website-redirect-location']
  const asksMore = changes.some((name) => headers[name] !== undefined) || asksForEncryption(call)
  if (!isItself || replaces || asksMore) return
  throw new S3Error(
    'InvalidRequest',
    'This copy request is illegal because it is trying to copy an object to itself without changing the ' +
      "object's metadata, storage class, website redirect location or encryption attributes.",
  )
}

function propertiesOfCopy(
  { headers }: S3Call,
  source: ObjectInfo,
  how: { readonly own: ObjectProperties; readonly replaces: boolean; readonly replacesTags: boolean },
): ObjectProperties {
  const { own, replaces, replacesTags } = how
  const { contentType, userMetadata } = replaces ? own : source
  const tags = replacesTags ? own.tags : source.tags
  // Class and redirection are never copied.
  const asked = readStoredHeaders(headers)
  const stored = replaces ? own.headers : { ...source.headers }
  const merged: Record<string, string> = { ...stored }
  for (const name of [storageClassHeader, 'x-amz-website-redirect-location']) {
    const value = asked?.[name]
    if (value === undefined) delete merged[name]
    else merged[name] = value
  }
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(userMetadata === undefined ? {} : { userMetadata }),
    ...(tags === undefined ? {} : { tags }),
    ...(Object.keys(merged).length === 0 ? {} : { headers: merged }),
  }
}
