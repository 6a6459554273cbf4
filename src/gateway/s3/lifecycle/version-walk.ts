// What the rules have to know of each version besides itself: what lies above it, and whether anything lies below. Fed with the pages of a
// listing of versions (by key, then from the newest), a walk hands each out once the entry after it is known. Pure, and bounded: it
// holds one entry, however many versions a key has.

import type { VersionId } from '../../../base/ids.ts'
import type { VersionEntry } from '../../../meta/contract/version-metadata.ts'
import type { LifecycleVersion } from '../rules/lifecycle.ts'

/** But for its tags, which a listing does not have. */
export type WalkedVersion = Omit<LifecycleVersion, 'tags'> & { readonly version: VersionId; readonly etag: string }

/** The last entry of a page, about which the next page says more. */
export interface HeldVersion {
  readonly entry: VersionEntry
  /** Of the same key, the one above it. */
  readonly newer: VersionEntry | undefined
  readonly newerNoncurrentCount: number
}

export interface WalkedPage {
  readonly versions: readonly WalkedVersion[]
  readonly held: HeldVersion | undefined
  /** The last key all of whose versions have been handed out; absent: none has been on this page. */
  readonly doneKey: string | undefined
}

/** `isLast`: no page comes after this one. */
export function walkVersions(
  before: HeldVersion | undefined,
  entries: readonly VersionEntry[],
  isLast: boolean,
): WalkedPage {
  const versions: WalkedVersion[] = []
  let held = before
  let doneKey: string | undefined
  for (const entry of entries) {
    const isBelow = held !== undefined && held.entry.key === entry.key
    if (held !== undefined) {
      versions.push(describe(held, isBelow))
      if (!isBelow) doneKey = held.entry.key
    }
    held = {
      entry,
      newer: isBelow ? held?.entry : undefined,
      newerNoncurrentCount: held !== undefined && isBelow && !held.entry.isLatest ? held.newerNoncurrentCount + 1 : 0,
    }
  }
  if (!isLast || held === undefined) return { versions, held, doneKey }
  versions.push(describe(held, false))
  return { versions, held: undefined, doneKey: held.entry.key }
}

function describe({ entry, newer, newerNoncurrentCount }: HeldVersion, hasOlder: boolean): WalkedVersion {
  const { key, version, sizeBytes, modifiedMs, isLatest, isMarker, etag = version } = entry
  return {
    key,
    version,
    etag,
    sizeBytes,
    modifiedMs,
    isLatest,
    isDeleteMarker: isMarker,
    ...(newer === undefined ? {} : { noncurrentSinceMs: newer.modifiedMs }),
    newerNoncurrentCount,
    isOnlyVersion: isLatest && !hasOlder,
  }
}
