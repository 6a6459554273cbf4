// The keys and rows of master keys of object encryption. Rows stand as plain data with the names of their fields.

import { assert } from '../../base/assert.ts'
import type { ByteString } from '../../ports/key-value.ts'
import type { EncryptionKeyRow } from '../contract/encryption-key-metadata.ts'
import { tables } from './keys.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlainRow } from './plain-rows.ts'

const fields: Fields<EncryptionKeyRow> = {
  id: 'string',
  aliases: 'list',
  isEnabled: 'boolean',
  createdMs: 'number',
  revision: 'number',
  generations: 'list',
}

export function encryptionKeyKey(id: string): ByteString {
  assert(/^[A-Za-z0-9_-]{1,128}$/.test(id), 'id of an encryption key')
  return tables.encryptionKey + id
}

export function decodeEncryptionKey(stored: Uint8Array): EncryptionKeyRow {
  return decodePlainRow(stored, fields)
}
