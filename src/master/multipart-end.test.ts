import assert from 'node:assert/strict'
import { test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { MemoryKeyValue, MemoryMap } from '../../sim/ports/key-value.ts'
import type { DecisionFate } from '../../sim/ports/key-value.ts'
import { Scene } from '../../test/conformance/metadata/scene.ts'
import { KeyValueMetadata, LocalRunner } from '../meta/key-value-metadata.ts'
import { endMultipart } from './multipart-end.ts'

test('an upload that ended with a lost answer has ended, and one that was not there has not', async () => {
  const time = new VirtualTime()
  const clock = time.createClock()
  let fate: DecisionFate = 'commit'
  const keyValue = new MemoryKeyValue({
    map: new MemoryMap(),
    fate: () => {
      const next = fate
      fate = 'commit'
      return next
    },
  })
  await keyValue.claim()
  const metadata = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
  const scene = new Scene(metadata)
  await scene.open()
  const name = { bucket: 'default', key: 'file', upload: scene.versionId() }
  await metadata.createMultipart({ ...name, createdMs: scene.nowMs, template: {} })

  fate = 'unknown-committed'
  const ended = endMultipart({ metadata, clock }, name)
  await time.advance(60_000)
  assert.equal(await ended, true)
  assert.equal(await metadata.getMultipart(name), undefined)
  assert.equal(await endMultipart({ metadata, clock }, name), false)
})
