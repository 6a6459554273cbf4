// Objects with their encryption, as the faces write and read them: what goes in and comes out are the bytes that clients see, and their
// sizes. All of it stands before an `ObjectService`, which sees the encrypted bytes only.
//
// ETags: AWS's is the MD5 of the bytes where nothing or the cluster encrypts (SSE-S3), and something else under SSE-KMS and SSE-C, whose
// MD5 would tell of the content. Ours is the version id there, which nobody takes for an MD5; a part's is random.

import { defined } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { toHex } from '../../base/ids.ts'
import type { FileName } from '../../master/file-service.ts'
import type {
  CopyObject,
  ObjectInfo,
  ObjectProperties,
  ObjectReader,
  ObjectService,
  ObjectUpload,
  PutObject,
  PutPartRequest,
  Sealing,
} from '../../master/object-service.ts'
import type { MultipartRow, PartRow } from '../../meta/contract/multipart-metadata.ts'
import type { Transform } from '../../meta/contract/version-row.ts'
import type { Digest, DigestAlgorithm } from '../../ports/compute.ts'
import { DecryptingReader } from './decrypting-reader.ts'
import { digestContent } from './digest-content.ts'
import { EncryptingUpload } from './encrypting-upload.ts'
import type { EncryptionPorts } from './encrypting-upload.ts'
import type { CustomerKey, EncryptionRequest } from './encryption-request.ts'
import { encryptionKindOf, layoutOf, requestLike } from './object-encryption.ts'
import type { ObjectEncryption } from './object-encryption.ts'
import { storedSizeOfPart, storedSizeOfWhole } from './stream-format.ts'
import { OtherEtag } from './other-etag.ts'
import { writeAnew } from './write-anew.ts'

export interface CopySource {
  readonly info: ObjectInfo
  /** Of SSE-C. */
  readonly customerKey: CustomerKey | undefined
  /** Of the content, to be computed for the copy in the place of the source's checksums: all of it is read for that. */
  readonly newChecksum?: DigestAlgorithm | undefined
  /** Of whoever waits for it, where bytes are read. */
  readonly signal?: AbortSignal | undefined
}

export interface CopiedRange {
  /** Stays the caller's to close. */
  readonly source: ObjectReader
  readonly sourceKey: CustomerKey | undefined
  /** In bytes as the client sees them. */
  readonly offset: number
  readonly length: number
  /** With which the upload began. */
  readonly customerKey: CustomerKey | undefined
  /** See what is copied; `seal` is called after that. */
  readonly digests: readonly Digest[]
  readonly seal: () => Sealing
}

const isMd5 = /^[0-9a-f]{32}$/

export class EncryptedObjects {
  readonly #objects: ObjectService
  readonly #encryption: ObjectEncryption
  readonly #ports: EncryptionPorts

  constructor(objects: ObjectService, encryption: ObjectEncryption, ports: EncryptionPorts) {
    this.#objects = objects
    this.#encryption = encryption
    this.#ports = ports
  }

