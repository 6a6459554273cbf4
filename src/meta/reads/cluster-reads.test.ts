// What a read costs: rows looked at, against rows returned.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { openMemoryScene } from '../../../test/conformance/metadata/memory-scene.ts'
import { groupId } from '../../../test/conformance/metadata/scene.ts'
import type { KeyValueView } from '../../ports/key-value.ts'
import { listDeadData } from './cluster-reads.ts'

test('listing dead data looks at no row of what is alive', async () => {
  const { map, scene } = await openMemoryScene()
  for (let count = 0; count < 3_000; count++) await scene.put(`file-${count}`)
  const dead = [scene.ref(), scene.ref()]
  await scene.store.discard({ refs: dead, queue: false })
  let looked = 0
  const view: KeyValueView = {
    get(key) {
      looked += 1
      return map.get(key)
    },
    range(range) {
      const entries = map.range(range)
      looked += entries.length
      return entries
    },
    texts(range, skipBytes) {
      const texts = map.texts(range, skipBytes)
      looked += texts.length
      return texts
    },
  }
  assert.equal(listDeadData(view, { group: groupId(1), limit: 1_000 }).length, dead.length)
  assert.equal(looked, dead.length)
})
