// Conditional requests (RFC 9110, section 13): decides, without I/O, whether a request goes on. The order of precedence is
// section 13.2.2's. A date that is not one is ignored, as the RFC says; a malformed list of tags is refused, because
// ignoring an If-Match would let through the very write that it should stop.

import { FrostError } from '../../base/errors.ts'
import { matchesStrongly, matchesWeakly, parseEntityTags } from './entity-tags.ts'
import type { EntityTags } from './entity-tags.ts'
import { parseHttpDate } from './http-date.ts'

/** The names are those of node:http's `IncomingHttpHeaders`. */
export interface ConditionHeaders {
  readonly 'if-match'?: string | undefined
  readonly 'if-none-match'?: string | undefined
  readonly 'if-modified-since'?: string | undefined
  readonly 'if-unmodified-since'?: string | undefined
}

/** What the current representation says of itself. */
export interface Validators {
  /** Without quotes; strong. */
  readonly etag: string
  readonly modifiedMs: number
}

export type Verdict = 'proceed' | 'not-modified' | 'failed'

export function hasConditions(headers: ConditionHeaders): boolean {
  return (
    headers['if-none-match'] !== undefined ||
    headers['if-modified-since'] !== undefined ||
    headers['if-match'] !== undefined ||
    headers['if-unmodified-since'] !== undefined
  )
}

/** `current` is `undefined` where there is no file. @throws FrostError `bad-request`. */
export function evaluateConditions(
  headers: ConditionHeaders,
  current: Validators | undefined,
  request: { readonly kind: 'read' | 'write'; readonly nowMs: number },
): Verdict {
  const ifMatch = tagsOf(headers['if-match'], 'If-Match')
  if (ifMatch !== undefined) {
    const holds = current !== undefined && (ifMatch === '*' || matchesStrongly(ifMatch, current.etag))
    if (!holds) return 'failed'
  } else if (current !== undefined && isLater(current.modifiedMs, headers['if-unmodified-since'], request.nowMs)) {
    return 'failed'
  }
  const ifNoneMatch = tagsOf(headers['if-none-match'], 'If-None-Match')
  if (ifNoneMatch !== undefined) {
    const matches = current !== undefined && (ifNoneMatch === '*' || matchesWeakly(ifNoneMatch, current.etag))
    if (!matches) return 'proceed'
    return request.kind === 'read' ? 'not-modified' : 'failed'
  }
  if (request.kind === 'write' || current === undefined || headers['if-modified-since'] === undefined) return 'proceed'
  return isLater(current.modifiedMs, headers['if-modified-since'], request.nowMs) !== false ? 'proceed' : 'not-modified'
}

/** Whether a Range header counts (RFC 9110, section 13.1.5): the file is still the one of which the client has a part. */
export function rangeApplies(ifRange: string | undefined, current: Validators, nowMs: number): boolean {
  if (ifRange === undefined) return true
  const dateMs = parseHttpDate(ifRange, nowMs)
  if (dateMs !== undefined) {
    // As a strong validator a date must be exact, and a second must have passed in which nothing could change any more.
    const modifiedMs = wholeSeconds(current.modifiedMs)
    return dateMs === modifiedMs && nowMs >= modifiedMs + 2000
  }
  const tags = parseEntityTags(ifRange)
  return tags !== undefined && tags !== '*' && tags.length === 1 && matchesStrongly(tags, current.etag)
}

function tagsOf(header: string | undefined, name: string): EntityTags | undefined {
  if (header === undefined) return undefined
  const tags = parseEntityTags(header)
  if (tags !== undefined) return tags
  throw new FrostError('bad-request', `${name} is neither * nor a list of entity tags.`, {
    remedy: `Send the ETag of an earlier answer with its quotes: ${name}: "..."`,
  })
}

/** Whether the file changed after the header's date; `undefined` where there is no date to compare with. */
function isLater(modifiedMs: number, header: string | undefined, nowMs: number): boolean | undefined {
  if (header === undefined) return undefined
  const dateMs = parseHttpDate(header, nowMs)
  return dateMs === undefined ? undefined : wholeSeconds(modifiedMs) > dateMs
}

function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000
}
