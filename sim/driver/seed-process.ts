// A process of the pool: runs one seed after the other, as its parent sends them.

import { findPlant } from '../plants/plants.ts'
import { runSeed } from './run-seed.ts'
import type { SeedAnswer, SeedTask } from './seed-task.ts'

async function answer(task: SeedTask): Promise<void> {
  const before = process.cpuUsage()
  const plant = task.plant === undefined ? {} : { plant: findPlant(task.plant) }
  const { defects, hash, events, virtualMs, counts } = await runSeed(task.seed, plant)
  const used = process.cpuUsage(before)
  const cpuMs = (used.user + used.system) / 1000
  const made: SeedAnswer = { task, defects, hash, events, virtualMs, cpuMs, counts: [...counts] }
  process.send?.(made)
}

process.on('message', (task: SeedTask) => {
  answer(task).catch((error: unknown) => {
    throw error
  })
})
process.on('disconnect', () => process.exit(0))
