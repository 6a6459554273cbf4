// GetObject and HeadObject: the bytes of an object, all of them, one range or one part, under conditions; and what is said of it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, .../API_HeadObject.html

import type { ObjectInfo, ObjectReader } from '../../../master/object-service.ts'
import type { CustomerKey } from '../../encryption/encryption-request.ts'
import { formatHttpDate } from '../../http/http-date.ts'
import { sendFileBody } from '../../http/file-body.ts'
import type { BucketState } from '../bucket-cache.ts'
import { addEncryptionHeaders, customerKeyOfRead } from '../encryption/call-encryption.ts'
import { addExpirationHeader } from '../lifecycle/lifecycle-headers.ts'
import { aclOf } from '../object-acl.ts'
import { addChecksumHeaders, addChecksums } from '../object-checksums.ts'
import { addVersionHeader, parseVersionName, quoted } from '../object-names.ts'
import { addObjectHeaders } from '../object-properties.ts'
import type { Overrides } from '../object-properties.ts'
import { isUnchanged } from '../read-conditions.ts'
import { planRead } from '../read-range.ts'
import type { ReadPlan } from '../read-range.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import type { S3Query } from '../s3-query.ts'
import { notFound } from './find-object.ts'

/** What another than these two calls has an object sent with. */
export interface Serving {
  /** In the place of 200. */
  readonly status?: number
  /** Asked once leave was given; true: it has answered. */
  readonly intercept?: (info: ObjectInfo) => boolean
}

export async function handleGetObject(call: S3Call, parts: S3Parts, serving: Serving = {}): Promise<void> {
  const version = parseVersionName(call.query.get('versionId'))
  const name = { bucket: call.bucket, key: call.key, ...(version === undefined ? {} : { version }) }
  const reader = await parts.objects.open(name, call.exchange.trail)
  if (reader === undefined) throw notFound(call, parts, undefined)
  try {
    await sendObject(call, parts, { reader, serving })
  } finally {
    reader.close()
  }
}

export async function handleHeadObject(call: S3Call, parts: S3Parts, serving: Serving = {}): Promise<void> {
  const version = parseVersionName(call.query.get('versionId'))
  const name = { bucket: call.bucket, key: call.key, ...(version === undefined ? {} : { version }) }
  const info = await parts.objects.find(name)
  if (info === undefined) throw notFound(call, parts, undefined)
  authorizeRead(call, parts, info)
  const customerKey = customerKeyOfRead(call, parts)
  await parts.encrypted.check(info, customerKey)
  const plan = prepare(call, parts, { info, serving })
  if (plan === undefined) return
  call.exchange.sendSized(plan.status, headersOf(call, parts, { info, plan, customerKey }), undefined)
}

async function sendObject(
  call: S3Call,
  parts: S3Parts,
  { reader, serving }: { readonly reader: ObjectReader; readonly serving: Serving },
): Promise<void> {
  const { info } = reader
  authorizeRead(call, parts, info)
  const customerKey = customerKeyOfRead(call, parts)
  const content = await parts.encrypted.content(reader, customerKey)
  const plan = prepare(call, parts, { info, serving })
  if (plan === undefined) return
  const headers = headersOf(call, parts, { info, plan, customerKey })
  if (plan.range.length === 0) call.exchange.sendSized(plan.status, headers, undefined)
  else await sendFileBody(call.exchange, content, { status: plan.status, headers, parts: [plan.range] })
}

/** @throws S3Error also where it is a delete marker. */
function authorizeRead(call: S3Call, parts: S3Parts, info: ObjectInfo): void {
  const hasVersionId = call.query.has('versionId')
  parts.access.authorize(call, { hasVersionId }, { acl: aclOf(info), tags: info.tags })
  if (info.isDeleteMarker) throw notFound(call, parts, info)
}

/** `undefined`: the answer has been sent already. */
function prepare(
  call: S3Call,
  parts: S3Parts,
  { info, serving }: { readonly info: ObjectInfo; readonly serving: Serving },
): ReadPlan | undefined {
  const { exchange, headers, query } = call
  call.notes.objectBytes = info.sizeBytes
  if (serving.intercept?.(info) === true) return undefined
  if (isUnchanged(headers, info, parts.clock.wallMs())) {
    exchange.send(304, unchangedHeaders(call.state, info), undefined)
    return undefined
  }
  const plan = planRead(info, headers.range, query)
  return serving.status === undefined ? plan : { ...plan, status: serving.status }
}

interface Answered {
  readonly info: ObjectInfo
  readonly plan: ReadPlan
  readonly customerKey: CustomerKey | undefined
}

function headersOf(call: S3Call, parts: S3Parts, { info, plan, customerKey }: Answered): string[] {
  const { state, query, sender, headers } = call
  const answer: string[] = []
  addObjectHeaders(answer, info, overridesOf(query, sender.signature !== undefined))
  addVersionHeader(answer, state, info)
  addExpirationHeader(answer, call, parts, info)
  addEncryptionHeaders(answer, parts, info, customerKey)
  answer.push('Content-Length', String(plan.range.length))
  if (plan.contentRange !== undefined) answer.push('Content-Range', plan.contentRange)
  if (plan.partNumber !== undefined && info.parts !== undefined)
    answer.push('x-amz-mp-parts-count', String(info.parts.length))
  if (headers['x-amz-checksum-mode']?.toString().toUpperCase() === 'ENABLED') addChecksumsOf(answer, info, plan)
  return answer
}

/** Of the whole object, or of the part that was asked for; a range has none. */
function addChecksumsOf(headers: string[], info: ObjectInfo, plan: ReadPlan): void {
  if (plan.partNumber !== undefined && info.parts !== undefined)
    addChecksums(headers, info.parts[plan.partNumber - 1]?.checksums ?? [], 1)
  else if (plan.status === 200 || plan.partNumber !== undefined) addChecksumHeaders(headers, info)
}

function unchangedHeaders(state: BucketState | undefined, info: ObjectInfo): string[] {
  const headers = ['ETag', quoted(info.etag), 'Last-Modified', formatHttpDate(info.modifiedMs)]
  for (const [name, shown] of [
    ['cache-control', 'Cache-Control'],
    ['expires', 'Expires'],
  ] as const) {
    const value = info.headers?.[name]
    if (value !== undefined) headers.push(shown, value)
  }
  addVersionHeader(headers, state, info)
  return headers
}

/** What the query puts in the place of what is stored: only for who signs. @throws S3Error `InvalidRequest`. */
function overridesOf(query: S3Query, isSigned: boolean): Overrides | undefined {
  let overrides: Record<string, string> | undefined
  for (const [name, value] of query) {
    if (!name.startsWith('response-')) continue
    const header = name.slice('response-'.length)
    if (!overridable.has(header)) continue
    if (!isSigned) {
      throw new S3Error(
        'InvalidRequest',
        'Request specific response headers cannot be used for anonymous GET requests.',
      )
    }
    overrides ??= {}
    overrides[header] = checkedValue(name, value)
  }
  return overrides
}

const overridable: ReadonlySet<string> = new Set([
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
])

/** As a header it goes out in the bytes of UTF-8. */
function checkedValue(name: string, value: string): string {
  if (/[^\P{Cc}\t]/u.test(value)) {
    throw new S3Error('InvalidArgument', 'Header value cannot be represented using ISO-8859-1.', {
      fields: { ArgumentName: name, ArgumentValue: value },
    })
  }
  return Buffer.from(value).toString('latin1')
}
