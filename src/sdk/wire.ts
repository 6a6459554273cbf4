// What the REST surface says of files and buckets, as the client's own types.

import { FrostByteError } from './errors.ts'
import { JsonObject } from './json.ts'

/** One version of a file. */
export interface FileInfo {
  readonly name: string
  readonly bucket: string
  readonly sizeBytes: number
  /** Without quotes. */
  readonly etag: string
  /** `undefined` where the server does not say. */
  readonly version: string | undefined
  readonly contentType: string | undefined
  readonly modifiedAt: Date | undefined
  /** CRC-32 of the whole file, eight hex digits; `undefined` where the call does not tell. */
  readonly crc32: string | undefined
}

/** How far a rebuild of the metadata is. */
export interface RebuildStatus {
  /** `none`, `running`, `done` or `failed`; another where the server is newer. */
  readonly state: string
  readonly groups: number
  readonly groupsDone: number
  /** Versions of files that were put back. */
  readonly filesRecovered: number
  /** Files of which too little was found; some of them are in `incomplete`. */
  readonly filesIncomplete: number
  /** Data that ends no file: of failed uploads, or of larger files. */
  readonly idsUnnamed: number
  readonly repairs: number
  readonly incomplete: readonly { readonly name: string; readonly bucket: string; readonly reason: string }[]
  readonly workersMissing: readonly string[]
  /** Done, and data that belongs to no file may be deleted. */
  readonly settled: boolean
  /** Why it has failed, and what to do about it. */
  readonly reason: string | undefined
  readonly remedy: string | undefined
}

export interface BucketInfo {
  readonly name: string
  readonly createdAt: Date | undefined
  /** Name of the user whose it is; `undefined`: nobody’s that the server knows. */
  readonly owner: string | undefined
  /** `off`, `enabled` or `suspended`. */
  readonly versioning: string | undefined
  /** `undefined`: no limit. */
  readonly quotaBytes: number | undefined
  /** `undefined` where it was not asked for. */
  readonly files: number | undefined
  readonly usedBytes: number | undefined
}

export interface LayoutPiece {
  /** `data` or `parity`. */
  readonly kind: string
  /** Data: index of the chunk in the file. Parity: index of the stripe in the file. */
  readonly index: number
  readonly group: number
  readonly block: number
  readonly column: number
  readonly stripe: number
  readonly lengthBytes: number
  /** Plain CRC-32, eight hex digits; `undefined` where no worker that knows it answers. */
  readonly crc32: string | undefined
  readonly worker: string
}

export interface LayoutPage {
  readonly name: string
  readonly sizeBytes: number
  readonly chunkSizeBytes: number
  readonly scheme: string
  readonly chunkCount: number
  readonly pieces: readonly LayoutPiece[]
  /** `after` of the next page; `undefined` at the end. */
  readonly next: number | undefined
}

export interface VerifyProblem {
  /** Counted over the whole file. */
  readonly block: number
  readonly column: number
  readonly worker: string
  /** `missing`, `damaged`, or `unknown` (the worker does not answer); another where the server is newer. */
  readonly state: string
}

export interface VerifyPage {
  readonly name: string
  readonly sizeBytes: number
  /** What was verified. A file that is replaced between two pages has another one. */
  readonly version: string
  /** Blocks on this page. */
  readonly blocks: number
  /** Pieces that were read and passed every check. */
  readonly good: number
  /** All others. */
  readonly problems: readonly VerifyProblem[]
  /** `after` of the next page; `undefined` at the end. */
  readonly next: number | undefined
}

/** The answer to an upload: it knows neither type nor time. */
export function parseUploaded(value: unknown, bucket: string): FileInfo {
  const answer = new JsonObject(value, 'upload')
  return {
    name: answer.text('filename'),
    bucket,
    sizeBytes: answer.number('size'),
    etag: answer.text('etag'),
    version: answer.text('version'),
    contentType: undefined,
    modifiedAt: undefined,
    crc32: undefined,
  }
}

/** `GET /api/v1/stat`. */
export function parseFile(value: unknown): FileInfo {
  const file = new JsonObject(value, 'file')
  return { ...parseEntry(file, file.text('bucket')), version: file.text('version') }
}

/** A page of `GET /files?details=true`. */
export function parseFiles(value: unknown, bucket: string): readonly FileInfo[] {
  return asArray(value).map((entry) => parseEntry(new JsonObject(entry, 'list'), bucket))
}

