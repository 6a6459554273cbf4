import assert from 'node:assert/strict'
import { test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { MemoryKeyValue, MemoryMap } from '../../sim/ports/key-value.ts'
import { Scene } from '../../test/conformance/metadata/scene.ts'
import { DAY_MS } from '../base/units.ts'
import type { Fence } from '../meta/contract/conventions.ts'
import type { ListOldMultiparts, OldMultipart } from '../meta/contract/multipart-metadata.ts'
import { KeyValueMetadata, LocalRunner } from '../meta/key-value-metadata.ts'
import { MultipartExpiryTask } from './multipart-expiry-task.ts'

/** Something happens between a listing and what is done by it. */
class LateMetadata extends KeyValueMetadata {
  afterList: () => Promise<void> = () => Promise.resolve()

  override async listOldMultiparts(request: ListOldMultiparts): Promise<readonly OldMultipart[]> {
    const page = await super.listOldMultiparts(request)
    await this.afterList()
    return page
  }
}

test('what is completed just before it expires stays known as completed', async () => {
  const clock = new VirtualTime().createClock()
  const keyValue = new MemoryKeyValue({ map: new MemoryMap() })
  await keyValue.claim()
  const metadata = new LateMetadata(keyValue, new LocalRunner(keyValue))
  const scene = new Scene(metadata)
  scene.nowMs = clock.wallMs()
  await scene.open()
  const name = { bucket: 'default', key: 'file', upload: scene.versionId() }
  await metadata.createMultipart({ ...name, createdMs: clock.wallMs() - 8 * DAY_MS, template: {} })
  const ref = scene.ref()
  const part = { number: 1, id: scene.versionId(), modifiedMs: scene.nowMs, sizeBytes: 1_000, crc32: 0 }
  await metadata.putPart({ ...name, part: { ...part, extents: [scene.extent(ref)] }, newData: [scene.newData(ref)] })
  const version = { ...scene.version([], { sizeBytes: 1_000 }), parts: [{ number: 1, length: 1_000 }] }
  const completion = { ...name, parts: [part], version, newData: [scene.newData(scene.ref())] as const }

  metadata.afterList = async () => {
    await metadata.completeMultipart(completion)
  }
  const fence: Fence = { lease: 'master', token: 1 }
  await new MultipartExpiryTask({ metadata, clock, lease: { fence } }).step()

  assert.equal((await metadata.getMultipart(name))?.completed?.version, version.version)
  assert.equal((await metadata.getHead('default', 'file'))?.version, version.version)
})
