// What single users may do in single buckets, beside their role. A grant goes with its bucket, so that a new bucket of the
// same name does not inherit it, and with its user.

import { FrostError } from '../../base/errors.ts'
import { grantsMax } from '../contract/access-rows.ts'
import type { GrantRow } from '../contract/access-rows.ts'
import { grantKey, grantOnKey, grantsOfPrefix, grantsOnPrefix } from '../encoding/access-rows.ts'
import { bucketKey } from '../encoding/keys.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'
import { indexEntry, indexedParts, mustReadUser } from './user-decisions.ts'

export function putGrant(draft: Draft, row: GrantRow): void {
  const { user, bucket } = row
  mustReadUser(draft, user)
  if (draft.get(bucketKey(bucket)) === undefined)
    throw new FrostError('bucket-not-found', `There is no bucket ${bucket}.`)
  if (draft.get(grantKey(user, bucket)) === undefined) {
    for (const [prefix, whose] of [
      [grantsOfPrefix(user), `The user ${user}`],
      [grantsOnPrefix(bucket), `The bucket ${bucket}`],
    ] as const) {
      if (indexedParts(draft, prefix, grantsMax).length === grantsMax)
        throw new FrostError('bad-request', `${whose} has ${grantsMax} grants, and can have no more.`)
    }
  }
  draft.put(grantKey(user, bucket), encodePlainRow(row))
  draft.put(grantOnKey(bucket, user), indexEntry)
  draft.record({ kind: 'access', what: 'grant', id: user })
}

export function removeGrant(draft: Draft, { user, bucket }: Pick<GrantRow, 'user' | 'bucket'>): void {
  if (draft.get(grantKey(user, bucket)) === undefined)
    throw new FrostError('grant-not-found', `The user ${user} has no grant on the bucket ${bucket}.`)
  draft.remove(grantKey(user, bucket))
  draft.remove(grantOnKey(bucket, user))
  draft.record({ kind: 'access', what: 'grant', id: user })
}

/** The caller records the change. */
export function removeGrantsOn(draft: Draft, bucket: string): void {
  for (const user of indexedParts(draft, grantsOnPrefix(bucket), grantsMax)) {
    draft.remove(grantKey(user, bucket))
    draft.remove(grantOnKey(bucket, user))
  }
}
