import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryKeyValue, MemoryMap } from '../../sim/ports/key-value.ts'
import { Scene, startMs } from '../../test/conformance/metadata/scene.ts'
import { readBackup, restoreRows } from './backup-rows.ts'
import { KeyValueMetadata, LocalRunner } from './key-value-metadata.ts'

test('a backup holds buckets with what is set on them, and nothing of files, uploads or followers', async () => {
  const map = new MemoryMap()
  const keyValue = new MemoryKeyValue({ map })
  await keyValue.claim()
  const { store, ...scene } = await filled(new KeyValueMetadata(keyValue, new LocalRunner(keyValue)))
  const restored = new MemoryMap()
  restored.apply({ ...restoreRows(readBackup(map)), result: undefined })
  const other = new MemoryKeyValue({ map: restored })
  const copy = new KeyValueMetadata(other, new LocalRunner(other))
  assert.deepEqual(await copy.getBucket('default'), await store.getBucket('default'))
  assert.deepEqual(await copy.getBucketSettings('default'), { lifecycle: scene.lifecycle })
  assert.equal(await copy.getHead('default', 'file'), undefined)
  assert.deepEqual((await copy.listMultiparts({ bucket: 'default', limit: 10 })).uploads, [])
  assert.deepEqual(await copy.listFollowers(), [])
})

async function filled(store: KeyValueMetadata): Promise<{ store: KeyValueMetadata; lifecycle: Uint8Array }> {
  const scene = new Scene(store)
  await scene.open()
  const lifecycle = Uint8Array.of(1, 2, 3)
  await store.changeBucket({ name: 'default', versioning: 'enabled', objectLock: true, quotaBytes: 10_000 })
  await store.setBucketSetting({ bucket: 'default', kind: 'lifecycle', value: lifecycle })
  await scene.put('file')
  await store.createMultipart({
    bucket: 'default',
    key: 'file',
    upload: scene.versionId(),
    createdMs: startMs,
    template: {},
  })
  await store.putFollower({ name: 'events', sequence: 1 })
  return { store, lifecycle }
}
