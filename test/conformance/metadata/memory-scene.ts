// A scene over metadata in memory, for tests that look at its rows.

import { MemoryKeyValue, MemoryMap } from '../../../sim/ports/key-value.ts'
import { KeyValueMetadata, LocalRunner } from '../../../src/meta/key-value-metadata.ts'
import { Scene } from './scene.ts'

export async function openMemoryScene(): Promise<{ readonly map: MemoryMap; readonly scene: Scene }> {
  const map = new MemoryMap()
  const keyValue = new MemoryKeyValue({ map })
  await keyValue.claim()
  const scene = new Scene(new KeyValueMetadata(keyValue, new LocalRunner(keyValue)))
  await scene.open()
  return { map, scene }
}
