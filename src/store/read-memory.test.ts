import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { ReadMemory, type Loan } from './read-memory.ts'

const page = 4096

describe('Memory on loan to reads', () => {
  test('is given, used and given back', async () => {
    const memory = new ReadMemory(new Uint8Array(4 * page))
    const loans = await Promise.all([1, page, page + 1].map((bytes) => memory.borrow(bytes)))
    assert.deepEqual(
      loans.map(({ bytes }) => bytes.length),
      [1, page, page + 1],
    )
    assert.equal(memory.usedBytes, 4 * page)
    for (const loan of loans) loan.release()
    assert.equal(memory.usedBytes, 0)
    assert.throws(() => loans[0]?.release(), /given back once/)
  })

  test('who waits is served in order, also the one who wants much', async () => {
    const memory = new ReadMemory(new Uint8Array(4 * page))
    const first = await memory.borrow(2 * page)
    const second = await memory.borrow(2 * page)
    const served: string[] = []
    const borrow = async (name: string, bytes: number): Promise<Loan> => {
      const loan = await memory.borrow(bytes)
      served.push(name)
      return loan
    }
    const large = borrow('large', 4 * page)
    const small = borrow('small', page)
    first.release()
    await Promise.resolve()
    assert.deepEqual(served, [], 'the small one does not overtake')
    second.release()
    ;(await large).release()
    ;(await small).release()
    assert.deepEqual(served, ['large', 'small'])
  })

  test('a wait can be given up, and the next one is served', async () => {
    const memory = new ReadMemory(new Uint8Array(2 * page))
    const held = await memory.borrow(page)
    const stop = new AbortController()
    const tooMuch = memory.borrow(2 * page, stop.signal)
    const next = memory.borrow(page)
    stop.abort(new Error('given up'))
    await assert.rejects(tooMuch, /given up/)
    ;(await next).release()
    held.release()
    await assert.rejects(memory.borrow(page, stop.signal), /given up/)
    assert.equal(memory.usedBytes, 0)
  })

  test('who comes when too many wait is refused', async () => {
    const memory = new ReadMemory(new Uint8Array(page))
    const held = await memory.borrow(page)
    const waiting = Array.from({ length: 1024 }, () => memory.borrow(page).then((loan) => loan.release()))
    await assert.rejects(memory.borrow(page), { code: 'overloaded' })
    held.release()
    await Promise.all(waiting)
  })
})
