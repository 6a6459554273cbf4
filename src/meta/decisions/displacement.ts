// What becomes of the versions of a key when a new one comes on top of them, as the bucket's versioning says:
// contract/version-metadata.ts.

import type { VersionRow } from '../contract/version-row.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'
import type { Draft } from './draft.ts'
import { findKept, keepVersion, removeKept } from './heads.ts'
import type { FileKey } from './heads.ts'
import { releaseVersion } from './references.ts'

/**
 * Makes room for a version that is to become the newest; the caller writes it over the one that was. Resolves to the version that goes
 * for good, whose references are given back. There is no lock on it: a bucket in which versions can be locked keeps all of them.
 */
export function makeRoom(
  draft: Draft,
  file: FileKey,
  { bucket, head }: { readonly bucket: StoredBucket; readonly head: VersionRow | undefined },
): VersionRow | undefined {
  if (head === undefined) return undefined
  if (bucket.versioning === 'enabled') {
    keepVersion(draft, file, head)
    return undefined
  }
  if (bucket.versioning === undefined || head.versioned !== true) {
    releaseVersion(draft, head)
    return head
  }
  const nullVersion = findKept(draft, file, 'null')
  if (nullVersion !== undefined) {
    releaseVersion(draft, nullVersion)
    removeKept(draft, file, nullVersion)
  }
  keepVersion(draft, file, head)
  return nullVersion
}
