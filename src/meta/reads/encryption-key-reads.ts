import type { KeyValueView } from '../../ports/key-value.ts'
import { encryptionKeysMax } from '../contract/encryption-key-metadata.ts'
import type { EncryptionKeyRow } from '../contract/encryption-key-metadata.ts'
import { decodeEncryptionKey } from '../encoding/encryption-key-rows.ts'
import { tables, within } from '../encoding/keys.ts'

export function listEncryptionKeys(view: KeyValueView): readonly EncryptionKeyRow[] {
  const rows = view.range({ ...within(tables.encryptionKey), limit: encryptionKeysMax })
  return rows.map(([, row]) => decodeEncryptionKey(row))
}
