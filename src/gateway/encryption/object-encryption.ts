// Encryption of objects as the face uses it: the data key of a new object or multipart upload, the data key of one that is read, and
// the same data key wrapped anew for a copy, which moves no data. What is stored is a version's transform
// (encryption-parameters.ts); content is written through `EncryptingUpload` and read through `DecryptingReader`.
//
// A wrapped key is bound to bucket and key of its object, so a copy is always wrapped anew, also one with the same settings.

import { FrostError } from '../../base/errors.ts'
import type { FileName } from '../../master/file-service.ts'
import type { Part, Transform } from '../../meta/contract/version-row.ts'
import type { EncryptionPorts } from './encrypting-upload.ts'
import { decodeEncryption, encodeEncryption } from './encryption-parameters.ts'
import type { EncryptionParameters, KeyReference } from './encryption-parameters.ts'
import type { CustomerKey, EncryptionRequest } from './encryption-request.ts'
import type { KeyRing } from './key-ring.ts'
import { unwrapKey, wrapKey } from './key-wrapping.ts'
import { contextBytes, objectContext } from './object-context.ts'
import { dataKeyBytes, storedSize } from './stream-format.ts'
import type { PlainLayout } from './stream-format.ts'

export interface NewEncryption {
  readonly dataKey: Uint8Array
  /** To be stored with the version or the multipart upload. */
  readonly transform: Transform
}

/** What the face knows of a stored version. */
export interface EncryptedVersion extends FileName {
  readonly transform?: Transform | undefined
}

export interface Rewrapping {
  /** With the key of its customer, if it has one. */
  readonly from: EncryptedVersion
  readonly sourceKey: CustomerKey | undefined
  readonly to: FileName
  readonly request: EncryptionRequest
  /** Of an object in parts whose copy will not list them as its own. */
  readonly parts?: readonly Pick<Part, 'number' | 'length'>[] | undefined
}

const prefix = 'x-amz-server-side-encryption'

export class ObjectEncryption {
  readonly #ports: EncryptionPorts
  readonly #keys: KeyRing

  constructor(ports: EncryptionPorts, keys: KeyRing) {
    this.#ports = ports
    this.#keys = keys
  }

