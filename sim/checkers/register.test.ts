import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { Effect, Operation } from '../history.ts'
import { checkRegister } from './register.ts'

const unknown = Number.POSITIVE_INFINITY

function operation(invokedAt: number, returnedAt: number, effect: Effect): Operation {
  return { key: 'key', invokedAt, returnedAt, effect, text: '' }
}

function write(tag: string): Effect {
  return { kind: 'write', tag }
}

function read(seen: string | undefined): Effect {
  return { kind: 'read', seen }
}

describe('the history of a key', () => {
  test('is explained by the order of its answers', () => {
    const history = [
      operation(1, 2, read(undefined)),
      operation(3, 4, write('a')),
      operation(5, 6, read('a')),
      operation(7, 8, { kind: 'delete', isTold: true, found: 'a' }),
      operation(9, 10, read(undefined)),
    ]
    assert.equal(checkRegister(history), 'explained')
  })

  test('is impossible where a read sees what was overwritten before it began', () => {
    const history = [operation(1, 2, write('a')), operation(3, 4, write('b')), operation(5, 6, read('a'))]
    assert.equal(checkRegister(history), 'impossible')
  })

  test('is impossible where a read that began after another one ended sees something older', () => {
    const history = [
      operation(1, 2, write('a')),
      operation(3, 10, write('b')),
      operation(4, 5, read('b')),
      operation(6, 7, read('a')),
    ]
    assert.equal(checkRegister(history), 'impossible')
  })

  test('may order what overlaps either way', () => {
    const history = [operation(1, 10, write('a')), operation(2, 9, write('b')), operation(11, 12, read('a'))]
    assert.equal(checkRegister(history), 'explained')
  })

  test('lets a write without an answer take effect late, once, or never', () => {
    const lost = operation(1, unknown, write('a'))
    const other = operation(2, 3, write('b'))
    assert.equal(checkRegister([lost, other, operation(4, 5, read('b')), operation(6, 7, read('a'))]), 'explained')
    assert.equal(checkRegister([lost, other, operation(4, 5, read('b'))]), 'explained')
    const backAndForth = [lost, operation(4, 5, read('a')), operation(6, 7, write('c')), operation(8, 9, read('a'))]
    assert.equal(checkRegister(backAndForth), 'impossible')
  })

  test('lets one of two conditional writers win', () => {
    const condition = { kind: 'if-absent' } as const
    const racers = [
      operation(1, 5, { kind: 'write', tag: 'a', condition }),
      operation(2, 6, { kind: 'write', tag: 'b', condition }),
    ]
    assert.equal(checkRegister(racers), 'impossible')
    const [first] = racers
    assert.ok(first !== undefined)
    assert.equal(checkRegister([first, operation(2, 6, { kind: 'refusal', condition })]), 'explained')
    assert.equal(checkRegister([operation(1, 2, { kind: 'refusal', condition })]), 'impossible')
  })

  test('is impossible where an acknowledged write is gone', () => {
    assert.equal(checkRegister([operation(1, 2, write('a')), operation(3, 4, read(undefined))]), 'impossible')
  })
})
