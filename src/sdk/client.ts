// The client library's face: one object for one server. It holds no connection and needs no closing.

import { AccessClient } from './access-client.ts'
import { EncryptionClient } from './encryption-client.ts'
import { download } from './download.ts'
import type { Download, DownloadOptions } from './download.ts'
import { remove } from './remove.ts'
import type { RemoveOptions } from './remove.ts'
import { inRange } from './retry.ts'
import type { UploadSource } from './source.ts'
import { fileQuery, HttpTransport } from './transport.ts'
import type { ClientOptions, HttpRequest, RequestOptions, Transport } from './transport.ts'
import { upload } from './upload.ts'
import type { UploadOptions } from './upload.ts'
import {
  parseBucket,
  parseBuckets,
  parseFile,
  parseFiles,
  parseLayout,
  parseNames,
  parseRebuild,
  parseVerified,
} from './wire.ts'
import type { BucketInfo, FileInfo, LayoutPage, RebuildStatus, VerifyPage } from './wire.ts'
import { parseCluster, parseScrubbing } from './wire-cluster.ts'
import type { ClusterStatus } from './wire-cluster.ts'

export interface FileOptions extends RequestOptions {
  /** Default: the client's. */
  readonly bucket?: string | undefined
}

export interface ListOptions extends FileOptions {
  /** Only names after this one, which need not exist. */
  readonly after?: string | undefined
  /** Names at most; default all. */
  readonly limit?: number | undefined
  /** Names a request; default 1,000, 1 to 1,000. */
  readonly pageSize?: number | undefined
}

export interface LayoutOptions extends FileOptions {
  /** Pieces of chunks after this index; default -1, the start. */
  readonly after?: number | undefined
  /** Data chunks a page; default 1,000, 1 to 1,000. */
  readonly limit?: number | undefined
}

export interface VerifyOptions extends FileOptions {
  /** Blocks after this one; default -1, the start. */
  readonly after?: number | undefined
  /** Blocks a page, 1 to 1,000. Default 20, some 100 MiB to read at 3+2, so that an answer comes within `timeoutMs`. */
  readonly limit?: number | undefined
}

export interface RebuildOptions extends RequestOptions {
  /** Also where the metadata holds files: adds those that it does not know. Default: no. */
  readonly merge?: boolean | undefined
  /** Also while more workers are missing than files can do without. Default: no. */
  readonly force?: boolean | undefined
}

const pageSizeMax = 1000
const verifyBlocksDefault = 20

/** What is not named stays. */
export interface BucketChange {
  readonly versioning?: 'enabled' | 'suspended' | undefined
  /** 0: no limit. */
  readonly quotaBytes?: number | undefined
  /** The name of the user whose it is from now on. */
  readonly owner?: string | undefined
}

/**
 * @example
 * const client = new FrostByteClient({ url: 'http://127.0.0.1:8080' })
 * await client.upload('notes/today.txt', 'it snows')
 * const { stream } = await client.download('notes/today.txt')
 * console.log(await new Response(stream).text())
 * for await (const file of client.list('notes/')) console.log(file.name, file.sizeBytes)
 */
export class FrostByteClient {
  /** Users, access keys, tokens, grants and share links. */
  readonly access: AccessClient
  /** Master keys of encryption. */
  readonly encryption: EncryptionClient
  readonly #transport: Transport

