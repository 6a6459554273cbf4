// Conditions of writes: If-None-Match: * (there is no such object yet) and If-Match (it is the one that the client knows). The decision
// is made with the commit, in one transaction: of many racers exactly one wins. Sources: "Add preconditions to S3 operations with
// conditional requests", Amazon S3 User Guide.

import { errorCode } from '../../base/errors.ts'
import type { WriteCondition } from '../../master/file-service.ts'
import type { ObjectName, ObjectService } from '../../master/object-service.ts'
import { parseEntityTags } from '../http/entity-tags.ts'
import { noSuchKey } from './object-names.ts'
import { conditionFailed } from './read-conditions.ts'
import { S3Error } from './s3-error.ts'

export interface WriteHeaders {
  readonly 'if-match'?: string | undefined
  readonly 'if-none-match'?: string | undefined
}

/** @throws S3Error `NotImplemented`: a condition that S3 does not know for writes. */
export function writeConditionOf(headers: WriteHeaders): WriteCondition | undefined {
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined) {
    if (ifMatch !== undefined || ifNoneMatch.trim() !== '*') throw notImplemented('If-None-Match')
    return { kind: 'if-absent' }
  }
  return ifMatch === undefined ? undefined : matchCondition(ifMatch)
}

/** Of a delete, which knows If-Match alone. */
export function deleteConditionOf(headers: WriteHeaders): WriteCondition | undefined {
  if (headers['if-none-match'] !== undefined) throw notImplemented('If-None-Match')
  return headers['if-match'] === undefined ? undefined : matchCondition(headers['if-match'])
}

export function matchCondition(header: string): WriteCondition {
  const tags = parseEntityTags(header)
  if (tags === undefined) throw new S3Error('InvalidArgument', 'The If-Match header is not an entity tag.')
  if (tags === '*') return { kind: 'if-present' }
  return { kind: 'if-etag', etags: tags.filter(({ weak }) => !weak).map(({ value }) => value) }
}

export interface ConditionalWrite {
  readonly name: ObjectName
  readonly condition: WriteCondition | undefined
  readonly isDelete?: boolean
}

/**
 * Runs a conditional write; what failed is told as AWS tells it: If-Match of an object that is not there is a 404, but for deletes.
 * @throws S3Error `PreconditionFailed`, `NoSuchKey`; what `write` throws.
 */
export async function conditionally<Result>(
  objects: Pick<ObjectService, 'find'>,
  { name, condition, isDelete = false }: ConditionalWrite,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write()
  } catch (error) {
    if (condition === undefined || errorCode(error) !== 'precondition-failed') throw error
    if (condition.kind === 'if-absent') throw conditionFailed('If-None-Match')
    if (isDelete) throw conditionFailed('If-Match')
    const info = await objects.find(name)
    if (info === undefined || info.isDeleteMarker) throw noSuchKey(name.key)
    throw conditionFailed('If-Match')
  }
}

function notImplemented(header: string): S3Error {
  return new S3Error('NotImplemented', undefined, { fields: { Header: header } })
}
