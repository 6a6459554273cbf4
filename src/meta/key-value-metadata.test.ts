import { MemoryKeyValue, MemoryMap } from '../../sim/ports/key-value.ts'
import { metadataStoreConformance } from '../../test/conformance/metadata-store.ts'
import { KeyValueMetadata, LocalRunner } from './key-value-metadata.ts'

metadataStoreConformance('KeyValueMetadata in memory', async () => {
  const keyValue = new MemoryKeyValue({ map: new MemoryMap() })
  await keyValue.claim()
  const store = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
  return { store, cleanUp: () => store.close() }
})