  /** @throws FrostByteError `option-invalid`. */
  constructor(options: ClientOptions = {}) {
    this.#transport = new HttpTransport(options)
    this.access = new AccessClient(this.#transport)
    this.encryption = new EncryptionClient(this.#transport)
  }

  /**
   * Stores a file; one of that name is replaced. Durable on the cluster when it resolves. After a rejection the name is as it
   * was, except where the connection broke (`network-failed`, `timed-out`): then `stat` tells.
   */
  async upload(name: string, source: UploadSource, options: UploadOptions = {}): Promise<FileInfo> {
    return upload(this.#transport, { name, source }, options)
  }

  /**
   * Opens a file or a range of it for reading. A broken connection is resumed where it broke, on the same version;
   * where the file was replaced meanwhile, the stream fails with `file-changed`.
   * @throws FrostByteError `file-not-found`, `bucket-not-found`, `range-unsatisfiable`, …
   */
  async download(name: string, options: DownloadOptions = {}): Promise<Download> {
    return download(this.#transport, name, options)
  }

  /** @throws FrostByteError `file-not-found`, `bucket-not-found`, … */
  async stat(name: string, options: FileOptions = {}): Promise<FileInfo> {
    const query = fileQuery(name, options.bucket ?? this.#transport.bucket)
    return parseFile(await this.#get('api/v1/stat', `look-up of "${name}"`, options, query))
  }

  /**
   * Deletes the newest version of a file. Durable when it resolves.
   * @throws FrostByteError `file-not-found`, except after a broken connection: then the first request may have done it.
   */
  async remove(name: string, options: RemoveOptions = {}): Promise<void> {
    return remove(this.#transport, name, options)
  }

  /** Files whose names begin with `prefix`, in byte order of their names, fetched by pages. */
  async *list(prefix = '', options: ListOptions = {}): AsyncGenerator<FileInfo, void, undefined> {
    const bucket = options.bucket ?? this.#transport.bucket
    yield* this.#pages(
      { prefix, bucket, options, details: true },
      (page) => parseFiles(page, bucket),
      (file) => file.name,
    )
  }

  /** Like `list`, names only: much cheaper. */
  async *listNames(prefix = '', options: ListOptions = {}): AsyncGenerator<string, void, undefined> {
    const bucket = options.bucket ?? this.#transport.bucket
    yield* this.#pages({ prefix, bucket, options, details: false }, parseNames, (name) => name)
  }

  /** Which chunk and parity piece of a file lies on which worker; one page. */
  async layout(name: string, options: LayoutOptions = {}): Promise<LayoutPage> {
    const query = {
      ...fileQuery(name, options.bucket ?? this.#transport.bucket),
      after: options.after,
      limit: options.limit ?? pageSizeMax,
    }
    return parseLayout(await this.#get('api/v1/layout', `layout of "${name}"`, options, query))
  }

  async cluster(options: RequestOptions = {}): Promise<ClusterStatus> {
    return parseCluster(await this.#get('api/v1/cluster', 'state of the cluster', options))
  }

  /**
   * Has everything moved away from a worker, in the background: `cluster` says how far. Durable when it resolves.
   * @throws FrostByteError `worker-not-found`; `drain-refused` where too few workers would remain.
   */
  async drain(worker: string, options: RequestOptions = {}): Promise<void> {
    await this.#change(
      'POST',
      `api/v1/workers/${encodeURIComponent(worker)}/drain`,
      `drain of worker ${worker}`,
      options,
    )
  }

  /** Ends a drain; what has moved stays where it is. @throws FrostByteError `worker-not-found`. */
  async cancelDrain(worker: string, options: RequestOptions = {}): Promise<void> {
    await this.#change(
      'DELETE',
      `api/v1/workers/${encodeURIComponent(worker)}/drain`,
      `drain of worker ${worker}`,
      options,
    )
  }

  /**
   * Forgets a worker that is gone and holds nothing: it is not listed any more. Durable when it resolves.
   * @throws FrostByteError `worker-not-found`; `worker-in-use` where it answers, or holds slots.
   */
  async forgetWorker(worker: string, options: RequestOptions = {}): Promise<void> {
    await this.#change('DELETE', `api/v1/workers/${encodeURIComponent(worker)}`, `worker ${worker}`, options)
  }

  /** Has everything that must exist compared with what the workers hold, and repairs what is missing; in the background. */
  async repair(options: RequestOptions = {}): Promise<void> {
    await this.#change('POST', 'api/v1/repair', 'comparison', options)
  }

  /** Has every worker that answers read and check all that it stores, in the background. Resolves to the ids of those that began. */
  async scrub(options: RequestOptions = {}): Promise<readonly string[]> {
    return parseScrubbing(await this.#change('POST', 'api/v1/scrub', 'scrub', options))
  }

  /** Has the workers read and check every piece of a file; one page. @throws FrostByteError `file-not-found`, … */
  async verify(name: string, options: VerifyOptions = {}): Promise<VerifyPage> {
    const query = {
      ...fileQuery(name, options.bucket ?? this.#transport.bucket),
      after: options.after,
      limit: options.limit ?? verifyBlocksDefault,
    }
    return parseVerified(await this.#get('api/v1/verify', `verification of "${name}"`, options, query))
  }

  /**
   * Starts to rebuild lost metadata from what the workers hold; it goes on by itself, and `rebuild` tells how far it is.
   * @throws FrostByteError `precondition-failed`: there is nothing to rebuild, one runs already, or it needs `merge`.
   */
  async startRebuild(options: RebuildOptions = {}): Promise<RebuildStatus> {
    const { merge, force } = options
    const request = {
      method: 'POST',
      path: 'api/v1/rebuild-metadata',
      query: { merge, force },
      subject: 'rebuild',
    } as const
    return parseRebuild(await this.#transport.requestJson(request, options))
  }

  /** The last rebuild of the metadata. */
  async rebuild(options: RequestOptions = {}): Promise<RebuildStatus> {
    return parseRebuild(await this.#get('api/v1/rebuild-metadata', 'state of the rebuild', options))
  }

  /** `usage`: also what they hold. */
  async listBuckets(options: RequestOptions & { readonly usage?: boolean } = {}): Promise<readonly BucketInfo[]> {
    const query = options.usage === true ? { usage: true } : {}
    const request = { method: 'GET', path: 'api/v1/buckets', query, subject: 'list of buckets' } as const
    return parseBuckets(await this.#transport.requestJson(request, options))
  }

  /** @throws FrostByteError `bucket-not-found`, `user-not-found`, `bad-request`. */
  async changeBucket(bucket: string, change: BucketChange, options: RequestOptions = {}): Promise<BucketInfo> {
    const subject = `bucket "${bucket}"`
    const request = { method: 'PATCH', path: 'api/v1/buckets', query: { bucket }, subject } as const
    return parseBucket(await this.#transport.requestJson({ ...request, json: change, isRepeatable: true }, options))
  }

  /** @throws FrostByteError `bucket-exists`, `bucket-invalid`. Not repeated after a broken connection: `listBuckets` tells. */
  async createBucket(bucket: string, options: RequestOptions = {}): Promise<void> {
    await this.#changeBucket('PUT', bucket, options)
  }

  /** @throws FrostByteError `bucket-not-found`, `bucket-not-empty`. Not repeated after a broken connection: `listBuckets` tells. */
  async removeBucket(bucket: string, options: RequestOptions = {}): Promise<void> {
    await this.#changeBucket('DELETE', bucket, options)
  }

  async #changeBucket(method: 'PUT' | 'DELETE', bucket: string, options: RequestOptions): Promise<void> {
    const subject = `bucket "${bucket}"`
    await this.#transport.requestJson({ method, path: 'api/v1/buckets', query: { bucket }, subject }, options)
  }

  async #change(method: 'POST' | 'DELETE', path: string, subject: string, options: RequestOptions): Promise<unknown> {
    return this.#transport.requestJson({ method, path, subject, isRepeatable: true }, options)
  }

  async #get(
    path: string,
    subject: string,
    options: RequestOptions,
    query: HttpRequest['query'] = {},
  ): Promise<unknown> {
    return this.#transport.requestJson({ method: 'GET', path, query, subject }, options)
  }

  async *#pages<T>(
    listing: {
      readonly prefix: string
      readonly bucket: string
      readonly details: boolean
      readonly options: ListOptions
    },
    parse: (page: unknown) => readonly T[],
    nameOf: (entry: T) => string,
  ): AsyncGenerator<T, void, undefined> {
    const { options } = listing
    const pageSize = inRange('pageSize', options.pageSize ?? pageSizeMax, 1, pageSizeMax)
    let left = inRange('limit', options.limit ?? Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER)
    let after = options.after
    while (left > 0) {
      const limit = Math.min(pageSize, left)
      const query = {
        bucket: listing.bucket,
        prefix: listing.prefix === '' ? undefined : listing.prefix,
        after,
        limit,
        details: listing.details,
      }
      const page = parse(await this.#get('files', `list of bucket "${listing.bucket}"`, options, query))
      yield* page
      const last = page.at(-1)
      if (last === undefined || page.length < limit) return
      left -= page.length
      after = nameOf(last)
    }
  }
}
