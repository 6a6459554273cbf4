// DeleteObjects: up to 1,000 keys or versions in one request, each with an outcome of its own.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html

import { factsOfVersion } from '../access.ts'
import { deleteRequest } from '../documents/delete-objects.ts'
import type { ObjectToDelete } from '../documents/delete-objects.ts'
import { writeDeleteResult } from '../documents/object-results.ts'
import type { DeletedObject, DeleteFailure } from '../documents/object-results.ts'
import { toS3Error } from '../error-codes.ts'
import { checkKey, parseVersionName } from '../object-names.ts'
import { receiveDocument } from '../receive-body.ts'
import type { BucketCall, DeletedNote, S3Parts } from '../s3-call.ts'
import { sendXml } from '../s3-call.ts'
import { S3Error, s3ErrorTable } from '../s3-error.ts'
import { matchCondition } from '../write-conditions.ts'
import { asksBypass, deleteOne } from './delete-object.ts'

const documentBytesMax = 2 * 1024 * 1024
/** Deletes under way at once for one request. */
const parallelMax = 16

export async function handleDeleteObjects(call: BucketCall, parts: S3Parts): Promise<void> {
  checkAnybody(call)
  const request = deleteRequest.parse(await receiveDocument(call, parts, documentBytesMax))
  const bypassesGovernance = asksBypass(call.headers)
  const outcomes: (DeletedObject | DeleteFailure | undefined)[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < request.objects.length) {
      const index = next++
      const object = request.objects[index]
      if (object !== undefined) outcomes[index] = await outcomeOf(call, parts, object, bypassesGovernance)
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallelMax, request.objects.length) }, work))
  if (call.state.has('logging'))
    call.notes.deleted = outcomes.flatMap((outcome) => (outcome === undefined ? [] : [noteOf(outcome)]))
  const deleted: DeletedObject[] = []
  const failures: DeleteFailure[] = []
  for (const outcome of outcomes) {
    if (outcome === undefined) continue
    if ('code' in outcome) failures.push(outcome)
    else if (request.quiet !== true) deleted.push(outcome)
  }
  sendXml(call, writeDeleteResult({ deleted, failures }))
}

/** Who did not sign has nothing where nothing is open, so that his list is not even read. @throws S3Error `AccessDenied`. */
function checkAnybody({ sender, state }: BucketCall): void {
  const isOpen = state.has('policy') || state.has('acl')
  if (sender.principal.user === undefined && !isOpen) throw new S3Error('AccessDenied')
}

function noteOf(outcome: DeletedObject | DeleteFailure): DeletedNote {
  const { key, versionId } = outcome
  const code = 'code' in outcome ? outcome.code : undefined
  return { key, versionId, code, status: code === undefined ? 204 : s3ErrorTable[code].status }
}

async function outcomeOf(
  call: BucketCall,
  parts: S3Parts,
  object: ObjectToDelete,
  bypassesGovernance: boolean,
): Promise<DeletedObject | DeleteFailure> {
  const { key, versionId } = object
  const given = { key, ...(versionId === undefined ? {} : { versionId }) }
  try {
    checkKey(key)
    const version = parseVersionName(versionId)
    const shape = { hasVersionId: version !== undefined, bypassesGovernance }
    parts.access.authorize({ ...call, key }, shape, { facts: factsOfVersion(call, versionId) })
    const condition = object.etag === undefined ? undefined : matchCondition(object.etag)
    const deleted = await deleteOne(call, parts, { key, version, condition, bypassesGovernance })
    return {
      ...given,
      ...(deleted.isMarker ? { isDeleteMarker: true, deleteMarkerVersionId: deleted.version } : {}),
    }
  } catch (error) {
    const { code, message } = toS3Error(error)
    return { ...given, code, message }
  }
}
