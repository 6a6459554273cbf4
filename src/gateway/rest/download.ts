// GET or HEAD /download/NAME, or /download?filename=NAME: the bytes of a file, whole or by ranges, under conditions.

import { FrostError } from '../../base/errors.ts'
import type { FileInfo, FileName, FileReader } from '../../master/file-service.ts'
import { contentRange, describeByteRanges } from '../http/byte-ranges-body.ts'
import { evaluateConditions, hasConditions, rangeApplies } from '../http/conditions.ts'
import { attachmentDisposition } from '../http/content-disposition.ts'
import type { Exchange } from '../http/exchange.ts'
import { sendFileBody } from '../http/file-body.ts'
import { formatHttpDate } from '../http/http-date.ts'
import { defaultMediaType } from '../http/media-type.ts'
import type { Query } from '../http/query.ts'
import { planRanges } from '../http/ranges.ts'
import type { ByteRange } from '../http/ranges.ts'
import { decodeText } from '../http/request-target.ts'
import { fileNotFound, nameFromPathOrQuery } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'
import { preconditionFailed } from './write-condition.ts'

/** What follows it in a path is the name, whatever it holds. */
export const downloadPrefix = '/download/'

export async function handleDownload(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  await answerDownload(exchange, nameFromPathOrQuery(nameInPath(exchange.path), query), parts)
}

/** `onOpen`: called before the first byte of a file that is there, and may refuse. */
export async function answerDownload(
  exchange: Exchange,
  name: FileName,
  parts: RestParts,
  onOpen?: () => Promise<void>,
): Promise<void> {
  if (exchange.method === 'HEAD') {
    const info = await parts.files.head(name)
    if (info === undefined) throw fileNotFound(name)
    if (!settleConditions(exchange, info, parts)) exchange.sendSized(200, wholeHeaders(info), undefined)
    return
  }
  const reader = await parts.content.open(name, exchange.trail)
  if (reader === undefined) throw fileNotFound(name)
  try {
    await onOpen?.()
    await sendFile(exchange, name, reader, parts)
  } finally {
    reader.close()
  }
}

export function nameInPath(path: string): string | undefined {
  if (!path.startsWith(downloadPrefix)) return undefined
  const name = decodeText(path.slice(downloadPrefix.length), false)
  if (name !== undefined) return name
  throw new FrostError('name-invalid', 'The name in the path is not percent-encoded UTF-8.', {
    remedy: 'Encode the UTF-8 bytes of the name, a % itself as %25.',
  })
}

async function sendFile(exchange: Exchange, name: FileName, reader: FileReader, parts: RestParts): Promise<void> {
  const { info } = reader
  if (settleConditions(exchange, info, parts)) return
  const { headers } = exchange
  const isRangeRequest = headers.range !== undefined && rangeApplies(ifRangeOf(headers), info, parts.clock.wallMs())
  const plan = planRanges(isRangeRequest ? headers.range : undefined, info.sizeBytes)
  if (plan.kind === 'unsatisfiable') {
    const detail = `${JSON.stringify(name.key)} has ${info.sizeBytes} bytes.`
    exchange.fail(new FrostError('range-unsatisfiable', detail), ['Content-Range', `bytes */${info.sizeBytes}`])
  } else if (plan.kind === 'parts') {
    await sendRanges(exchange, reader, plan.parts)
  } else if (info.sizeBytes === 0) {
    exchange.sendSized(200, wholeHeaders(info), undefined)
  } else {
    const whole = { offset: 0, length: info.sizeBytes }
    await sendFileBody(exchange, reader, { status: 200, headers: wholeHeaders(info), parts: [whole] })
  }
}

async function sendRanges(exchange: Exchange, reader: FileReader, ranges: readonly ByteRange[]): Promise<void> {
  const { info } = reader
  const [first] = ranges
  if (first !== undefined && ranges.length === 1) {
    const headers = representationHeaders(info)
    headers.push('Content-Type', mediaTypeOf(info), 'Content-Length', String(first.length))
    headers.push('Content-Range', contentRange(first.offset, first.length, info.sizeBytes))
    await sendFileBody(exchange, reader, { status: 206, headers, parts: ranges })
    return
  }
  const source = { contentType: mediaTypeOf(info), sizeBytes: info.sizeBytes, token: info.etag }
  const { contentType, contentLength, headings, closing } = describeByteRanges(source, ranges)
  const headers = representationHeaders(info)
  headers.push('Content-Type', contentType, 'Content-Length', String(contentLength))
  await sendFileBody(exchange, reader, { status: 206, headers, parts: ranges, headings, closing })
}

/** Whether the conditions ended the request. @throws FrostError `precondition-failed`. */
function settleConditions(exchange: Exchange, info: FileInfo, parts: RestParts): boolean {
  if (!hasConditions(exchange.headers)) return false
  const verdict = evaluateConditions(exchange.headers, info, { kind: 'read', nowMs: parts.clock.wallMs() })
  if (verdict === 'proceed') return false
  if (verdict === 'failed') throw preconditionFailed(info)
  const headers = ['ETag', `"${info.etag}"`, 'Last-Modified', formatHttpDate(info.modifiedMs), ...cacheHeaders]
  exchange.send(304, headers, undefined)
  return true
}

function ifRangeOf(headers: Exchange['headers']): string | undefined {
  const value = headers['if-range']
  return Array.isArray(value) ? value.join(', ') : value
}

/** A client may keep a file, and asks before each use whether it is still the same. */
const cacheHeaders: readonly string[] = ['Cache-Control', 'no-cache']

/** `sandbox`: should a browser show a file after all, it runs nothing of it and gives it no origin. */
const fileHeaders: readonly string[] = [
  ['Accept-Ranges', 'bytes'],
  ['X-Content-Type-Options', 'nosniff'],
  ['Content-Security-Policy', "sandbox; default-src 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  cacheHeaders,
].flat()

function representationHeaders(info: FileInfo): string[] {
  return [
    'ETag',
    `"${info.etag}"`,
    'Last-Modified',
    formatHttpDate(info.modifiedMs),
    'Content-Disposition',
    attachmentDisposition(info.key),
    ...fileHeaders,
  ]
}

function wholeHeaders(info: FileInfo): string[] {
  const headers = representationHeaders(info)
  headers.push('Content-Type', mediaTypeOf(info), 'Content-Length', String(info.sizeBytes))
  return headers
}

function mediaTypeOf(info: FileInfo): string {
  return info.contentType ?? defaultMediaType
}
