// Which versions have their extents and parts in a shared row, so that heads stay small and a copy costs the same whatever the size.

import type { VersionId } from '../../base/ids.ts'
import { extentsInlineMax, partsInlineMax } from '../contract/version-row.ts'
import type { NewVersion, VersionRow } from '../contract/version-row.ts'

/** The list that a version needs, which has its id; `undefined`: its own row holds it all. */
export function longListOf({ version, extents, parts = [] }: NewVersion): VersionId | undefined {
  return extents.length > extentsInlineMax || parts.length > partsInlineMax ? version : undefined
}

/** The version as its row holds it. */
export function withoutLists(
  version: NewVersion,
  list: VersionId | undefined,
): NewVersion & Pick<VersionRow, 'extentList'> {
  if (list === undefined) return version
  return { ...withoutParts(version), extents: [], extentList: list }
}

function withoutParts({ parts: _, ...rest }: NewVersion): Omit<NewVersion, 'parts'> {
  return rest
}
