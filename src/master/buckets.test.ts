import assert from 'node:assert/strict'
import { test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { MemoryKeyValue, MemoryMap } from '../../sim/ports/key-value.ts'
import { Scene } from '../../test/conformance/metadata/scene.ts'
import { DAY_MS } from '../base/units.ts'
import { partsEach } from '../meta/contract/multipart-metadata.ts'
import { KeyValueMetadata, LocalRunner } from '../meta/key-value-metadata.ts'
import { Buckets } from './buckets.ts'

test('a bucket goes with an upload whose abort was left half done, though it began in the future', async () => {
  const clock = new VirtualTime().createClock()
  const keyValue = new MemoryKeyValue({ map: new MemoryMap() })
  await keyValue.claim()
  const metadata = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
  const scene = new Scene(metadata)
  scene.nowMs = clock.wallMs()
  await scene.open()
  const name = { bucket: 'default', key: 'file', upload: scene.versionId() }
  await metadata.createMultipart({ ...name, createdMs: clock.wallMs() + 30 * DAY_MS, template: {} })
  for (let number = 1; number <= partsEach + 1; number++) {
    const ref = scene.ref()
    const part = { number, id: scene.versionId(), modifiedMs: scene.nowMs, sizeBytes: 1_000, crc32: 0 }
    await metadata.putPart({ ...name, part: { ...part, extents: [scene.extent(ref)] }, newData: [scene.newData(ref)] })
  }
  assert.equal(await metadata.abortMultipart(name), false)

  await new Buckets({ metadata, clock }).remove('default')

  assert.deepEqual(await metadata.listBuckets(), [])
  assert.deepEqual(await metadata.listOldMultiparts({ beforeMs: 1e14, limit: 10 }), [])
})
