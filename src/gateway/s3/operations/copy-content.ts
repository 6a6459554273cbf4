// How a copy comes to its bytes: it shares those of its source, with the data key wrapped anew where they are encrypted; or, between
// encrypted and not encrypted, they are read and written again.

import type { HeadCondition } from '../../../meta/contract/head-condition.ts'
import type { ChangeCause } from '../../../meta/contract/change-metadata.ts'
import type { Transform } from '../../../meta/contract/version-row.ts'
import type { ObjectInfo, ObjectProperties } from '../../../master/object-service.ts'
import type { FoundSource } from '../copy-source.ts'
import { storedSizeOfWhole } from '../encryption/stream-format.ts'
import { requestLike } from '../encryption/object-encryption.ts'
import type { StoredReader } from '../encryption/decrypting-reader.ts'
import {
  beginEncryption,
  encryptingUpload,
  encryptionRequestOf,
  needed,
  plainReader,
  sourceCustomerKey,
} from '../object-crypto.ts'
import type { ByteSink } from '../../http/body-pump.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { noSuchKey } from '../object-names.ts'

export type CopyWay =
  | { readonly kind: 'shared'; readonly transform: Transform | undefined }
  | { readonly kind: 'written' }

export interface CopyContent {
  readonly source: FoundSource
  /** Of the source. */
  readonly dataKey: Uint8Array | undefined
}

export async function transformOfCopy(
  call: S3Call,
  parts: S3Parts,
  { source, dataKey }: CopyContent,
): Promise<CopyWay> {
  const request = encryptionRequestOf(call, parts) ?? requestLike(source.info.transform)
  if (request === undefined)
    return dataKey === undefined ? { kind: 'shared', transform: undefined } : { kind: 'written' }
  if (dataKey === undefined) return { kind: 'written' }
  const { bucket, key } = call
  const transform = await needed(parts).objects.rewrap({
    from: source.info,
    sourceKey: sourceCustomerKey(call, parts),
    to: { bucket, key },
    request,
    parts: source.info.parts,
  })
  return { kind: 'shared', transform }
}

export interface WrittenCopy extends CopyContent {
  readonly properties: ObjectProperties
  readonly condition: HeadCondition | undefined
  readonly cause: ChangeCause | undefined
}

export async function writeCopy(call: S3Call, parts: S3Parts, what: WrittenCopy): Promise<ObjectInfo> {
  const { source, dataKey, properties, condition, cause } = what
  const { info } = source
  const reader = await parts.objects.open({ bucket: source.bucket, key: source.key, version: info.version })
  if (reader === undefined) throw noSuchKey(source.key)
  try {
    const encryption = await beginEncryption(call, parts, 'whole')
    const stored = await parts.objects.put({
      bucket: call.bucket,
      key: call.key,
      ...properties,
      ...(encryption === undefined ? {} : { transform: encryption.transform }),
      sizeBytes: encryption === undefined ? info.sizeBytes : storedSizeOfWhole(info.sizeBytes),
      condition,
      trail: call.exchange.trail,
      cause,
    })
    const stream = encryption === undefined ? undefined : { dataKey: encryption.dataKey, part: 0 }
    const upload = encryptingUpload(parts, stored, stream)
    try {
      await readInto(plainReader(parts, reader, dataKey), { offset: 0, length: info.sizeBytes }, upload)
      const { etag, checksums } = info
      return await upload.finish({ etag, ...(checksums === undefined ? {} : { checksums }) })
    } catch (error) {
      upload.abort(error)
      throw error
    }
  } finally {
    reader.close()
  }
}

/** Hands the bytes of a range to a sink, which gets copies of its own. */
export async function readInto(
  reader: StoredReader,
  range: { readonly offset: number; readonly length: number },
  sink: ByteSink,
): Promise<void> {
  if (range.length === 0) return
  const body = reader.read(range.offset, range.length)
  try {
    for (let slice = await body.next(); slice !== undefined; slice = await body.next()) {
      const copy = new Uint8Array(slice.bytes)
      slice.release()
      await sink.write(copy)
    }
  } finally {
    body.close()
  }
}
