// User metadata (x-amz-meta-*): at most 2 KiB in all, names in lower case. Values are text: bytes that are UTF-8 are taken as that,
// others as Latin-1, and what is not plain ASCII goes out as RFC 2047 writes it, as with AWS.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html

import type { IncomingHttpHeaders } from 'node:http'

import { headerOf } from './s3-call.ts'
import { S3Error } from './s3-error.ts'

const metadataPrefix = 'x-amz-meta-'
const bytesMax = 2 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `undefined`: there is none. @throws S3Error `MetadataTooLarge`. */
export function readUserMetadata(headers: IncomingHttpHeaders): Readonly<Record<string, string>> | undefined {
  let metadata: Record<string, string> | undefined
  let size = 0
  for (const name in headers) {
    if (!name.startsWith(metadataPrefix)) continue
    const value = textOfHeader(headerOf(headers, name) ?? '')
    const key = name.slice(metadataPrefix.length)
    size += key.length + Buffer.byteLength(value)
    metadata ??= Object.create(null) as Record<string, string> // a name may be that of a property of all objects
    metadata[key] = value
  }
  if (size > bytesMax) {
    const fields = { Size: String(size), MaxSizeAllowed: String(bytesMax) }
    throw new S3Error('MetadataTooLarge', undefined, { fields })
  }
  return metadata === undefined ? undefined : { ...metadata }
}

/** Adds flat headers. */
export function addUserMetadata(headers: string[], metadata: Readonly<Record<string, string>> | undefined): void {
  if (metadata === undefined) return
  for (const [name, value] of Object.entries(metadata)) headers.push(metadataPrefix + name, headerOfText(value))
}

/** What a header's value says, which node:http gives as Latin-1. */
function textOfHeader(value: string): string {
  if (!/[\u0080-\u00ff]/.test(value)) return value
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

/** A value that can stand in a header. */
function headerOfText(text: string): string {
  return /^[\t\x20-\x7e]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`
}
