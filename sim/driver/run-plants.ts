// Proves that the simulator can fail: each planted fault with the seed that is known to catch it. Any change of the system changes what
// a seed does, so the seeds after it are tried too, and the one that caught it is told. A plant that none catches has found a checker
// that has gone blind.

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

interface Catch {
  readonly seed: number
  readonly defect: string
}

export async function readPlants(): Promise<readonly CaughtPlant[]> {
  const read: unknown = JSON.parse(await readFile(join(import.meta.dirname, '../plants.json'), 'utf8'))
  if (!Array.isArray(read) || !read.every(isCaughtPlant)) throw new Error('sim/plants.json is malformed')
  return read
}

/** How many seeds may be tried until one catches a plant. */
const triesMax = 60

/** The first seed, from the known one on, that the fault makes fail as the entry says, and how; `undefined`: none does. */
export async function catchPlant({ plant, seed, caughtBy }: CaughtPlant): Promise<Catch | undefined> {
  const expected = new RegExp(caughtBy)
  for (let tried = seed; tried < seed + triesMax; tried++) {
    const { defects } = await runSeed(tried, { plant: findPlant(plant) })
    if (defects[0] !== undefined && expected.test(defects[0])) return { seed: tried, defect: defects[0] }
  }
  return undefined
}

/** Whether each was caught. */
export async function runPlants(): Promise<boolean> {
  const known = await readPlants()
  let all = true
  for (const name of plantNames) {
    const entry = known.find(({ plant }) => plant === name)
    const caught = entry === undefined ? undefined : await catchPlant(entry)
    all &&= caught !== undefined
    const said = caught === undefined ? 'NOT CAUGHT' : `caught by seed ${caught.seed}, ${firstLine(caught.defect)}`
    process.stdout.write(`${name}: ${said}\n`)
  }
  return all
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function isCaughtPlant(value: unknown): value is CaughtPlant {
  if (typeof value !== 'object' || value === null) return false
  const { plant, seed, caughtBy } = value as Partial<CaughtPlant>
  return typeof plant === 'string' && typeof seed === 'number' && typeof caughtBy === 'string'
}
