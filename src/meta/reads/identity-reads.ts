// Reads of what IAM knows, on one view of the store.

import { assert } from '../../base/assert.ts'
import type { KeyValueView } from '../../ports/key-value.ts'
import type { IdentityName, IdentityPage, IdentityPolicies } from '../contract/identity-metadata.ts'
import type { IdentityKind, IdentityRow, ManagedPolicyRow } from '../contract/identity-rows.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import {
  builtInPrefix,
  decodeIdentity,
  decodeManagedPolicy,
  identityKey,
  identityPrefix,
  managedPolicyKey,
  membersPrefix,
  policyUsesPrefix,
  readPolicyUse,
} from '../encoding/identity-rows.ts'
import { afterPrefix } from '../encoding/key-parts.ts'
import { tables, within } from '../encoding/keys.ts'
import { corrupt } from '../encoding/row-reader.ts'

export function getIdentity(view: KeyValueView, name: IdentityName): IdentityRow | undefined {
  const stored = view.get(identityKey(name))
  return stored === undefined ? undefined : decodeIdentity(stored)
}

export function listIdentities(
  view: KeyValueView,
  { kind, after, limit }: IdentityPage & { readonly kind: IdentityKind },
): readonly IdentityRow[] {
  assertLimit(limit)
  const prefix = identityPrefix(kind)
  const from = after === undefined ? prefix : `${identityKey({ kind, name: after })}\0`
  return view.range({ from, to: afterPrefix(prefix), limit }).map(([, row]) => decodeIdentity(row))
}

export function getIdentityPolicies(view: KeyValueView, name: IdentityName): IdentityPolicies | undefined {
  const row = getIdentity(view, name)
  if (row === undefined) return undefined
  const rows = [row, ...row.groups.flatMap((group) => getIdentity(view, { kind: 'group', name: group }) ?? [])]
  const attached = [...new Set(rows.flatMap((each) => each.attached))]
  const own = attached.filter((policy) => !policy.startsWith(builtInPrefix))
  const { boundary } = row
  return {
    row,
    documents: [
      ...rows.flatMap((each) => each.inline.map(({ document }) => document)),
      ...own.map((policy) => documentOf(view, policy)),
    ],
    builtIn: attached.flatMap((policy) =>
      policy.startsWith(builtInPrefix) ? [policy.slice(builtInPrefix.length)] : [],
    ),
    ...(boundary === undefined || boundary.startsWith(builtInPrefix) ? {} : { boundary: documentOf(view, boundary) }),
  }
}

export function getManagedPolicy(view: KeyValueView, name: string): ManagedPolicyRow | undefined {
  const stored = view.get(managedPolicyKey(name))
  return stored === undefined ? undefined : decodeManagedPolicy(stored)
}

export function listManagedPolicies(view: KeyValueView, { after, limit }: IdentityPage): readonly ManagedPolicyRow[] {
  assertLimit(limit)
  const from = after === undefined ? tables.managedPolicy : `${managedPolicyKey(after)}\0`
  const rows = view.range({ from, to: afterPrefix(tables.managedPolicy), limit })
  return rows.map(([, row]) => decodeManagedPolicy(row))
}

export function listPolicyUses(
  view: KeyValueView,
  { policy, limit }: { readonly policy: string; readonly limit: number },
): readonly IdentityName[] {
  assertLimit(limit)
  const prefix = policyUsesPrefix(policy)
  return view.range({ ...within(prefix), limit }).map(([key]) => readPolicyUse(key.slice(prefix.length)))
}

export function listMembers(
  view: KeyValueView,
  { group, limit }: { readonly group: string; readonly limit: number },
): readonly string[] {
  assertLimit(limit)
  const prefix = membersPrefix(group)
  return view.range({ ...within(prefix), limit }).map(([key]) => key.slice(prefix.length))
}

function documentOf(view: KeyValueView, name: string): string {
  const row = getManagedPolicy(view, name)
  const version = row?.versions.find(({ id }) => id === row.defaultVersion)
  if (version === undefined) throw corrupt('a policy that is attached is missing')
  return version.document
}

function assertLimit(limit: number): void {
  assert(Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax, 'limit of a page')
}
