import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { listUnshown } from './model.ts'
import { models } from './models.ts'

for (const model of models) {
  describe(`The model of ${model.name}`, () => {
    test('shows what each of its rules is there for', () => {
      assert.deepEqual(listUnshown(model), [])
    })
    for (const variant of model.variants) {
      test(`${variant.name}: holds with all rules on`, () => {
        assert.equal(variant.explore().violation, undefined)
      })
      for (const rule of variant.shows) {
        test(`${variant.name}: breaks without ${rule}`, () => {
          assert.notEqual(variant.explore(rule).violation, undefined)
        })
      }
    }
  })
}
