import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { claimedKeyValueConformance } from '../../test/conformance/key-value.ts'
import { LmdbKeyValue } from './lmdb-key-value.ts'

claimedKeyValueConformance('LmdbKeyValue', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-'))
  const opened: LmdbKeyValue[] = []
  return {
    open: async () => {
      const map = await LmdbKeyValue.open({
        file: join(directory, 'metadata.mdb'),
        onFailure: (error) => assert.fail(String(error)),
      })
      opened.push(map)
      return map
    },
    cleanUp: async () => {
      for (const map of opened) await map.close()
      await rm(directory, { recursive: true })
    },
  }
})
