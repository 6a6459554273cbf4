// Opens the embedded metadata store of a data folder whose cluster does not run, as its committing process.

import { join } from 'node:path'

import { KeyValueMetadata, LocalRunner } from '../../src/meta/key-value-metadata.ts'
import type { MetadataStore } from '../../src/meta/metadata-store.ts'
import { LmdbKeyValue } from '../../src/node/lmdb-key-value.ts'

export async function openMetadata(folder: string): Promise<MetadataStore> {
  const keyValue = await LmdbKeyValue.open({
    file: join(folder, 'metadata/metadata.mdb'),
    onFailure: (error) => {
      throw error
    },
  })
  await keyValue.claim()
  return new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
}
