import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { explore } from './explorer.ts'
import type { Protocol, Step } from './explorer.ts'

interface Counter {
  readonly value: number
}

/** Counts up to `end`, one or two at a time. */
function counting(end: number, parts: Partial<Protocol<Counter>> = {}): Protocol<Counter> {
  const add = ({ value }: Counter, step: number): readonly Step<Counter>[] =>
    value + step > end ? [] : [{ action: `add ${step}`, next: { value: value + step } }]
  return {
    initial: { value: 0 },
    steps: (state) => [...add(state, 1), ...add(state, 2)],
    invariants: {},
    isSettled: ({ value }) => value === end,
    ...parts,
  }
}

const statesMax = 1000

describe('The explorer', () => {
  test('reaches every state once, and takes every step', () => {
    assert.deepEqual(explore(counting(4), { statesMax }), { states: 5, transitions: 7, violation: undefined })
  })

  test('finds a violation by a shortest trace', () => {
    const invariants = { 'stays below 5': ({ value }: Counter) => (value < 5 ? undefined : `it is ${value}`) }
    const { violation } = explore(counting(9, { invariants }), { statesMax })
    assert.equal(violation?.invariant, 'stays below 5')
    assert.equal(violation.what, 'it is 5')
    assert.deepEqual(violation.trace, ['add 1', 'add 2', 'add 2'])
    assert.equal(violation.state, '{"value":5}')
  })

  test('looks at the initial state too', () => {
    const invariants = { never: () => 'always' }
    assert.deepEqual(explore(counting(1, { invariants }), { statesMax }).violation?.trace, [])
  })

  test('finds a state from which no settled one can be reached', () => {
    const isSettled = ({ value }: Counter): boolean => value === 3
    const { violation } = explore(counting(4, { isSettled }), { statesMax })
    assert.equal(violation?.invariant, 'settles')
    assert.deepEqual(violation.trace, ['add 2', 'add 2'])
  })

  test('does not count on a fault to get anywhere', () => {
    const steps = ({ value }: Counter): readonly Step<Counter>[] =>
      value === 0 ? [{ action: 'a fault', next: { value: 1 }, isFault: true }] : []
    assert.deepEqual(explore(counting(1, { steps }), { statesMax }).violation?.trace, [])
  })

  test('is content with a circle that has a way out', () => {
    const steps = ({ value }: Counter): readonly Step<Counter>[] => [
      { action: 'on', next: { value: (value + 1) % 3 } },
      ...(value === 2 ? [{ action: 'out', next: { value: 7 } }] : []),
      ...(value === 7 ? [{ action: 'stays', next: { value: 7 } }] : []),
    ]
    const isSettled = ({ value }: Counter): boolean => value === 7
    assert.equal(explore(counting(0, { steps, isSettled }), { statesMax }).violation?.invariant, undefined)
  })

  test('tells apart states whose parts look alike', () => {
    const initial = { left: '1', right: [2, '3'] as readonly (number | string)[] }
    const others = [
      { left: '1', right: ['2', '3'] },
      { left: '12', right: ['3'] },
      { left: '1', right: [2, 3] },
    ]
    const steps = (state: typeof initial): readonly Step<typeof initial>[] =>
      state === initial ? others.map((next) => ({ action: 'other', next })) : []
    const protocol = { initial, steps, invariants: {}, isSettled: () => true }
    assert.equal(explore(protocol, { statesMax }).states, 4)
  })

  test('fails where there are more states than the bound', () => {
    assert.throws(() => explore(counting(2000), { statesMax }), /more than 1000 states/)
  })
})
