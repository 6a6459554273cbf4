// Trimming the change log, and who follows it: what a follower has not come to is kept for it, up to a bound.

import { FrostError } from '../../base/errors.ts'
import { followedMax, followersMax, trimMax } from '../contract/change-metadata.ts'
import type { PutFollower } from '../contract/change-metadata.ts'
import { afterPrefix } from '../encoding/key-parts.ts'
import { changeKey, followerKey, sequenceKey, tables, within } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'

/** Leaves no record of its own. */
export function trimChanges(draft: Draft, { through }: { readonly through: number }): number {
  const followers = draft.range({ ...within(tables.follower), limit: followersMax })
  const followed = followers.map(([, row]) => decodeNumbers(row, 1)[0] ?? 0)
  const [last = 0] = decodeNumbers(draft.get(sequenceKey), 1)
  const end = Math.min(through, Math.max(Math.min(...followed, Infinity), last - followedMax))
  if (end <= 0) return 0
  const old = draft.range({ from: tables.change, to: afterPrefix(changeKey(end)), limit: trimMax })
  for (const [key] of old) draft.remove(key)
  return old.length
}

/** Leaves no record of its own. */
export function putFollower(draft: Draft, { name, sequence, fence }: PutFollower): void {
  draft.checkFence(fence)
  const key = followerKey(name)
  const stored = draft.get(key)
  if (sequence === undefined) {
    if (stored !== undefined) draft.remove(key)
    return
  }
  if (stored === undefined && draft.range({ ...within(tables.follower), limit: followersMax }).length === followersMax)
    throw new FrostError('bad-request', `The change log has ${followersMax} followers, and takes no more.`)
  const [before = 0] = decodeNumbers(stored, 1)
  if (stored === undefined || sequence > before) draft.put(key, encodeNumbers([sequence]))
}
