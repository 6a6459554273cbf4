import type { VersionId } from '../../base/ids.ts'
import type { VersionRow } from './version-row.ts'

/** Decided on one version, mostly the newest of a key, in the transaction that changes it; a delete marker counts as absent. */
export type HeadCondition =
  | { readonly kind: 'if-absent' }
  | { readonly kind: 'if-present' }
  /** With `tags`: and it has these tags and no others. */
  | { readonly kind: 'if-version'; readonly version: VersionId; readonly tags?: Readonly<Record<string, string>> }
  /** There is a version, and its ETag (without quotes; the version id where none is stored) is one of these. */
  | { readonly kind: 'if-etag'; readonly etags: readonly string[] }
  /** There is none, or its ETag is none of these. */
  | { readonly kind: 'if-none-etag'; readonly etags: readonly string[] }

export function conditionHolds(
  row: Pick<VersionRow, 'version' | 'etag' | 'deleteMarker' | 'tags'> | undefined,
  condition: HeadCondition,
): boolean {
  const present = row?.deleteMarker === true ? undefined : row
  switch (condition.kind) {
    case 'if-absent':
      return present === undefined
    case 'if-present':
      return present !== undefined
    case 'if-version':
      return present?.version === condition.version && hasTags(present.tags, condition.tags)
    case 'if-etag':
      return present !== undefined && condition.etags.includes(present.etag ?? present.version)
    case 'if-none-etag':
      return present === undefined || !condition.etags.includes(present.etag ?? present.version)
  }
}

function hasTags(tags: VersionRow['tags'] = {}, wanted: VersionRow['tags']): boolean {
  if (wanted === undefined) return true
  const entries = Object.entries(wanted)
  return entries.length === Object.keys(tags).length && entries.every(([name, value]) => tags[name] === value)
}
