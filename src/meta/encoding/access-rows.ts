// The keys and rows of access control. Rows stand as plain data with the names of their fields; indexes have empty rows.

import { assert } from '../../base/assert.ts'
import type { ByteString } from '../../ports/key-value.ts'
import type { AccessKeyRow, GrantRow, ShareLinkRow, TokenRow, UserRow } from '../contract/access-rows.ts'
import { hexPart } from './key-parts.ts'
import { bucketPart, tables } from './keys.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlainRow } from './plain-rows.ts'

/** The name of the administrator that the configuration names. */
export const rootUserKey: ByteString = '\x01\x05'

const userFields: Fields<UserRow> = {
  name: 'string',
  role: 'string',
  enabled: 'boolean',
  canonicalId: 'string',
  displayName: 'string',
  passwordHash: 'string?',
  quotaBytes: 'number?',
  createdMs: 'number',
}

export const accessKeyFields: Fields<AccessKeyRow> = {
  id: 'string',
  user: 'string',
  sealedSecret: 'bytes',
  enabled: 'boolean',
  expiresMs: 'number?',
  description: 'string',
  createdMs: 'number',
}

export const tokenFields: Fields<TokenRow> = {
  id: 'string',
  user: 'string',
  hash: 'bytes',
  scope: 'object?',
  expiresMs: 'number?',
  description: 'string',
  createdMs: 'number',
}

export const grantFields: Fields<GrantRow> = { user: 'string', bucket: 'string', level: 'string', createdMs: 'number' }

export const shareLinkFields: Fields<ShareLinkRow> = {
  id: 'string',
  user: 'string',
  canonicalId: 'string?',
  bucket: 'string',
  key: 'string',
  createdMs: 'number',
  expiresMs: 'number',
  usesMax: 'number?',
  uses: 'number',
  revoked: 'boolean',
}

export function decodeUser(stored: Uint8Array): UserRow {
  return decodePlainRow(stored, userFields)
}

export function decodeAccessKey(stored: Uint8Array): AccessKeyRow {
  return decodePlainRow(stored, accessKeyFields)
}

export function decodeToken(stored: Uint8Array): TokenRow {
  return decodePlainRow(stored, tokenFields)
}

export function decodeGrant(stored: Uint8Array): GrantRow {
  return decodePlainRow(stored, grantFields)
}

export function decodeShareLink(stored: Uint8Array): ShareLinkRow {
  return decodePlainRow(stored, shareLinkFields)
}

export function userKey(name: string): ByteString {
  return tables.user + userPart(name)
}

export function canonicalIdKey(canonicalId: string): ByteString {
  return tables.canonicalId + hexPart(canonicalId)
}

export function administratorKey(name: string): ByteString {
  return tables.administrator + userPart(name)
}

export function accessKeyKey(id: string): ByteString {
  return tables.accessKey + accessKeyPart(id)
}

export function accessKeysOfPrefix(user: string): ByteString {
  return `${tables.accessKeyOf}${userPart(user)}\0`
}

export function accessKeyOfKey(user: string, id: string): ByteString {
  return accessKeysOfPrefix(user) + accessKeyPart(id)
}

export function tokenKey(id: string): ByteString {
  return tables.token + hexPart(id)
}

export function tokensOfPrefix(user: string): ByteString {
  return `${tables.tokenOf}${userPart(user)}\0`
}

export function tokenOfKey(user: string, id: string): ByteString {
  return tokensOfPrefix(user) + hexPart(id)
}

export function grantsOfPrefix(user: string): ByteString {
  return `${tables.grant}${userPart(user)}\0`
}

export function grantKey(user: string, bucket: string): ByteString {
  return grantsOfPrefix(user) + bucketPart(bucket)
}

export function grantsOnPrefix(bucket: string): ByteString {
  return `${tables.grantOn}${bucketPart(bucket)}\0`
}

export function grantOnKey(bucket: string, user: string): ByteString {
  return grantsOnPrefix(bucket) + userPart(user)
}

export function shareLinkKey(id: string): ByteString {
  return tables.shareLink + hexPart(id)
}

/** `user` may be empty. */
export function shareLinksOfPrefix(user: string): ByteString {
  return `${tables.shareLinkOf}${user === '' ? '' : userPart(user)}\0`
}

export function shareLinkOfKey(user: string, id: string): ByteString {
  return shareLinksOfPrefix(user) + hexPart(id)
}

function userPart(name: string): ByteString {
  assert(/^[A-Za-z0-9+=,.@_-]{1,64}$/.test(name), 'name of a user')
  return name
}

function accessKeyPart(id: string): ByteString {
  assert(/^[A-Za-z0-9._@+-]{3,128}$/.test(id), 'id of an access key')
  return id
}
