import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'

import { forbidRealWorld } from './forbid-real-world.ts'

const uses: readonly (readonly [name: string, use: () => unknown])[] = [
  ['now', () => Date.now()],
  ['new Date()', () => new Date()],
  ['now', () => performance.now()],
  ['random', () => Math.random()],
  ['setTimeout', () => setTimeout(() => undefined, 1)],
  ['setImmediate', () => setImmediate(() => undefined)],
  ['randomBytes', () => randomBytes(4)],
  ['getRandomValues', () => crypto.getRandomValues(new Uint8Array(4))],
  ['digest', () => crypto.subtle.digest('SHA-256', new Uint8Array(1))],
  ['timeout', () => AbortSignal.timeout(1)],
]

describe('the real world', () => {
  test('is forbidden while a seed runs, whatever way it is asked, and allowed again afterwards', () => {
    const told: string[] = []
    const failed: string[] = []
    const allow = forbidRealWorld((name) => told.push(name))
    try {
      for (const [name, use] of uses) {
        try {
          use()
        } catch {
          failed.push(name)
        }
      }
    } finally {
      allow()
    }
    const names = uses.map(([name]) => name)
    assert.deepEqual(failed, names)
    assert.deepEqual(told, names)
    assert.ok(Date.now() > 0 && new Date().getTime() > 0 && Math.random() < 1 && randomBytes(4).length === 4)
  })

  test('leaves calendar arithmetic alone', () => {
    const allow = forbidRealWorld(assert.fail)
    const text = new Date(0).toISOString()
    allow()
    assert.equal(text, '1970-01-01T00:00:00.000Z')
  })

  test('has no say in when a signal of several is aborted', () => {
    const real = Object.getOwnPropertyDescriptor(AbortSignal, 'any')
    const allow = forbidRealWorld(() => undefined)
    const [first, second] = [new AbortController(), new AbortController()]
    const either = AbortSignal.any([first.signal, second.signal])
    assert.equal(either.aborted, false)
    second.abort('second')
    first.abort('first')
    assert.equal(either.reason, 'second')
    assert.equal(AbortSignal.any([first.signal, second.signal]).reason, 'first')
    allow()
    assert.deepEqual(Object.getOwnPropertyDescriptor(AbortSignal, 'any'), real)
  })
})
