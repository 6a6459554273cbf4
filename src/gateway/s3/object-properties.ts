// What an object is besides its bytes, as the headers of a request give it and those of an answer show it. Headers are stored as they
// came; values that are not plain ASCII go out as bytes of UTF-8, as they came in.

import type { IncomingHttpHeaders } from 'node:http'

import type { ObjectInfo } from '../../master/object-service.ts'
import { formatHttpDate } from '../http/http-date.ts'
import { isHoldKnown } from './object-lock.ts'
import { quoted } from './object-names.ts'
import { headerOf } from './s3-call.ts'
import { S3Error } from './s3-error.ts'
import { addUserMetadata } from './user-metadata.ts'

/** What S3 stores an object as that says nothing of itself. */
const defaultContentType = 'binary/octet-stream'

/** Stored with an object, besides its Content-Type. */
const storedHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-amz-website-redirect-location',
] as const

/** How answers write them. */
const shownNames: Readonly<Record<string, string>> = {
  'cache-control': 'Cache-Control',
  'content-disposition': 'Content-Disposition',
  'content-encoding': 'Content-Encoding',
  'content-language': 'Content-Language',
  'expires': 'Expires',
}

export const storageClassHeader = 'x-amz-storage-class'
export const defaultStorageClass = 'STANDARD'
/** All are stored alike; the class is kept and told, so that programs that ask for one find it again. */
const storageClasses: ReadonlySet<string> = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
])
const redirectLengthMax = 2048

/** `undefined`: none. @throws S3Error `InvalidStorageClass`, `InvalidArgument`. */
export function readStoredHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> | undefined {
  let stored: Record<string, string> | undefined
  for (const name of storedHeaders) {
    const given = headerOf(headers, name)
    const value = name === 'content-encoding' && given !== undefined ? withoutAwsChunked(given) : given
    if (value === undefined || value === '') continue
    if (name === 'x-amz-website-redirect-location') checkRedirect(value)
    stored ??= {}
    stored[name] = value
  }
  const storageClass = headerOf(headers, storageClassHeader)
  if (storageClass !== undefined && storageClass !== defaultStorageClass) {
    if (!storageClasses.has(storageClass)) throw new S3Error('InvalidStorageClass')
    stored = { ...stored, [storageClassHeader]: storageClass }
  }
  return stored
}

/** `aws-chunked` says how the body was sent, not what is stored. `undefined`: nothing else is said. */
function withoutAwsChunked(encoding: string): string | undefined {
  if (!/aws-chunked/i.test(encoding)) return encoding
  const others = encoding
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one.toLowerCase() !== 'aws-chunked')
  return others.length === 0 ? undefined : others.join(',')
}

export function storageClassOf(info: Pick<ObjectInfo, 'headers'>): string {
  return info.headers?.[storageClassHeader] ?? defaultStorageClass
}

export type Overrides = Readonly<Record<string, string>>

/** Adds to the flat headers of an answer what GET and HEAD show of an object, but for its length, its version and its checksums. */
export function addObjectHeaders(headers: string[], info: ObjectInfo, overrides: Overrides | undefined): void {
  headers.push('Last-Modified', formatHttpDate(info.modifiedMs), 'ETag', quoted(info.etag), 'Accept-Ranges', 'bytes')
  headers.push('Content-Type', overrides?.['content-type'] ?? info.contentType ?? defaultContentType)
  if (info.headers !== undefined) {
    for (const [name, value] of Object.entries(info.headers)) {
      if (overrides?.[name] === undefined) headers.push(shownNames[name] ?? name, value)
    }
  }
  if (overrides !== undefined) {
    for (const [name, value] of Object.entries(overrides)) {
      if (name !== 'content-type') headers.push(shownNames[name] ?? name, value)
    }
  }
  addUserMetadata(headers, info.userMetadata)
  const tagCount = info.tags === undefined ? 0 : Object.keys(info.tags).length
  if (tagCount > 0) headers.push('x-amz-tagging-count', String(tagCount))
  addLockHeaders(headers, info)
}

function addLockHeaders(headers: string[], info: ObjectInfo): void {
  const { lock } = info
  if (lock?.mode !== undefined && lock.retainUntilMs !== undefined) {
    headers.push('x-amz-object-lock-mode', lock.mode.toUpperCase())
    headers.push('x-amz-object-lock-retain-until-date', new Date(lock.retainUntilMs).toISOString())
  }
  if (isHoldKnown(info)) headers.push('x-amz-object-lock-legal-hold', lock?.legalHold === true ? 'ON' : 'OFF')
}

/** @throws S3Error `InvalidArgument`. */
function checkRedirect(value: string): void {
  if (/^(?:\/|https?:\/\/)/.test(value) && value.length <= redirectLengthMax) return
  throw new S3Error(
    'InvalidArgument',
    "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
    { fields: { ArgumentName: 'x-amz-website-redirect-location', ArgumentValue: value } },
  )
}
