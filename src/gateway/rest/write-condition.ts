// Turns the conditional headers of an upload or a deletion into a condition that the commit itself decides. What one condition
// cannot say (a list of tags, a date, `If-Match: *`) is decided against the file as it is now, and the commit is then bound
// to exactly that file: a change in between fails the request instead of slipping through.

import { FrostError } from '../../base/errors.ts'
import { parseVersionId } from '../../base/ids.ts'
import type { FileName, FileService, WriteCondition } from '../../master/file-service.ts'
import type { Clock } from '../../ports/clock.ts'
import { evaluateConditions, hasConditions } from '../http/conditions.ts'
import type { ConditionHeaders } from '../http/conditions.ts'
import { parseEntityTags } from '../http/entity-tags.ts'

/** `undefined`: unconditional. @throws FrostError `precondition-failed`, `bad-request`, `bucket-not-found`. */
export async function resolveWriteCondition(
  headers: ConditionHeaders,
  name: FileName,
  parts: { readonly files: FileService; readonly clock: Clock },
): Promise<WriteCondition | undefined> {
  if (!hasConditions(headers)) return undefined
  const direct = directCondition(headers)
  if (direct !== undefined) return direct
  const current = await parts.files.head(name)
  const nowMs = parts.clock.wallMs()
  if (evaluateConditions(headers, current, { kind: 'write', nowMs }) !== 'proceed') throw preconditionFailed(name)
  return current === undefined ? { kind: 'if-absent' } : { kind: 'if-version', version: current.version }
}

/** The two usual ones, which need no look at the file. */
function directCondition(headers: ConditionHeaders): WriteCondition | undefined {
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  if (headers['if-unmodified-since'] !== undefined || (ifMatch !== undefined && ifNoneMatch !== undefined))
    return undefined
  if (ifNoneMatch?.trim() === '*') return { kind: 'if-absent' }
  const tags = ifMatch === undefined ? undefined : parseEntityTags(ifMatch)
  const tag = tags === undefined || tags === '*' || tags.length !== 1 ? undefined : tags[0]
  const version = tag === undefined || tag.weak ? undefined : parseVersionId(tag.value)
  return version === undefined ? undefined : { kind: 'if-version', version }
}

export function preconditionFailed(name: FileName): FrostError {
  return new FrostError('precondition-failed', `The condition does not hold for ${JSON.stringify(name.key)}.`)
}
