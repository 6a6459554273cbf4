// Conformance of the master keys of object encryption: rows change one after the other, and no generation is ever lost. Contract:
// src/meta/contract/encryption-key-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { EncryptionKeyRow } from '../../../src/meta/contract/encryption-key-metadata.ts'
import { rejectsWith, sceneTests, startMs } from './scene.ts'
import type { CreateStore } from './scene.ts'

function key(id: string, more: Partial<EncryptionKeyRow> = {}): EncryptionKeyRow {
  const generations = [{ number: 1, createdMs: startMs, sealed: Uint8Array.of(1, 2, 3) }]
  return { id, aliases: [`alias/${id}`], isEnabled: true, createdMs: startMs, revision: 1, generations, ...more }
}

export function encryptionKeyTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: encryption keys`, () => {
    sceneTest('keys are made once, and listed by id', async ({ store }) => {
      assert.deepEqual(await store.listEncryptionKeys(), [])
      for (const id of ['b', 'a', 'sse-s3']) await store.putEncryptionKey({ row: key(id) })
      await store.putEncryptionKey({ row: key('a') })
      assert.deepEqual(await store.listEncryptionKeys(), [key('a'), key('b'), key('sse-s3')])
      await rejectsWith('precondition-failed', store.putEncryptionKey({ row: key('a', { isEnabled: false }) }))
    })

    sceneTest('of changes from one revision, one is made', async ({ store }) => {
      await store.putEncryptionKey({ row: key('a') })
      const disabled = key('a', { revision: 2, isEnabled: false })
      await store.putEncryptionKey({ row: disabled })
      await rejectsWith('precondition-failed', store.putEncryptionKey({ row: key('a', { revision: 2 }) }))
      await rejectsWith('precondition-failed', store.putEncryptionKey({ row: key('a', { revision: 4 }) }))
      await rejectsWith('precondition-failed', store.putEncryptionKey({ row: key('b', { revision: 2 }) }))
      assert.deepEqual(await store.listEncryptionKeys(), [disabled])
    })

    sceneTest('generations are added, and none is lost or altered', async ({ store }) => {
      const first = key('a')
      await store.putEncryptionKey({ row: first })
      const second = { number: 2, createdMs: startMs, sealed: Uint8Array.of(9) }
      const rotated = key('a', { revision: 2, generations: [...first.generations, second] })
      await store.putEncryptionKey({ row: rotated })
      const altered = rotated.generations.map((generation) => ({ ...generation, sealed: Uint8Array.of(7) }))
      for (const generations of [[], [second], first.generations, altered])
        await rejectsWith('bad-request', store.putEncryptionKey({ row: key('a', { revision: 3, generations }) }))
      assert.deepEqual(await store.listEncryptionKeys(), [rotated])
    })
  })
}
