// Whose objects and buckets are, as answers name them. What nobody known owns (files of REST, buckets of before there were users) is the
// cluster's.

import type { BucketState } from './bucket-cache.ts'
import type { Owner } from './documents/access-control-policy.ts'

/** Nobody's canonical id. */
export const clusterId = '0'.repeat(64)
const cluster: Owner = { id: clusterId, displayName: 'frostbyte' }

/** Of an object: who wrote it, or else the owner of its bucket. */
export function ownerOf({ owner }: { readonly owner?: string | undefined }, state: BucketState | undefined): Owner {
  const id = owner ?? state?.row.owner
  return ownerNamed(id)
}

export function bucketOwnerOf(state: BucketState): Owner {
  return ownerNamed(state.row.owner)
}

/** By his canonical id; `undefined`: nobody known. */
export function ownerNamed(id: string | undefined): Owner {
  return id === undefined ? cluster : { id }
}
