// Buckets as websites, for browsers: at the host BUCKET.DOMAIN, where DOMAIN is one that the operator named for it. Nobody signs there, so
// that only what a policy or an ACL opens to everybody is shown; GET and HEAD alone; errors are pages. What a path means is decided by
// rules/website.ts, what is sent for an object is what GetObject sends.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html, .../WebsiteEndpoints.html

import type { ObjectInfo } from '../../../master/object-service.ts'
import type { Exchange } from '../../http/exchange.ts'
import { decodeText } from '../../http/request-target.ts'
import type { BucketState } from '../bucket-cache.ts'
import { addCorsHeaders, answerPreflight } from '../cors-answers.ts'
import { toS3Error } from '../error-codes.ts'
import { websiteConfiguration } from '../documents/website-configuration.ts'
import type { WebsiteConfiguration } from '../documents/website-configuration.ts'
import { aclOf } from '../object-acl.ts'
import { checkKey } from '../object-names.ts'
import { handleGetObject, handleHeadObject } from '../operations/get-object.ts'
import type { Serving } from '../operations/get-object.ts'
import { resolveWebsite, resolveWebsiteError, websiteFolder } from '../rules/website.ts'
import type { WebsiteRedirection, WebsiteRequest } from '../rules/website.ts'
import type { CallNotes, S3Call, S3Parts } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { nobody } from '../sender.ts'
import { anonymousPayload } from '../signature/payload.ts'
import { describeHtml } from './html-errors.ts'

/** One request, once the bucket and its website are known. */
interface Visit {
  readonly exchange: Exchange
  readonly parts: S3Parts
  readonly state: BucketState
  readonly notes: CallNotes
  readonly configuration: WebsiteConfiguration
  readonly request: WebsiteRequest
}

/** Where an object says that its readers are to go elsewhere. */
const redirectHeader = 'x-amz-website-redirect-location'

/** Ends the exchange, or throws what `exchange.fail` writes as a page. */
export async function serveWebsite(exchange: Exchange, bucket: string, parts: S3Parts): Promise<void> {
  exchange.describeError = describeHtml
  const { method, path } = exchange
  if (method === 'OPTIONS') {
    answerPreflight(exchange, await parts.buckets.find(bucket))
    return
  }
  if (method !== 'GET' && method !== 'HEAD') {
    const fields = { Method: method, ResourceType: 'OBJECT' }
    throw new S3Error('MethodNotAllowed', undefined, { fields, headers: { Allow: 'GET, HEAD' } })
  }
  const state = await parts.buckets.get(bucket)
  const key = decodeText(path.slice(1), false)
  if (key === undefined) throw new S3Error('InvalidURI')
  checkKey(key)
  const notes: CallNotes = {}
  const operation = `WEBSITE.${method}.OBJECT`
  parts.accessLogs.begin(exchange, { operation, state, key, notes })
  addCorsHeaders(exchange, state)
  const configuration = state.setting('website', websiteConfiguration)
  if (configuration === undefined)
    throw new S3Error('NoSuchWebsiteConfiguration', undefined, { fields: { BucketName: bucket } })
  const protocol = exchange.isSecure ? 'https' : 'http'
  const host = exchange.forwardedHost ?? exchange.headers.host ?? ''
  const request = { protocol, host, key, query: exchange.rawQuery } as const
  const visit = { exchange, parts, state, notes, configuration, request }
  try {
    await answer(visit)
  } catch (error) {
    if (exchange.response.headersSent) throw error
    await answerError(visit, error)
  }
}

async function answer(visit: Visit): Promise<void> {
  const { exchange, parts, configuration, request } = visit
  const found = resolveWebsite(configuration, request)
  if (found.kind === 'redirect') {
    redirect(exchange, found)
    return
  }
  const intercept = ({ headers }: ObjectInfo): boolean => {
    const location = headers?.[redirectHeader]
    if (location !== undefined) redirect(exchange, { kind: 'redirect', status: 301, location })
    return location !== undefined
  }
  const call = callOf(visit, found.key)
  if (exchange.method === 'HEAD') await handleHeadObject(call, parts, { intercept })
  else await handleGetObject(call, parts, { intercept })
}

async function answerError(visit: Visit, error: unknown): Promise<void> {
  const { exchange, configuration, request } = visit
  const { code, status } = toS3Error(error)
  const folder = code === 'NoSuchKey' || code === 'AccessDenied' ? await folderOf(visit) : undefined
  if (folder !== undefined) {
    redirect(exchange, folder)
    return
  }
  const shown = resolveWebsiteError(configuration, request, status)
  if (shown.kind === 'none') throw error
  if (shown.kind === 'redirect') redirect(exchange, shown)
  else await sendErrorDocument(visit, shown.key, { error, status })
}

/** Where the path names a folder without its slash, and the folder has an index document that everybody may see. */
async function folderOf(visit: Visit): Promise<WebsiteRedirection | undefined> {
  const { parts, state, configuration, request } = visit
  const folder = websiteFolder(configuration, request)
  if (folder === undefined) return undefined
  const index = await parts.objects.find({ bucket: state.name, key: folder.indexKey })
  if (index === undefined || index.isDeleteMarker) return undefined
  const call = callOf(visit, folder.indexKey)
  const existingTags = new Map(Object.entries(index.tags ?? {}))
  const wanted = { action: 's3:GetObject', state, key: folder.indexKey, acl: aclOf(index), facts: { existingTags } }
  return parts.access.isAllowed(call, wanted) ? folder.redirect : undefined
}

/** With the status of the error that it stands for. */
async function sendErrorDocument(
  visit: Visit,
  key: string,
  { error, status }: { readonly error: unknown; readonly status: number },
): Promise<void> {
  const { exchange, parts } = visit
  const serving: Serving = { status }
  const call = { ...callOf(visit, key), headers: withoutConditions(exchange.headers) }
  try {
    if (exchange.method === 'HEAD') await handleHeadObject(call, parts, serving)
    else await handleGetObject(call, parts, serving)
  } catch (second) {
    if (exchange.response.headersSent) throw second
    exchange.describeError = (first, failed) => describeHtml(first, failed, second)
    throw error
  }
}

/** And without a range: they were meant for another object. */
function withoutConditions(headers: Exchange['headers']): Exchange['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'range' && !name.startsWith('if-')))
}

/** As if nobody had signed a GetObject without parameters. */
function callOf({ exchange, state, notes }: Visit, key: string): S3Call {
  const sender = { principal: nobody, payload: anonymousPayload(undefined), chunks: undefined, signature: undefined }
  const { headers } = exchange
  const query = new Map<string, string>()
  const named = { operation: 'GetObject', bucket: state.name, key, isVirtualHosted: true, query } as const
  return { exchange, ...named, headers, sender, state, notes }
}

function redirect(exchange: Exchange, { status, location }: WebsiteRedirection): void {
  exchange.send(status, ['Location', location], undefined)
}
