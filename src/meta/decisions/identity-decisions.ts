// Changing what IAM knows. A row names what is there: its user, its groups, its policies; and what is named does not go.

import { FrostError } from '../../base/errors.ts'
import type { IdentityName, PutIdentity, PutManagedPolicy } from '../contract/identity-metadata.ts'
import { attachedMax, groupsOfUserMax, inlineMax, policyVersionsMax } from '../contract/identity-rows.ts'
import type { IdentityRow, ManagedPolicyRow } from '../contract/identity-rows.ts'
import {
  builtInPrefix,
  decodeIdentity,
  decodeManagedPolicy,
  identityKey,
  managedPolicyKey,
  membersPrefix,
  policyUsesPrefix,
} from '../encoding/identity-rows.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'
import { putIdentityRow, removeIdentityRow } from './identity-indexes.ts'
import { indexedParts, mustReadUser } from './user-decisions.ts'

export function putIdentity(draft: Draft, { row }: PutIdentity): IdentityRow {
  const stored = draft.get(identityKey(row))
  if (stored !== undefined && isSame(stored, row)) return row
  const before = stored === undefined ? undefined : decodeIdentity(stored)
  const what = `${row.kind} ${row.name}`
  if (row.kind === 'user') mustReadUser(draft, row.name)
  if (before === undefined && row.revision > 1) throw notFound(row)
  if (before !== undefined && row.revision === 1 && row.kind !== 'user')
    throw new FrostError('identity-exists', `There is a ${what} already.`)
  checkRevision(row, before, `The ${what}`)
  checkNames(draft, row)
  putIdentityRow(draft, row, before)
  draft.record({ kind: 'access', what: row.kind === 'user' ? 'user' : row.kind, id: row.name })
  return row
}

export function removeIdentity(draft: Draft, name: IdentityName): void {
  const stored = draft.get(identityKey(name))
  if (stored === undefined) throw notFound(name)
  if (name.kind === 'group' && indexedParts(draft, membersPrefix(name.name), 1).length > 0)
    throw new FrostError('identity-in-use', `The group ${name.name} still has members.`)
  removeIdentityRow(draft, decodeIdentity(stored))
  draft.record({ kind: 'access', what: name.kind, id: name.name })
}

export function putManagedPolicy(draft: Draft, { row }: PutManagedPolicy): ManagedPolicyRow {
  const stored = draft.get(managedPolicyKey(row.name))
  if (stored !== undefined && isSame(stored, row)) return row
  const before = stored === undefined ? undefined : decodeManagedPolicy(stored)
  if (before === undefined && row.revision > 1) throw policyNotFound(row.name)
  if (before !== undefined && row.revision === 1)
    throw new FrostError('policy-exists', `There is a policy ${row.name} already.`)
  checkRevision(row, before, `The policy ${row.name}`)
  if (row.versions.length > policyVersionsMax)
    throw new FrostError('bad-request', `A policy has at most ${policyVersionsMax} versions.`)
  draft.put(managedPolicyKey(row.name), encodePlainRow(row))
  draft.record({ kind: 'access', what: 'policy', id: row.name })
  return row
}

export function removeManagedPolicy(draft: Draft, { name }: { readonly name: string }): void {
  if (draft.get(managedPolicyKey(name)) === undefined) throw policyNotFound(name)
  if (indexedParts(draft, policyUsesPrefix(name), 1).length > 0)
    throw new FrostError('identity-in-use', `The policy ${name} is still attached.`)
  draft.remove(managedPolicyKey(name))
  draft.record({ kind: 'access', what: 'policy', id: name })
}

function checkRevision(
  row: { readonly revision: number },
  before: { readonly revision: number } | undefined,
  what: string,
): void {
  if (row.revision !== (before?.revision ?? 0) + 1)
    throw new FrostError('precondition-failed', `${what} has changed since.`)
}

function checkNames(draft: Draft, { name, attached, boundary, groups, inline }: IdentityRow): void {
  if (attached.length > attachedMax || inline.length > inlineMax || groups.length > groupsOfUserMax)
    throw new FrostError(
      'bad-request',
      `${name} has at most ${attachedMax} policies attached, ${inlineMax} of its own, and is in ${groupsOfUserMax} groups.`,
    )
  for (const policy of boundary === undefined ? attached : [...attached, boundary]) {
    const isKnown = policy.startsWith(builtInPrefix) || draft.get(managedPolicyKey(policy)) !== undefined
    if (!isKnown) throw policyNotFound(policy)
  }
  for (const group of groups) {
    const of: IdentityName = { kind: 'group', name: group }
    if (draft.get(identityKey(of)) === undefined) throw notFound(of)
  }
}

function isSame(stored: Uint8Array, row: object): boolean {
  return Buffer.compare(stored, encodePlainRow(row)) === 0
}

function notFound({ kind, name }: IdentityName): FrostError {
  return new FrostError('identity-not-found', `There is no ${kind} ${name}.`)
}

function policyNotFound(name: string): FrostError {
  return new FrostError('policy-not-found', `There is no policy ${name}.`)
}
