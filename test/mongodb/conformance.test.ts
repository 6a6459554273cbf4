import { after, before, describe } from 'node:test'

import { KeyValueMetadata, LocalRunner } from '../../src/meta/key-value-metadata.ts'
import type { MongoKeyValue } from '../../src/node/mongodb/mongo-key-value.ts'
import { keyValueConformance } from '../conformance/key-value.ts'
import { metadataStoreConformance } from '../conformance/metadata-store.ts'
import { anyServer, openMap, withDatabase, withoutServer } from './stand-in.ts'
import type { TestServer } from './stand-in.ts'

describe('MongoDB', { skip: withoutServer }, () => {
  let server: TestServer

  before(async () => {
    server = await anyServer()
  })

  after(async () => {
    await server.remove()
  })

  keyValueConformance('MongoKeyValue', () => {
    const url = withDatabase(server.url)
    const opened: MongoKeyValue[] = []
    return Promise.resolve({
      open: async () => {
        const map = await openMap(url)
        opened.push(map)
        return map
      },
      cleanUp: async () => {
        for (const map of opened) await map.close()
      },
    })
  })

  metadataStoreConformance('KeyValueMetadata on MongoDB', async () => {
    const keyValue = await openMap(withDatabase(server.url))
    const store = new KeyValueMetadata(keyValue, new LocalRunner(keyValue, { gathersRecent: false }))
    return {
      store,
      cleanUp: async () => {
        await store.close()
      },
    }
  })
})
