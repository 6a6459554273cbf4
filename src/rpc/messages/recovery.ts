// What a worker tells when metadata is rebuilt from the workers alone: which groups it has adopted, by pages in their order. What it holds
// of them it lists as ever (fragment-sets.ts).

import { parseGroupId } from '../../base/ids.ts'
import type { GroupId } from '../../base/ids.ts'
import { JsonFields, encodeJson } from './json-fields.ts'
import { groupsPerMessage } from './membership.ts'

export interface AdoptedGroupsRequest {
  /** Groups above this one; absent: from the first. */
  readonly after?: GroupId
  readonly limit: number
}

export function encodeAdoptedGroups(request: AdoptedGroupsRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeAdoptedGroups(bytes: Uint8Array): AdoptedGroupsRequest {
  const fields = JsonFields.decode('adopted groups', bytes)
  const wanted = fields.parsedCount('limit', (value) => (value >= 1 ? value : undefined))
  const limit = Math.min(wanted, groupsPerMessage)
  return fields.has('after') ? { after: fields.parsedCount('after', parseGroupId), limit } : { limit }
}
