// The logic of the store on MongoDB with a server in memory; test/mongodb/ has the same over the driver.

import { keyValueConformance } from '../../../test/conformance/key-value.ts'
import { metadataStoreConformance } from '../../../test/conformance/metadata-store.ts'
import { KeyValueMetadata, LocalRunner } from '../../meta/key-value-metadata.ts'
import { MemoryStore } from './testing/memory-row-server.ts'
import { openInMemory } from './testing/open.ts'

keyValueConformance('MongoKeyValue, server in memory', () => {
  const store = new MemoryStore()
  return Promise.resolve({
    open: async () => (await openInMemory(store)).map,
    cleanUp: () => Promise.resolve(),
  })
})

metadataStoreConformance('KeyValueMetadata on MongoDB, server in memory', async () => {
  const { map } = await openInMemory(new MemoryStore())
  const store = new KeyValueMetadata(map, new LocalRunner(map, { gathersRecent: false }))
  return { store, cleanUp: async () => await store.close() }
})
