// The end of an upload that is a part of a multipart upload. Its record says so, and so is never taken for a file.

import type { VersionId } from '../base/ids.ts'
import { encodeManifest } from '../codec/manifest.ts'
import type { NewData } from '../meta/contract/file-metadata.ts'
import type { MultipartName, PartRow } from '../meta/contract/multipart-metadata.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'
import type { Room } from './quotas.ts'
import type { Sealing } from './object-service.ts'
import type { StoredBody, UploadEnding } from './upload-ending.ts'
import { newVersionId, timed } from './version-ending.ts'
import type { CommitPorts } from './version-ending.ts'

export interface PartRequest extends MultipartName {
  readonly number: number
  readonly trail?: RequestTrail | undefined
  readonly room?: Room | undefined
}

export class PartEnding implements UploadEnding<PartRow> {
  readonly #ports: CommitPorts
  readonly #request: PartRequest
  readonly #id: VersionId

  constructor(ports: CommitPorts, request: PartRequest) {
    this.#ports = ports
    this.#request = request
    this.#id = newVersionId(ports)
  }

  manifest(body: StoredBody): Uint8Array<ArrayBuffer> {
    const { bucket, key, upload, number } = this.#request
    return encodeManifest({
      bucket,
      key,
      versionId: this.#id,
      extents: body.extents,
      headSequence: 0,
      crcBefore: body.crc32,
      sizeBytes: body.sizeBytes,
      partOf: { upload, number },
    })
  }

  async commit(body: StoredBody, newData: readonly NewData[], sealing: Sealing): Promise<PartRow> {
    const { bucket, key, upload, number, trail, room } = this.#request
    const { logical, etag, checksums, extra } = sealing
    const part: PartRow = {
      number,
      id: this.#id,
      modifiedMs: this.#ports.clock.wallMs(),
      sizeBytes: logical?.sizeBytes ?? body.sizeBytes,
      ...(logical === undefined || logical.sizeBytes === body.sizeBytes ? {} : { storedSizeBytes: body.sizeBytes }),
      extents: body.extents,
      crc32: logical?.crc32 ?? body.crc32,
      ...(etag === undefined ? {} : { etag }),
      ...(checksums === undefined || checksums.length === 0 ? {} : { checksums }),
      ...(extra === undefined ? {} : { extra }),
    }
    const commit = async (): Promise<void> => {
      await timed(this.#ports, trail, async () => {
        await this.#ports.metadata.putPart({ bucket, key, upload, part, newData })
      })
    }
    await (room === undefined ? commit() : room.take(part.sizeBytes, commit))
    return part
  }
}
