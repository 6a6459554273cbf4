// GET /files: the names of a bucket as one JSON array, or objects with `details=true`. Without a limit it is streamed page by page,
// so that a million names need no memory; each page is one string made by one JSON.stringify. A failure on the way ends
// the connection within the array, so that half a list never looks like a whole one.

import type { FileInfo, ListRequest } from '../../master/file-service.ts'
import { jsonHeaders } from '../http/exchange.ts'
import type { Exchange } from '../http/exchange.ts'
import { booleanParameter, integerParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import { formatTime } from './json-forms.ts'
import { bucketOf, checkNameLength } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'

/** Names a page; also the highest `limit`. */
const pageLengthMax = 1000

interface Page {
  /** The elements of the JSON array, without its brackets; empty for none. */
  readonly json: string
  /** Name of the last element, where more follow. */
  readonly next: string | undefined
}

interface PagePosition {
  readonly prefix: string | undefined
  readonly after: string | undefined
}

type FetchPage = (after: string | undefined, limit: number) => Promise<Page>

export async function handleFiles(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const bucket = bucketOf(query)
  const prefix = partOfName(query, 'prefix')
  const after = partOfName(query, 'after')
  const limit = integerParameter(query, 'limit', { min: 1, max: pageLengthMax })
  const fetchPage = booleanParameter(query, 'details')
    ? detailsPages(bucket, prefix, parts)
    : namePages(bucket, prefix, parts)
  const page = await fetchPage(after, limit ?? pageLengthMax)
  if (limit === undefined && page.next !== undefined && exchange.method !== 'HEAD') {
    await streamPages(exchange, page, fetchPage)
    return
  }
  const headers = jsonHeaders()
  if (limit !== undefined && page.next !== undefined) headers.push('Link', nextLink(query, page.next))
  exchange.send(200, headers, `[${page.json}]`)
}

async function streamPages(exchange: Exchange, firstPage: Page, fetchPage: FetchPage): Promise<void> {
  const { response } = exchange
  exchange.startBody(200, jsonHeaders())
  let page = firstPage
  let opening = '['
  for (;;) {
    const bytes = Buffer.from(opening + page.json)
    exchange.bytesSent += bytes.length
    const isReady = response.write(bytes)
    if (page.next === undefined) break
    opening = page.json === '' ? opening : ','
    // The next page is fetched while the client takes this one.
    const next = fetchPage(page.next, pageLengthMax)
    ;[page] = await Promise.all([next, isReady ? undefined : exchange.drained()])
    exchange.stepsSent++
    if (exchange.isClosed) return
  }
  response.end(']')
}

function namePages(bucket: string, prefix: string | undefined, { files }: RestParts): FetchPage {
  return async (after, limit) => {
    const { names, truncated } = await files.listNames(listRequest(bucket, { prefix, after }, limit))
    return { json: elements(names), next: truncated ? names.at(-1) : undefined }
  }
}

function detailsPages(bucket: string, prefix: string | undefined, { files }: RestParts): FetchPage {
  return async (after, limit) => {
    const list = await files.list(listRequest(bucket, { prefix, after }, limit))
    return { json: elements(list.files.map(describeEntry)), next: list.truncated ? list.files.at(-1)?.key : undefined }
  }
}

function elements(values: readonly unknown[]): string {
  return JSON.stringify(values).slice(1, -1)
}

function describeEntry(info: FileInfo): unknown {
  return { filename: info.key, size: info.sizeBytes, etag: info.etag, time: formatTime(info.modifiedMs) }
}

function listRequest(bucket: string, page: PagePosition, limit: number): ListRequest {
  const { prefix, after } = page
  return { bucket, limit, ...(prefix === undefined ? {} : { prefix }), ...(after === undefined ? {} : { after }) }
}

/** A prefix, or a name that need not exist; `undefined` where it is absent or empty. @throws FrostError `name-too-long`. */
function partOfName(query: Query, key: 'prefix' | 'after'): string | undefined {
  const text = query.get(key)
  return text === undefined || text === '' ? undefined : checkNameLength(text)
}

/** The same request for the names after `after` (RFC 8288). */
function nextLink(query: Query, after: string): string {
  const parameters = [...query].filter(([key]) => key !== 'after').concat([['after', after]])
  const text = parameters.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&')
  return `</files?${text}>; rel="next"`
}
