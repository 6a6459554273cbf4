// POST or PUT /upload?filename=NAME[&size=N]: a raw body, or a form's part `file`.

import { FrostError } from '../../base/errors.ts'
import type { FileInfo, FileName, PutRequest } from '../../master/file-service.ts'
import { jsonHeaders } from '../http/exchange.ts'
import type { Exchange } from '../http/exchange.ts'
import { receiveFormBody } from '../http/form-body.ts'
import { isMultipartForm, storedMediaType } from '../http/media-type.ts'
import { integerParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import { sizeMismatch } from '../http/body-pump.ts'
import { receiveRawBody } from '../http/upload-body.ts'
import type { BucketCauses } from '../s3/change-cause.ts'
import { bucketOf, checkName, fileNameOf } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'
import { hasConditions } from '../http/conditions.ts'
import { resolveWriteCondition } from './write-condition.ts'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

export async function handleUpload(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { headers } = exchange
  refuseUnstorable(exchange)
  const sizeBytes = integerParameter(query, 'size', { min: 0, max: Number.MAX_SAFE_INTEGER })
  const isForm = isMultipartForm(headers['content-type'])
  const info = isForm
    ? await storeForm(exchange, query, parts, sizeBytes)
    : await storeRaw(exchange, query, parts, sizeBytes)
  answer(exchange, info)
}

async function storeRaw(
  exchange: Exchange,
  query: Query,
  parts: RestParts,
  sizeBytes: number | undefined,
): Promise<FileInfo> {
  const { headers } = exchange
  const name = fileNameOf(query)
  const request: Writable<PutRequest> = name
  if (exchange.trail !== undefined) request.trail = exchange.trail
  const announcedBytes = agreedLength(sizeBytes, headers['content-length'])
  if (announcedBytes !== undefined) request.sizeBytes = announcedBytes
  const contentType = storedMediaType(headers['content-type'])
  if (contentType !== undefined) request.contentType = contentType
  if (hasConditions(headers)) await addCondition(request, exchange, parts)
  addCause(request, exchange, await parts.causes?.of(name.bucket))
  return receiveRawBody(exchange, parts, request)
}

async function storeForm(
  exchange: Exchange,
  query: Query,
  parts: RestParts,
  sizeBytes: number | undefined,
): Promise<FileInfo> {
  const bucket = bucketOf(query)
  const queryName = query.get('filename')
  if (hasConditions(exchange.headers) && queryName === undefined) {
    throw new FrostError('bad-request', 'A conditional upload of a form does not name its file in the query.', {
      remedy: 'Give the name as ?filename=NAME.',
    })
  }
  const given =
    queryName === undefined ? undefined : await conditionOf({ bucket, key: checkName(queryName) }, exchange, parts)
  const causes = await parts.causes?.of(bucket)
  return receiveFormBody(exchange, parts, (file) => {
    const { trail } = exchange
    const request: Writable<PutRequest> = {
      ...(trail === undefined ? {} : { trail }),
      bucket,
      key: checkName(queryName ?? nameOfPart(file.fileName)),
    }
    if (sizeBytes !== undefined) request.sizeBytes = sizeBytes
    const contentType = storedMediaType(file.contentType)
    if (contentType !== undefined) request.contentType = contentType
    if (given !== undefined) request.condition = given
    addCause(request, exchange, causes)
    return request
  })
}

function addCause(request: Writable<PutRequest>, exchange: Exchange, causes: BucketCauses | undefined): void {
  const event = exchange.method === 'POST' ? 's3:ObjectCreated:Post' : 's3:ObjectCreated:Put'
  const cause = causes?.(exchange, { event, key: request.key })
  if (cause !== undefined) request.cause = cause
}

async function addCondition(request: Writable<PutRequest>, exchange: Exchange, parts: RestParts): Promise<void> {
  const condition = await conditionOf(request, exchange, parts)
  if (condition !== undefined) request.condition = condition
}

async function conditionOf(
  name: FileName,
  exchange: Exchange,
  parts: RestParts,
): ReturnType<typeof resolveWriteCondition> {
  return resolveWriteCondition(exchange.headers, name, parts)
}

/** The parser puts U+FFFD where the bytes are not UTF-8; such a name could not be asked for again. */
function nameOfPart(fileName: string | undefined): string | undefined {
  if (fileName?.includes('\uFFFD') !== true) return fileName
  throw new FrostError('name-invalid', 'The file name of the part "file" is not UTF-8.', {
    remedy: 'Give the name as ?filename=NAME, percent-encoded.',
  })
}

/** What `size=` and Content-Length say together, before a byte is read. */
function agreedLength(sizeBytes: number | undefined, contentLength: string | undefined): number | undefined {
  if (contentLength === undefined) return sizeBytes
  const lengthBytes = Number(contentLength)
  if (!Number.isSafeInteger(lengthBytes)) {
    throw new FrostError('body-too-large', `A body of ${contentLength} bytes is more than can be stored.`)
  }
  if (sizeBytes !== undefined && sizeBytes !== lengthBytes) throw sizeMismatch(sizeBytes, String(lengthBytes))
  return lengthBytes
}

/** What could be stored only as something else than the client means. */
function refuseUnstorable(exchange: Exchange): void {
  const { headers } = exchange
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new FrostError('media-type-unsupported', `The body is encoded as ${JSON.stringify(encoding)}.`, {
      remedy: 'Send the file’s own bytes, without Content-Encoding.',
    })
  }
  if (headers['content-range'] !== undefined) {
    throw new FrostError('bad-request', 'A part of a file cannot be uploaded.', { remedy: 'Send the whole file.' })
  }
}

function answer(exchange: Exchange, info: FileInfo): void {
  const { key, sizeBytes, etag, version } = info
  const headers = jsonHeaders()
  headers.push('ETag', `"${etag}"`)
  exchange.send(201, headers, JSON.stringify({ filename: key, size: sizeBytes, etag, version }))
}
