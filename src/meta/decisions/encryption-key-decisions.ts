// Changing the master keys of object encryption. A generation that is stored never goes and never changes: what it wrapped could not be
// read any more.

import { FrostError } from '../../base/errors.ts'
import { encryptionKeysMax } from '../contract/encryption-key-metadata.ts'
import type { EncryptionKeyRow } from '../contract/encryption-key-metadata.ts'
import { decodeEncryptionKey, encryptionKeyKey } from '../encoding/encryption-key-rows.ts'
import { tables, within } from '../encoding/keys.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'

export function putEncryptionKey(draft: Draft, { row }: { readonly row: EncryptionKeyRow }): void {
  const stored = draft.get(encryptionKeyKey(row.id))
  const encoded = encodePlainRow(row)
  if (stored !== undefined && Buffer.compare(stored, encoded) === 0) return
  const before = stored === undefined ? undefined : decodeEncryptionKey(stored)
  if (row.revision !== (before?.revision ?? 0) + 1)
    throw new FrostError('precondition-failed', `The encryption key ${row.id} has changed since.`)
  if (row.generations.length === 0 || before?.generations.every((each, index) => isKept(each, row, index)) === false)
    throw new FrostError('bad-request', `The generations of the encryption key ${row.id} can only be added to.`)
  if (before === undefined) checkCount(draft)
  draft.put(encryptionKeyKey(row.id), encoded)
  draft.record({ kind: 'access', what: 'encryption-key', id: row.id })
}

function isKept(generation: EncryptionKeyRow['generations'][number], row: EncryptionKeyRow, index: number): boolean {
  const kept = row.generations[index]
  return kept?.number === generation.number && Buffer.compare(kept.sealed, generation.sealed) === 0
}

function checkCount(draft: Draft): void {
  const keys = draft.range({ ...within(tables.encryptionKey), limit: encryptionKeysMax })
  if (keys.length >= encryptionKeysMax)
    throw new FrostError('bad-request', `There are at most ${encryptionKeysMax} encryption keys.`)
}
