// Which policies are used by whom and who is in which group: kept beside the rows that say so, in the same transaction.

import type { IdentityRow } from '../contract/identity-rows.ts'
import { decodeIdentity, identityKey, memberKey, policyUseKey } from '../encoding/identity-rows.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'

const indexEntry = new Uint8Array(0)

export function putIdentityRow(draft: Draft, row: IdentityRow, before: IdentityRow | undefined): void {
  const [old, fresh] = [indexKeys(before), indexKeys(row)]
  for (const key of old) if (!fresh.has(key)) draft.remove(key)
  for (const key of fresh) if (!old.has(key)) draft.put(key, indexEntry)
  draft.put(identityKey(row), encodePlainRow(row))
}

export function removeIdentityRow(draft: Draft, row: IdentityRow): void {
  for (const key of indexKeys(row)) draft.remove(key)
  draft.remove(identityKey(row))
}

/** What IAM knows of a user, where it knows something. The caller records the change. */
export function removeIdentityOfUser(draft: Draft, name: string): void {
  const stored = draft.get(identityKey({ kind: 'user', name }))
  if (stored !== undefined) removeIdentityRow(draft, decodeIdentity(stored))
}

function indexKeys(row: IdentityRow | undefined): ReadonlySet<string> {
  if (row === undefined) return new Set()
  const { boundary, attached, groups } = row
  const policies = boundary === undefined ? attached : [...attached, boundary]
  return new Set([
    ...policies.map((policy) => policyUseKey(policy, row)),
    ...groups.map((group) => memberKey(group, row.name)),
  ])
}
