import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { KeyValueMetadata, LocalRunner } from '../meta/key-value-metadata.ts'
import { metadataStoreConformance } from '../../test/conformance/metadata-store.ts'
import { LmdbKeyValue } from './lmdb-key-value.ts'

metadataStoreConformance('KeyValueMetadata on LMDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-'))
  const keyValue = await LmdbKeyValue.open({
    file: join(directory, 'metadata.mdb'),
    onFailure: (error) => assert.fail(String(error)),
  })
  await keyValue.claim()
  const store = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
  return {
    store,
    cleanUp: async () => {
      await store.close()
      await rm(directory, { recursive: true })
    },
  }
})
