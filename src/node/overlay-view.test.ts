import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryMap } from '../../sim/ports/key-value.ts'
import { SeededRandom } from '../base/random.ts'
import type { KeyValueChange } from '../ports/key-value.ts'
import { OverlayView } from './overlay-view.ts'

test('a view with changes on top shows what the map will be, through any order of sealing and dropping', () => {
  const random = new SeededRandom(3)
  const base = new MemoryMap()
  const model = new MemoryMap()
  const overlay = new OverlayView(base)
  let sealed: KeyValueChange[] | undefined
  for (let step = 0; step < 3_000; step++) {
    const action = random.below(10)
    if (action === 0 && sealed === undefined) sealed = [...overlay.seal()]
    else if (action === 1 && sealed !== undefined) {
      base.apply({ changes: sealed, result: undefined })
      overlay.drop()
      sealed = undefined
    } else if (action < 7) {
      const key = String.fromCharCode(97 + random.below(20))
      const row = random.below(3) === 0 ? undefined : Uint8Array.of(step & 255)
      overlay.change(key, row)
      model.apply({ changes: [[key, row]], result: undefined })
    } else {
      const bounds = [97 + random.below(21), 97 + random.below(21)].map((code) => String.fromCharCode(code))
      const [from = '', to = ''] = bounds.toSorted()
      const range = { from, to, limit: 1 + random.below(8), reverse: random.below(2) === 0 }
      assert.deepEqual(overlay.range(range), model.range(range))
      assert.deepEqual(overlay.texts(range, 0), model.texts(range, 0))
      assert.deepEqual(overlay.get(from), model.get(from))
    }
  }
})