  /** As `ObjectService.put`; `sizeBytes` is what the client will send. @throws FrostError also `encryption-key-*`. */
  async put(request: PutObject, encryption: EncryptionRequest | undefined): Promise<ObjectUpload<ObjectInfo>> {
    if (encryption === undefined) return await this.#objects.put(request)
    const { dataKey, transform } = await this.#encryption.begin(request, encryption, 'whole')
    const { sizeBytes } = request
    const stored = sizeBytes === undefined ? undefined : storedSizeOfWhole(sizeBytes)
    const upload = await this.#objects.put({ ...request, transform, sizeBytes: stored })
    const sealed = new EncryptingUpload(this.#ports, upload, { dataKey, part: 0 })
    return hasMd5(encryption.kind) ? sealed : new OtherEtag(sealed, undefined)
  }

  /** What a multipart upload's template needs; its parts are then put with `putPart`. @throws FrostError `encryption-key-*`. */
  async beginParts(name: FileName, encryption: EncryptionRequest | undefined): Promise<Transform | undefined> {
    if (encryption === undefined) return undefined
    return (await this.#encryption.begin(name, encryption, 'parts')).transform
  }

  /**
   * As `ObjectService.putPart`, of the upload `row`.
   * @throws FrostError also `customer-key-*`: it is missing, needless, or another one than the upload began with.
   */
  async putPart(
    request: PutPartRequest,
    row: MultipartRow,
    customerKey: CustomerKey | undefined,
  ): Promise<ObjectUpload<PartRow>> {
    const { transform } = row.template
    const dataKey = await this.#encryption.dataKeyOfUpload({ bucket: row.bucket, key: row.key, transform }, customerKey)
    if (dataKey === undefined) return await this.#objects.putPart(request)
    const { sizeBytes, number } = request
    const stored = sizeBytes === undefined ? undefined : storedSizeOfPart(sizeBytes)
    const upload = await this.#objects.putPart({ ...request, sizeBytes: stored })
    const sealed = new EncryptingUpload(this.#ports, upload, { dataKey, part: number })
    return hasMd5(encryptionKindOf(transform)) ? sealed : new OtherEtag(sealed, toHex(this.#ports.random.bytes(16)))
  }

  /** Whether a part may be put with this key. @throws FrostError as `putPart`. */
  async checkUpload({ bucket, key, template }: MultipartRow, customerKey: CustomerKey | undefined): Promise<void> {
    if (template.transform === undefined && customerKey === undefined) return
    await this.#encryption.dataKeyOfUpload({ bucket, key, transform: template.transform }, customerKey)
  }

  /**
   * Whether who asks has the key that the version needs: for answers without bytes.
   * @throws FrostError `customer-key-*`, `encryption-key-*`.
   */
  async check(info: ObjectInfo, customerKey: CustomerKey | undefined): Promise<void> {
    if (info.transform === undefined && customerKey === undefined) return
    await this.#encryption.dataKeyOf(info, customerKey)
  }

  /** What the client sees of a version, which stays `reader`'s to close. @throws FrostError as `check`; `store-corrupt`. */
  async content(reader: ObjectReader, customerKey: CustomerKey | undefined): Promise<ObjectReader> {
    const { info } = reader
    if (info.transform === undefined && customerKey === undefined) return reader
    const dataKey = await this.#encryption.dataKeyOf(info, customerKey)
    if (dataKey === undefined) return reader
    const plain = new DecryptingReader(this.#ports, reader, { dataKey, layout: layoutOf(info) })
    return {
      info,
      read: (offset, length, signal) => plain.read(offset, length, signal),
      close: () => plain.close(),
    }
  }

  /**
   * As `ObjectService.copy`. What is encrypted stays so: where nothing is asked for, as its source is, and of a customer's key under the
   * cluster's. Only its data key is wrapped anew; bytes are written anew only where what is not encrypted shall be, and read for a new
   * checksum.
   * @throws FrostError also as `check`, of the source; `version-not-found`: it is gone meanwhile; `cancelled`: nobody waits any more.
   */
  async copy(request: CopyObject, source: CopySource, asked: EncryptionRequest | undefined): Promise<ObjectInfo> {
    const { info, customerKey } = source
    if (info.transform === undefined) {
      await this.check(info, customerKey)
      if (asked !== undefined) return await this.#encrypt(request, source, asked)
      return await this.#objects.copy({ ...request, ...(await this.#sealed(request, source)) })
    }
    const encryption: EncryptionRequest = asked ?? requestLike(info.transform) ?? { kind: 'sse-s3' }
    const transform = await this.#encryption.rewrap({
      from: info,
      sourceKey: customerKey,
      to: request,
      request: encryption,
    })
    const hadMd5 = hasMd5(encryptionKindOf(info.transform)) && info.parts === undefined
    const losesMd5 = hadMd5 && !hasMd5(encryption.kind)
    const { sealing } = await this.#sealed(request, source)
    return await this.#objects.copy({
      ...request,
      sourceVersion: info.version,
      properties: { ...describedBy(request.properties ?? info), transform: defined(transform, 'a key wrapped anew') },
      sealing: { ...sealing, ...(losesMd5 ? { etag: this.#otherEtag() } : {}) },
    })
  }

  /** The new checksum, where one is to be made, is that of the very version which is copied: its bytes never change. */
  async #sealed(
    { source, sealing }: CopyObject,
    { info, customerKey, newChecksum: algorithm, signal }: CopySource,
  ): Promise<Pick<CopyObject, 'sealing'>> {
    if (algorithm === undefined) return { sealing }
    const reader = await this.#objects.open({ ...source, version: info.version })
    try {
      if (reader?.info.version !== info.version) throw sourceGone(info)
      const content = await this.content(reader, customerKey)
      const body = content.read(0, info.sizeBytes, signal)
      const value = await digestContent(body, this.#ports.compute.createDigest(algorithm))
      return { sealing: { ...sealing, checksums: [{ algorithm, value }] } }
    } finally {
      reader?.close()
    }
  }

  /** A range of a version as a part, written anew. @throws FrostError as `content`, of the source, and `putPart`. */
  async copyPart(request: PutPartRequest, row: MultipartRow, copied: CopiedRange): Promise<PartRow> {
    const { source, sourceKey, customerKey, offset, length, digests, seal } = copied
    const content = await this.content(source, sourceKey)
    const upload = await this.putPart({ ...request, sizeBytes: length }, row, customerKey)
    return await writeAnew({ body: content.read(offset, length, request.signal), upload, digests, seal })
  }

  /** What an answer says of a version's encryption. `customerKey`: of the request. */
  answerHeaders(transform: Transform | undefined, customerKey?: CustomerKey): Readonly<Record<string, string>> {
    return transform === undefined ? {} : this.#encryption.answerHeaders(transform, customerKey)
  }

  /** No MD5 has its length. */
  #otherEtag(): string {
    return toHex(this.#ports.random.bytes(20))
  }

  async #encrypt(request: CopyObject, from: CopySource, encryption: EncryptionRequest): Promise<ObjectInfo> {
    const { source, sealing, own, properties, condition, cause, bucket, key } = request
    const { info, newChecksum: algorithm, signal } = from
    const reader = await this.#objects.open({ ...source, version: info.version })
    try {
      if (reader?.info.version !== info.version) throw sourceGone(info)
      const described = { ...describedBy(properties ?? info), ...ownOf(own) }
      const put = { bucket, key, ...described, sizeBytes: info.sizeBytes, condition, cause }
      const upload = await this.put(put, encryption)
      const known = isMd5.test(info.etag) ? info.etag : undefined
      const isNeeded = hasMd5(encryption.kind) && known === undefined
      const md5 = isNeeded ? this.#ports.compute.createDigest('md5') : undefined
      const sum = algorithm === undefined ? undefined : this.#ports.compute.createDigest(algorithm)
      const kept = sealing?.checksums ?? info.checksums?.filter(({ composite }) => composite !== true)
      return await writeAnew({
        body: reader.read(0, info.sizeBytes, signal),
        upload,
        digests: [md5, sum].filter((digest) => digest !== undefined),
        seal: () => {
          const made = algorithm === undefined || sum === undefined ? undefined : [{ algorithm, value: sum.digest() }]
          const checksums = made ?? kept
          return {
            ...sealedEtag(known ?? (md5 === undefined ? undefined : toHex(md5.digest()))),
            ...(checksums === undefined ? {} : { checksums }),
          }
        },
      })
    } finally {
      reader?.close()
    }
  }
}

function sealedEtag(etag: string | undefined): Sealing {
  return etag === undefined ? {} : { etag }
}

/** Whether the ETag is the MD5 of the content. */
export function hasMd5(kind: EncryptionRequest['kind'] | undefined): boolean {
  return kind === undefined || kind === 'sse-s3'
}

/** What a copy takes from its source, or from what the request says in its place. */
function describedBy({ contentType, headers, userMetadata, tags }: ObjectProperties | ObjectInfo): ObjectProperties {
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(headers === undefined ? {} : { headers }),
    ...(userMetadata === undefined ? {} : { userMetadata }),
    ...(tags === undefined ? {} : { tags }),
  }
}

function ownOf({ owner, lock, extra }: CopyObject['own']): ObjectProperties {
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(lock === undefined ? {} : { lock }),
    ...(extra === undefined ? {} : { extra }),
  }
}

function sourceGone({ bucket, key }: ObjectInfo): FrostError {
  return new FrostError('version-not-found', `${bucket}/${key} has changed since it was looked at.`)
}
