// Conditions of reads (If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since), of GET, HEAD and the source of a copy.

import type { ObjectInfo } from '../../master/object-service.ts'
import { evaluateConditions, hasConditions } from '../http/conditions.ts'
import type { ConditionHeaders } from '../http/conditions.ts'
import { S3Error } from './s3-error.ts'

/** Whether the client has what it asks for already. @throws S3Error `PreconditionFailed`, `InvalidRequest`. */
export function isUnchanged(headers: ConditionHeaders, info: ObjectInfo, nowMs: number): boolean {
  if (!hasConditions(headers)) return false
  const verdict = evaluateConditions(headers, info, { kind: 'read', nowMs })
  if (verdict === 'failed') throw conditionFailed(failedName(headers))
  return verdict === 'not-modified'
}

/** The condition that did not hold, as AWS names it. */
function failedName(headers: ConditionHeaders): string {
  return headers['if-match'] === undefined ? 'If-Unmodified-Since' : 'If-Match'
}

export function conditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { fields: { Condition: condition } })
}