  /**
   * A new data key for an object that is put at once (`whole`) or in parts.
   * @throws FrostError `encryption-key-not-found`, `encryption-key-disabled`.
   */
  async begin(name: FileName, request: EncryptionRequest, layout: 'whole' | 'parts'): Promise<NewEncryption> {
    const dataKey = this.#ports.random.bytes(dataKeyBytes)
    return { dataKey, transform: await this.#wrap(name, request, { dataKey, layout }) }
  }

  /**
   * The data key of a version that is read; `undefined`: it is not encrypted. HEAD asks as well, so that a wrong key is refused.
   * @throws FrostError `customer-key-required`; `customer-key-invalid`: none is needed; `customer-key-wrong`; `encryption-key-*`,
   * `store-corrupt`, `format-unsupported`.
   */
  async dataKeyOf(version: EncryptedVersion, customerKey: CustomerKey | undefined): Promise<Uint8Array | undefined> {
    const parameters = decodeEncryption(version.transform)
    if (parameters?.key.kind !== 'sse-c') {
      if (customerKey !== undefined) {
        throw new FrostError('customer-key-invalid', 'The encryption parameters are not applicable to this object.')
      }
    } else if (customerKey === undefined) {
      throw new FrostError(
        'customer-key-required',
        'The object was stored using a form of Server Side Encryption. ' +
          'The correct parameters must be provided to retrieve the object.',
      )
    }
    if (parameters === undefined) return undefined
    const dataKey = await this.#unwrap(version, parameters, customerKey)
    if (dataKey !== undefined) return dataKey
    throw new FrostError(
      'customer-key-wrong',
      'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
    )
  }

  /**
   * As `dataKeyOf`, for a part of a multipart upload, whose transform is `upload.transform`.
   * @throws FrostError `customer-key-required`; `customer-key-invalid`: none is needed, or it is another one than at the start.
   */
  async dataKeyOfUpload(
    upload: EncryptedVersion,
    customerKey: CustomerKey | undefined,
  ): Promise<Uint8Array | undefined> {
    const parameters = decodeEncryption(upload.transform)
    const isCustomers = parameters?.key.kind === 'sse-c'
    if (isCustomers && customerKey === undefined) {
      throw new FrostError(
        'customer-key-required',
        'The multipart upload initiate requested encryption. ' +
          'Subsequent part requests must include the appropriate encryption parameters.',
      )
    }
    if (!isCustomers && customerKey !== undefined) {
      throw new FrostError(
        'customer-key-invalid',
        'The multipart upload initiate did not request encryption. ' +
          'Please resend the request without sending encryption parameters.',
      )
    }
    if (parameters === undefined) return undefined
    const dataKey = await this.#unwrap(upload, parameters, customerKey)
    if (dataKey !== undefined) return dataKey
    throw new FrostError(
      'customer-key-invalid',
      'The provided encryption parameters did not match the ones used originally to encrypt the object.',
    )
  }

  /**
   * The transform of a copy that shares the stored bytes of an encrypted version: the same data key, wrapped under what the copy asks
   * for, of whatever kind, and under the newest generation. Also for rotation, where source and target are one.
   * `undefined`: the source is not encrypted, so its bytes must be written anew.
   * @throws as `dataKeyOf`, of the source's key; as `begin`.
   */
  async rewrap({ from, sourceKey, to, request, parts }: Rewrapping): Promise<Transform | undefined> {
    const dataKey = await this.dataKeyOf(from, sourceKey)
    const parameters = decodeEncryption(from.transform)
    if (dataKey === undefined || parameters === undefined) return undefined
    const { layout } = parameters
    return await this.#wrap(to, request, {
      dataKey,
      layout,
      parts: layout === 'parts' ? (parameters.parts ?? parts) : undefined,
    })
  }

  async #wrap(
    name: FileName,
    request: EncryptionRequest,
    content: { readonly dataKey: Uint8Array } & Pick<EncryptionParameters, 'layout' | 'parts'>,
  ): Promise<Transform> {
    const { dataKey, layout, parts } = content
    const { key, master } = await this.#newest(request)
    const wrapped = wrapKey(this.#ports, master, dataKey, bindingOf(name, key))
    return encodeEncryption({ key, wrapped, layout, parts: parts?.map(({ number, length }) => ({ number, length })) })
  }

  async #newest(request: EncryptionRequest): Promise<{ readonly key: KeyReference; readonly master: Uint8Array }> {
    switch (request.kind) {
      case 'sse-c':
        return { key: { kind: 'sse-c' }, master: request.customerKey.key }
      case 'sse-s3': {
        const { generation, bytes } = await this.#keys.newestOfS3()
        return { key: { kind: 'sse-s3', generation }, master: bytes }
      }
      case 'sse-kms': {
        const { context, bucketKeyEnabled } = request
        const { id: keyId, generation, bytes } = await this.#keys.newestOfKms(request.keyId)
        return { key: { kind: 'sse-kms', keyId, generation, context, bucketKeyEnabled }, master: bytes }
      }
    }
  }

  /** `undefined`: with another customer's key. */
  async #unwrap(
    name: FileName,
    { key, wrapped }: EncryptionParameters,
    customerKey: CustomerKey | undefined,
  ): Promise<Uint8Array | undefined> {
    const master = await this.#master(key, customerKey)
    if (master === undefined) return undefined
    const dataKey = unwrapKey(this.#ports, master, wrapped, bindingOf(name, key))
    if (dataKey !== undefined || key.kind === 'sse-c') return dataKey
    throw new FrostError('store-corrupt', `The data key of ${name.bucket}/${name.key} cannot be opened.`)
  }

  async #master(key: KeyReference, customerKey: CustomerKey | undefined): Promise<Uint8Array | undefined> {
    switch (key.kind) {
      case 'sse-c':
        return customerKey?.key
      case 'sse-s3':
        return (await this.#keys.ofS3(key.generation)).bytes
      case 'sse-kms':
        return (await this.#keys.ofKms(key.keyId, key.generation)).bytes
    }
  }

  /** What an answer says about a version's encryption, names in lower case. `customerKey`: of the request. */
  answerHeaders(
    transform: Transform | undefined,
    customerKey: CustomerKey | undefined,
  ): Readonly<Record<string, string>> {
    const key = decodeEncryption(transform)?.key
    switch (key?.kind) {
      case undefined:
        return {}
      case 'sse-s3':
        return { [prefix]: 'AES256' }
      case 'sse-kms':
        return {
          [prefix]: 'aws:kms',
          [`${prefix}-aws-kms-key-id`]: this.#keys.arnOf(key.keyId),
          ...(key.bucketKeyEnabled === true ? { [`${prefix}-bucket-key-enabled`]: 'true' } : {}),
        }
      case 'sse-c':
        return {
          [`${prefix}-customer-algorithm`]: 'AES256',
          ...(customerKey === undefined ? {} : { [`${prefix}-customer-key-md5`]: customerKey.md5 }),
        }
    }
  }
}

/** The request that encrypts a copy as its source is; `undefined`: it is not encrypted, or by its customer's key. */
export function requestLike(transform: Transform | undefined): EncryptionRequest | undefined {
  const key = decodeEncryption(transform)?.key
  if (key === undefined || key.kind === 'sse-c') return undefined
  return key.kind === 'sse-s3' ? { kind: 'sse-s3' } : key
}

/** Whether the transform is SSE-C's, which bucket policies and answers need to know. */
export function encryptionKindOf(transform: Transform | undefined): KeyReference['kind'] | undefined {
  return decodeEncryption(transform)?.key.kind
}

/**
 * How the content of an encrypted version lies, for `DecryptingReader`.
 * @throws FrostError `store-corrupt`: the stored size is not the one that follows from it.
 */
export function layoutOf(version: {
  readonly transform?: Transform | undefined
  readonly sizeBytes: number
  readonly storedSizeBytes: number
  readonly parts?: readonly Part[] | undefined
}): PlainLayout {
  const parameters = decodeEncryption(version.transform)
  const parts = parameters?.parts ?? version.parts ?? []
  const layout: PlainLayout =
    parameters?.layout === 'parts' ? { kind: 'parts', parts } : { kind: 'whole', length: version.sizeBytes }
  if (storedSize(layout) === version.storedSizeBytes) return layout
  throw new FrostError('store-corrupt', 'The stored size of an encrypted object is not the one of its parts.')
}

/** SSE-C has no context of the client's, as SSE-S3. */
function bindingOf(name: FileName, key: KeyReference): Uint8Array {
  return contextBytes(objectContext(name, key.kind === 'sse-kms' ? key.context : undefined))
}
