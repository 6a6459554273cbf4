// Files as REST reads and writes them, where objects may be encrypted: what S3 stored under the cluster's keys (SSE-S3, SSE-KMS) comes
// out in the clear, and uploads into a bucket with default encryption or a default retention get what that says. REST has no way to give
// a customer's key, so content under one (SSE-C) is refused.

import { errorCode, FrostError } from '../../base/errors.ts'
import type { FileInfo, FileName, FileReader, FileService, PutRequest, Upload } from '../../master/file-service.ts'
import type { ObjectInfo, ObjectService, ObjectUpload } from '../../master/object-service.ts'
import type { ObjectLock } from '../../meta/contract/version-row.ts'
import type { RequestTrail } from '../../rpc/request-trail.ts'
import type { EncryptedObjects } from './encrypted-objects.ts'
import { withDefault } from './encryption-request.ts'
import type { DefaultEncryption } from './encryption-request.ts'

/** Where the bytes of files come from and go to. */
export type FileContent = Pick<FileService, 'put' | 'open'>

export interface EncryptedFilesParts {
  /** For what is not encrypted. */
  readonly files: FileContent
  readonly objects: Pick<ObjectService, 'open'>
  readonly encrypted: EncryptedObjects
  /** @throws FrostError `bucket-not-found`. */
  readonly defaultOf: (bucket: string) => Promise<DefaultEncryption | undefined>
  /** What a new object is locked by where nothing is said. @throws FrostError `bucket-not-found`. */
  readonly lockOf: (bucket: string) => Promise<ObjectLock | undefined>
}

interface Defaults {
  readonly encryption: DefaultEncryption | undefined
  readonly lock: ObjectLock | undefined
}

export class EncryptedFiles implements FileContent {
  readonly #parts: EncryptedFilesParts

  constructor(parts: EncryptedFilesParts) {
    this.#parts = parts
  }

  /** As `FileService.put`. @throws FrostError also `encryption-key-*`: the default of the bucket names one that cannot be used. */
  async put(request: PutRequest): Promise<Upload> {
    const { files, encrypted } = this.#parts
    const { encryption: byDefault, lock } = await this.#defaultsOf(request.bucket)
    const encryption = withDefault(undefined, byDefault)
    if (encryption === undefined && lock === undefined) return await files.put(request)
    const locked = lock === undefined ? request : { ...request, lock }
    return new PlainUpload(await encrypted.put(locked, encryption))
  }

  /** Of a bucket that is not there, the files below say what that means. */
  async #defaultsOf(bucket: string): Promise<Defaults> {
    const { defaultOf, lockOf } = this.#parts
    try {
      const [encryption, lock] = await Promise.all([defaultOf(bucket), lockOf(bucket)])
      return { encryption, lock }
    } catch (error) {
      if (errorCode(error) === 'bucket-not-found') return { encryption: undefined, lock: undefined }
      throw error
    }
  }

  /** As `FileService.open`. @throws FrostError also `customer-key-required` (SSE-C), `encryption-key-*`. */
  async open(name: FileName, trail?: RequestTrail): Promise<FileReader | undefined> {
    const { objects, files, encrypted } = this.#parts
    const reader = await objects.open(name, trail)
    if (reader === undefined) return undefined
    if (reader.info.isDeleteMarker) {
      reader.close()
      return await files.open(name, trail) // which says what it means that it is not there
    }
    try {
      return await encrypted.content(reader, undefined)
    } catch (error) {
      reader.close()
      throw errorCode(error) === 'customer-key-required' ? needsS3(name) : error
    }
  }
}

/** An upload whose ETag is the version id, as REST has it. */
class PlainUpload implements Upload {
  readonly #upload: ObjectUpload<ObjectInfo>

  constructor(upload: ObjectUpload<ObjectInfo>) {
    this.#upload = upload
  }

  write(slice: Uint8Array): Promise<void> | undefined {
    return this.#upload.write(slice)
  }

  async finish(): Promise<FileInfo> {
    return await this.#upload.finish({})
  }

  abort(reason: unknown): void {
    this.#upload.abort(reason)
  }
}

function needsS3({ key }: FileName): FrostError {
  return new FrostError('customer-key-required', `"${key}" is encrypted with a key of its customer (SSE-C).`, {
    remedy: 'Read it through S3, with that key.',
  })
}
