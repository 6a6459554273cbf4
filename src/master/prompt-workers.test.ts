import assert from 'node:assert/strict'
import { test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { defined } from '../base/assert.ts'
import { parseWorkerId } from '../base/ids.ts'
import { PromptWorkers } from './prompt-workers.ts'

test('a worker that is late is asked last for longer each time, until it answers', async () => {
  const time = new VirtualTime()
  const workers = new PromptWorkers(time.createClock())
  const worker = defined(parseWorkerId('a'.repeat(16)), 'worker')
  const other = defined(parseWorkerId('b'.repeat(16)), 'worker')
  for (const forMs of [1000, 2000, 4000, 8000, 8000]) {
    for (let reads = 0; reads < 10; reads++) workers.wasLate(worker)
    assert.ok(workers.isPrompt(other))
    await time.advance(forMs - 1)
    assert.ok(!workers.isPrompt(worker))
    // From a read that began before.
    workers.answered(worker)
    assert.ok(!workers.isPrompt(worker))
    await time.advance(1)
    assert.ok(workers.isPrompt(worker))
  }
  workers.answered(worker)
  workers.wasLate(worker)
  await time.advance(1000)
  assert.ok(workers.isPrompt(worker))
})
