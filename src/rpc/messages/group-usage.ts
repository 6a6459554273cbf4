// How many bytes a worker's store holds of each placement group, by pages in the order of their numbers, so that no message grows
// with a worker.

import { parseGroupId } from '../../base/ids.ts'
import type { GroupId } from '../../base/ids.ts'
import { JsonFields, encodeJson } from './json-fields.ts'

export interface GroupUsageRequest {
  /** Groups above this one; absent: from the first. */
  readonly after: GroupId | undefined
  readonly limit: number
}

export interface HeldGroup {
  readonly group: GroupId
  /** Of the records of its fragments in good state, whatever slots they belong to. */
  readonly bytes: number
}

/** Groups in one answer. */
export const groupsPerUsagePage = 1000

export function encodeGroupUsageRequest(request: GroupUsageRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeGroupUsageRequest(bytes: Uint8Array): GroupUsageRequest {
  const fields = JsonFields.decode('group usage', bytes)
  return {
    after: fields.has('after') ? fields.parsedCount('after', parseGroupId) : undefined,
    limit: Math.min(fields.count('limit'), groupsPerUsagePage),
  }
}

export function encodeHeldGroups(groups: readonly HeldGroup[]): Uint8Array<ArrayBuffer> {
  return encodeJson({ groups: groups.map(({ group, bytes }) => ({ group, bytes })) })
}

export function decodeHeldGroups(bytes: Uint8Array): readonly HeldGroup[] {
  return JsonFields.decode('held groups', bytes).list('groups', groupsPerUsagePage, (element) => {
    const fields = new JsonFields('held group', element)
    return { group: fields.parsedCount('group', parseGroupId), bytes: fields.count('bytes') }
  })
}
