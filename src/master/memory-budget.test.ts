import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../base/errors.ts'
import { ErasureCoder } from '../codec/erasure-coder.ts'
import { MemoryBudget } from './memory-budget.ts'

const page = 4096

function budgetOf(): { readonly budget: MemoryBudget; readonly all: number } {
  const coder = new ErasureCoder({ memoryBytes: 64 * 1024 - 16 * 1024 })
  return { budget: new MemoryBudget(coder, { waitersMax: 3 }), all: coder.capacityBytes }
}

describe('the memory budget', () => {
  test('grants at once while there is room, and counts', async () => {
    const { budget, all } = budgetOf()
    const grant = await budget.acquire(all, 1)
    assert.equal(budget.usedBytes, all)
    assert.equal(budget.isScarce, true)
    grant.release()
    assert.equal(budget.usedBytes, 0)
    assert.equal(budget.isScarce, false)
  })

  test('serves the oldest first, and nobody overtakes it', async () => {
    const { budget, all } = budgetOf()
    const held = await budget.acquire(all, 0)
    const order: string[] = []
    const young = Promise.resolve(budget.acquire(page, 9)).then((grant) => (order.push('young'), grant))
    const old = Promise.resolve(budget.acquire(all, 3)).then((grant) => (order.push('old'), grant))
    assert.equal(budget.tryAcquire(page), undefined)
    held.release()
    ;(await old).release()
    ;(await young).release()
    assert.deepEqual(order, ['old', 'young'])
  })

  test('refuses where too many wait, and lets the aborted go', async () => {
    const { budget, all } = budgetOf()
    const held = await budget.acquire(all, 0)
    const controller = new AbortController()
    const waiting = [1, 2, 3].map((age) => Promise.resolve(budget.acquire(page, age, controller.signal)))
    assert.throws(
      () => budget.acquire(page, 4),
      (error) => errorCode(error) === 'overloaded',
    )
    controller.abort(new Error('given up'))
    for (const outcome of await Promise.allSettled(waiting)) assert.equal(outcome.status, 'rejected')
    assert.equal(budget.waiting, 0)
    held.release()
    assert.equal(budget.usedBytes, 0)
  })
})
