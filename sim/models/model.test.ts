import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { Protocol } from './explorer.ts'
import { defineVariant, judge, listUnshown } from './model.ts'
import type { Model, Switches } from './model.ts'

const rules = { careful: 'it stops in time', useless: 'it does nothing' }

function walk(on: Switches<keyof typeof rules>): Protocol<{ readonly at: number }> {
  return {
    initial: { at: 0 },
    steps: ({ at }) => (at < (on('careful') ? 2 : 3) ? [{ action: 'go on', next: { at: at + 1 } }] : []),
    invariants: { 'no fall': ({ at }) => (at > 2 ? 'it fell' : undefined) },
    isSettled: () => true,
  }
}

function modelThat(shows: readonly (keyof typeof rules)[]): Model {
  return {
    name: 'a walk',
    rules,
    variants: [defineVariant(rules, { name: 'plain', shows, statesMax: 10, build: walk })],
  }
}

describe('A model', () => {
  test('is good where it holds with all rules, and a rule’s absence is noticed', () => {
    const findings = [...judge(modelThat(['careful']))]
    assert.deepEqual(
      findings.map(({ off, isGood }) => [off, isGood]),
      [
        [undefined, true],
        ['careful', true],
      ],
    )
    assert.deepEqual(findings[1]?.exploration.violation?.trace, ['go on', 'go on', 'go on'])
  })

  test('is not good where a rule’s absence is not noticed', () => {
    assert.deepEqual(
      [...judge(modelThat(['useless']))].map(({ isGood }) => isGood),
      [true, false],
    )
  })

  test('names the rules that no variant shows', () => {
    assert.deepEqual(listUnshown(modelThat(['careful'])), ['useless'])
  })

  test('knows its rules', () => {
    assert.throws(() => modelThat([]).variants[0]?.explore('other'), /no such rule: other/)
  })
})
