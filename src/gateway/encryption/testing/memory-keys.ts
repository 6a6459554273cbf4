// Rows of master keys in memory, as the metadata keeps them.

import { FrostError } from '../../../base/errors.ts'
import type {
  EncryptionKeyMutations,
  EncryptionKeyReads,
  EncryptionKeyRow,
} from '../../../meta/contract/encryption-key-metadata.ts'

export class MemoryKeys implements EncryptionKeyReads, EncryptionKeyMutations {
  readonly rows = new Map<string, EncryptionKeyRow>()
  reads = 0

  async listEncryptionKeys(): Promise<readonly EncryptionKeyRow[]> {
    this.reads += 1
    await Promise.resolve()
    return [...this.rows.values()]
  }

  async putEncryptionKey({ row }: { readonly row: EncryptionKeyRow }): Promise<void> {
    await Promise.resolve()
    if ((this.rows.get(row.id)?.revision ?? 0) !== row.revision - 1)
      throw new FrostError('precondition-failed', 'Another revision is stored.')
    this.rows.set(row.id, row)
  }
}
