// Seeds that once failed, each with its story. They are run for ever, though a seed means the same only as long as the program draws
// the same: what a story is about also has a test of its own where it can.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { SeedTask } from './seed-task.ts'

interface Regression extends SeedTask {
  readonly story: string
}

export async function readRegressions(): Promise<readonly SeedTask[]> {
  const text = await readFile(join(import.meta.dirname, '../regressions.json'), 'utf8')
  const regressions: unknown = JSON.parse(text)
  if (!Array.isArray(regressions) || !regressions.every(isRegression))
    throw new Error('sim/regressions.json is malformed')
  return regressions.map(({ seed }) => ({ seed }))
}

function isRegression(value: unknown): value is Regression {
  if (typeof value !== 'object' || value === null) return false
  return 'seed' in value && typeof value.seed === 'number' && 'story' in value && typeof value.story === 'string'
}
