// The body of an answer with several ranges: multipart/byteranges (RFC 9110, section 14.6). Its length is known before
// its first byte, so the answer has a Content-Length and a cut one is noticed.

import type { ByteRange } from './ranges.ts'

export interface ByteRangesBody {
  readonly contentType: string
  readonly contentLength: number
  /** What stands before the part of the same index. */
  readonly headings: readonly string[]
  readonly closing: string
}

export interface ByteRangesSource {
  readonly contentType: string
  readonly sizeBytes: number
  /** A delimiter that the content cannot hold, 1 to 60 letters and digits: the file's ETag, made after its content was given. */
  readonly token: string
}

export function describeByteRanges(source: ByteRangesSource, parts: readonly ByteRange[]): ByteRangesBody {
  const boundary = `frostbyte-${source.token}`
  const headings = parts.map(
    ({ offset, length }) =>
      `\r\n--${boundary}\r\nContent-Type: ${source.contentType}\r\n` +
      `Content-Range: ${contentRange(offset, length, source.sizeBytes)}\r\n\r\n`,
  )
  const closing = `\r\n--${boundary}--\r\n`
  let contentLength = closing.length
  for (const heading of headings) contentLength += heading.length
  for (const part of parts) contentLength += part.length
  return { contentType: `multipart/byteranges; boundary=${boundary}`, contentLength, headings, closing }
}

export function contentRange(offset: number, length: number, sizeBytes: number): string {
  return `bytes ${offset}-${offset + length - 1}/${sizeBytes}`
}