function parseEntry(file: JsonObject, bucket: string): FileInfo {
  return {
    name: file.text('filename'),
    bucket,
    sizeBytes: file.number('size'),
    etag: file.text('etag'),
    version: file.optionalText('version'),
    contentType: file.optionalText('contentType'),
    modifiedAt: file.optionalDate('time'),
    crc32: file.optionalText('crc32'),
  }
}

/** A page of `GET /files`. */
export function parseNames(value: unknown): readonly string[] {
  return asArray(value).map((name) => {
    if (typeof name === 'string') return name
    throw new FrostByteError('response-invalid', 'list: the server’s answer is no list of names')
  })
}

export function parseRebuild(value: unknown): RebuildStatus {
  const answer = new JsonObject(value, 'rebuild')
  return {
    state: answer.text('state'),
    groups: answer.number('groups'),
    groupsDone: answer.number('groupsDone'),
    filesRecovered: answer.number('filesRecovered'),
    filesIncomplete: answer.number('filesIncomplete'),
    idsUnnamed: answer.number('idsUnnamed'),
    repairs: answer.number('repairs'),
    incomplete: answer.objects('incomplete').map((file) => ({
      name: file.text('filename'),
      bucket: file.text('bucket'),
      reason: file.text('reason'),
    })),
    workersMissing: answer.texts('workersMissing'),
    settled: answer.flag('settled'),
    reason: answer.optionalText('reason'),
    remedy: answer.optionalText('remedy'),
  }
}

export function parseLayout(value: unknown): LayoutPage {
  const answer = new JsonObject(value, 'layout')
  return {
    name: answer.text('filename'),
    sizeBytes: answer.number('size'),
    chunkSizeBytes: answer.number('chunkSize'),
    scheme: answer.text('scheme'),
    chunkCount: answer.number('chunks'),
    pieces: answer.objects('pieces').map((piece) => ({
      kind: piece.text('kind'),
      index: piece.number('index'),
      group: piece.number('group'),
      block: piece.number('block'),
      column: piece.number('column'),
      stripe: piece.number('stripe'),
      lengthBytes: piece.number('length'),
      crc32: piece.optionalText('crc32'),
      worker: piece.text('worker'),
    })),
    next: answer.optionalNumber('next'),
  }
}

export function parseVerified(value: unknown): VerifyPage {
  const answer = new JsonObject(value, 'verification')
  return {
    name: answer.text('filename'),
    sizeBytes: answer.number('size'),
    version: answer.text('version'),
    blocks: answer.number('blocks'),
    good: answer.number('good'),
    problems: answer.objects('problems').map((problem) => ({
      block: problem.number('block'),
      column: problem.number('column'),
      worker: problem.text('worker'),
      state: problem.text('state'),
    })),
    next: answer.optionalNumber('next'),
  }
}

export function parseBuckets(value: unknown): readonly BucketInfo[] {
  return asArray(value).map(parseBucket)
}

export function parseBucket(value: unknown): BucketInfo {
  const bucket = new JsonObject(value, 'bucket')
  return {
    name: bucket.text('name'),
    createdAt: bucket.optionalDate('created'),
    owner: bucket.optionalText('owner'),
    versioning: bucket.optionalText('versioning'),
    quotaBytes: bucket.optionalNumber('quotaBytes'),
    files: bucket.optionalNumber('files'),
    usedBytes: bucket.optionalNumber('usedBytes'),
  }
}

/** What the headers of a download say, with the size of the whole file, which is not in one place. */
export function parseFileHeaders(
  headers: Headers,
  file: { readonly name: string; readonly bucket: string; readonly sizeBytes: number },
): FileInfo {
  const modified = Date.parse(headers.get('last-modified') ?? '')
  return {
    ...file,
    etag: (headers.get('etag') ?? '').replace(/^"(.*)"$/, '$1'),
    version: undefined,
    contentType: headers.get('content-type') ?? undefined,
    modifiedAt: Number.isNaN(modified) ? undefined : new Date(modified),
    crc32: undefined,
  }
}

function asArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new FrostByteError('response-invalid', 'the server’s answer is no JSON array', {
    remedy: 'Check that the address is that of a FrostByte server.',
  })
}
