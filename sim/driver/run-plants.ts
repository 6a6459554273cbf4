// Proves that the simulator can fail: each planted fault with the seed that is known to catch it. A plant that is not caught any more
// needs another seed (`npm run sim -- --seeds 300 --plant NAME` finds one), or a checker has gone blind.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { runSeed } from './run-seed.ts'
import { findPlant, plantNames } from '../plants/plants.ts'

interface CaughtPlant {
  readonly plant: string
  readonly seed: number
  /** What the checker says of it: a part of the text. */
  readonly caughtBy: string
}

export async function readPlants(): Promise<readonly CaughtPlant[]> {
  const read: unknown = JSON.parse(await readFile(join(import.meta.dirname, '../plants.json'), 'utf8'))
  if (!Array.isArray(read) || !read.every(isCaughtPlant)) throw new Error('sim/plants.json is malformed')
  return read
}

/** The first defect of that seed with that fault; `undefined`: not caught. */
export async function catchPlant({ plant, seed }: CaughtPlant): Promise<string | undefined> {
  const { defects } = await runSeed(seed, { plant: findPlant(plant) })
  return defects[0]
}

/** Whether each was caught. */
export async function runPlants(): Promise<boolean> {
  const known = await readPlants()
  let all = true
  for (const name of plantNames) {
    const entry = known.find(({ plant }) => plant === name)
    const caught = entry === undefined ? undefined : await catchPlant(entry)
    all &&= caught !== undefined
    process.stdout.write(`${name}: ${caught === undefined ? 'NOT CAUGHT' : `caught, ${caught.split('\n')[0] ?? ''}`}\n`)
  }
  return all
}

function isCaughtPlant(value: unknown): value is CaughtPlant {
  if (typeof value !== 'object' || value === null) return false
  return 'plant' in value && typeof value.plant === 'string' && 'seed' in value && typeof value.seed === 'number'
}
