// The keys and rows of what IAM knows. Rows stand as plain data with the names of their fields; indexes have empty rows.

import { assert } from '../../base/assert.ts'
import type { ByteString } from '../../ports/key-value.ts'
import type { IdentityName } from '../contract/identity-metadata.ts'
import type { IdentityKind, IdentityRow, ManagedPolicyRow } from '../contract/identity-rows.ts'
import { tables } from './keys.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlainRow } from './plain-rows.ts'
import { corrupt } from './row-reader.ts'

const identityFields: Fields<IdentityRow> = {
  kind: 'string',
  name: 'string',
  revision: 'number',
  id: 'string',
  path: 'string',
  createdMs: 'number',
  tags: 'list',
  attached: 'list',
  inline: 'list',
  groups: 'list',
  boundary: 'string?',
  trustPolicy: 'string?',
  maxSessionSeconds: 'number?',
  description: 'string?',
}

const policyFields: Fields<ManagedPolicyRow> = {
  name: 'string',
  revision: 'number',
  id: 'string',
  path: 'string',
  description: 'string',
  createdMs: 'number',
  updatedMs: 'number',
  tags: 'list',
  defaultVersion: 'string',
  versions: 'list',
}

/** Of the policies that the program has: no row of theirs is stored. */
export const builtInPrefix = 'aws/'

const letters: Readonly<Record<IdentityKind, string>> = { user: 'u', group: 'g', role: 'r' }

export function decodeIdentity(stored: Uint8Array): IdentityRow {
  return decodePlainRow(stored, identityFields)
}

export function decodeManagedPolicy(stored: Uint8Array): ManagedPolicyRow {
  return decodePlainRow(stored, policyFields)
}

export function identityPrefix(kind: IdentityKind): ByteString {
  return tables.identity + letters[kind]
}

export function identityKey({ kind, name }: IdentityName): ByteString {
  return identityPrefix(kind) + namePart(name)
}

export function managedPolicyKey(name: string): ByteString {
  return tables.managedPolicy + namePart(name)
}

export function policyUsesPrefix(policy: string): ByteString {
  const name = policy.startsWith(builtInPrefix) ? policy.slice(builtInPrefix.length) : policy
  return `${tables.policyUse}${policy.slice(0, policy.length - name.length)}${namePart(name)}\0`
}

export function policyUseKey(policy: string, { kind, name }: IdentityName): ByteString {
  return policyUsesPrefix(policy) + letters[kind] + namePart(name)
}

/** The last part of a key of that index. */
export function readPolicyUse(part: ByteString): IdentityName {
  const kind = (['user', 'group', 'role'] as const).find((each) => letters[each] === part.charAt(0))
  if (kind === undefined) throw corrupt('the use of a policy has no kind')
  return { kind, name: part.slice(1) }
}

export function membersPrefix(group: string): ByteString {
  return `${tables.groupMember}${namePart(group)}\0`
}

export function memberKey(group: string, user: string): ByteString {
  return membersPrefix(group) + namePart(user)
}

function namePart(name: string): ByteString {
  assert(/^[A-Za-z0-9+=,.@_-]{1,128}$/.test(name), 'name of a user, group, role or policy')
  return name
}
