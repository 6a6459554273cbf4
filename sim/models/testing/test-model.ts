// The tests of one model: it holds with all rules on, and each rule's absence is noticed where it shows.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { listUnshown } from '../model.ts'
import type { Model } from '../model.ts'

export function testModel(model: Model): void {
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
