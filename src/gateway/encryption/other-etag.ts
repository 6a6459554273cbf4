import type { ObjectUpload, Sealing } from '../../master/object-service.ts'

/** An upload whose ETag is not what its writer says, which would tell of the content. `etag` absent: it is the version id. */
export class OtherEtag<Result> implements ObjectUpload<Result> {
  readonly #upload: ObjectUpload<Result>
  readonly #etag: string | undefined

  constructor(upload: ObjectUpload<Result>, etag: string | undefined) {
    this.#upload = upload
    this.#etag = etag
  }

  write(slice: Uint8Array): Promise<void> | undefined {
    return this.#upload.write(slice)
  }

  async finish({ etag: _, ...sealing }: Sealing): Promise<Result> {
    return await this.#upload.finish(this.#etag === undefined ? sealing : { ...sealing, etag: this.#etag })
  }

  abort(reason: unknown): void {
    this.#upload.abort(reason)
  }
}
