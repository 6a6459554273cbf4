// Links by which a file is read without credentials. Their ids begin with the time at which they expire, so the table is in
// that order, and each new link takes old ones with it.

import { FrostError } from '../../base/errors.ts'
import { DAY_MS } from '../../base/units.ts'
import { shareLinksPerUserMax } from '../contract/access-rows.ts'
import type { ShareLinkRow } from '../contract/access-rows.ts'
import { decodeShareLink, shareLinkKey, shareLinkOfKey, shareLinksOfPrefix } from '../encoding/access-rows.ts'
import { tables, within } from '../encoding/keys.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'
import { indexEntry, indexedParts } from './user-decisions.ts'

/** Old links that go with a new one. */
const removedMax = 4
/** How long an ended link can still be listed. */
const keptMs = DAY_MS

export function createShareLink(draft: Draft, row: ShareLinkRow): void {
  if (draft.get(shareLinkKey(row.id)) !== undefined) return
  removeOld(draft, row.createdMs - keptMs)
  if (indexedParts(draft, shareLinksOfPrefix(row.user), shareLinksPerUserMax).length === shareLinksPerUserMax)
    throw new FrostError(
      'bad-request',
      `There are ${shareLinksPerUserMax} share links of one user, and can be no more.`,
    )
  draft.put(shareLinkKey(row.id), encodePlainRow(row))
  draft.put(shareLinkOfKey(row.user, row.id), indexEntry)
  draft.record({ kind: 'access', what: 'share-link', id: row.id })
}

export function useShareLink(draft: Draft, command: { readonly id: string; readonly wallMs: number }): ShareLinkRow {
  const row = mustRead(draft, command.id)
  checkShareLink(row, command.wallMs)
  return put(draft, { ...row, uses: row.uses + 1 })
}

export function revokeShareLink(draft: Draft, { id }: { readonly id: string }): ShareLinkRow {
  const row = mustRead(draft, id)
  return row.revoked ? row : put(draft, { ...row, revoked: true })
}

/** @throws FrostError `share-link-ended`. */
export function checkShareLink(row: ShareLinkRow, wallMs: number): void {
  const reason = row.revoked
    ? 'was revoked'
    : wallMs >= row.expiresMs
      ? 'has expired'
      : row.usesMax !== undefined && row.uses >= row.usesMax
        ? 'was used as often as it may be'
        : undefined
  if (reason !== undefined) throw new FrostError('share-link-ended', `The share link ${row.id} ${reason}.`)
}

function put(draft: Draft, row: ShareLinkRow): ShareLinkRow {
  draft.put(shareLinkKey(row.id), encodePlainRow(row))
  draft.record({ kind: 'access', what: 'share-link', id: row.id })
  return row
}

function mustRead(draft: Draft, id: string): ShareLinkRow {
  const stored = draft.get(shareLinkKey(id))
  if (stored === undefined) throw new FrostError('share-link-not-found', `There is no share link ${id}.`)
  return decodeShareLink(stored)
}

function removeOld(draft: Draft, expiredBeforeMs: number): void {
  for (const [key, stored] of draft.range({ ...within(tables.shareLink), limit: removedMax })) {
    const { id, user, expiresMs } = decodeShareLink(stored)
    if (expiresMs > expiredBeforeMs) break
    draft.remove(key)
    draft.remove(shareLinkOfKey(user, id))
  }
}
