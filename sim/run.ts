// The simulator's command:  npm run sim -- OPTION…
//
//   --seed N        one seed, told in words; --trace prints every event, --log what the nodes logged
//   --seeds COUNT   so many, from --from N or from a random start, on --processes P (default: one a core)
//   --regressions   the seeds of sim/regressions.json
//   --plants        every planted fault with the seed that catches it (sim/plants.json), each of which must fail
//   --plant NAME    with this fault planted
//   --twice         each seed twice, and both must leave one hash
//
// A seed that fails is printed as one line that repeats it. The exit code is 0 where all passed, 1 where one failed, 2 for a wrong call.

import { parseArgs } from 'node:util'
import { availableParallelism } from 'node:os'

import { runPlants } from './driver/run-plants.ts'
import { findPlant } from './plants/plants.ts'
import { readRegressions } from './driver/regressions.ts'
import { byName, runSeeds } from './driver/run-seeds.ts'
import type { SeedTask } from './driver/seed-task.ts'
import { runSeed } from './driver/run-seed.ts'

const seedMax = 0xffff_ffff

function parse(args: readonly string[]): ReturnType<typeof parseOptions> | undefined {
  try {
    return parseOptions(args)
  } catch (error) {
    process.stderr.write(`${String(error)}\n`)
    return undefined
  }
}

function parseOptions(args: readonly string[]): {
  readonly seed: number | undefined
  readonly seeds: number | undefined
  readonly from: number
  readonly processes: number
  readonly plant: string | undefined
  readonly isTwice: boolean
  readonly isTraced: boolean
  readonly isLogged: boolean
  readonly isRegressions: boolean
  readonly isPlants: boolean
} {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      from: { type: 'string' },
      processes: { type: 'string' },
      plant: { type: 'string' },
      twice: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      log: { type: 'boolean', default: false },
      regressions: { type: 'boolean', default: false },
      plants: { type: 'boolean', default: false },
    },
  })
  return {
    seed: toNumber(values.seed, 'seed'),
    seeds: toNumber(values.seeds, 'seeds'),
    from: toNumber(values.from, 'from') ?? Math.floor(Math.random() * seedMax),
    processes: toNumber(values.processes, 'processes') ?? availableParallelism(),
    plant: values.plant,
    isTwice: values.twice,
    isTraced: values.trace,
    isLogged: values.log,
    isRegressions: values.regressions,
    isPlants: values.plants,
  }
}

function toNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > seedMax)
    throw new Error(`--${name} takes a number up to ${seedMax}`)
  return value
}

async function runOne(options: ReturnType<typeof parseOptions>, seed: number): Promise<boolean> {
  const plant = options.plant === undefined ? {} : { plant: findPlant(options.plant) }
  const say = (text: string): void => {
    process.stdout.write(`${text}\n`)
  }
  const result = await runSeed(seed, {
    ...plant,
    tell: say,
    ...(options.isLogged ? { tellLog: say } : {}),
    ...(options.isTraced ? { onEvent: ({ kind, node, atMs }) => say(`${atMs.toFixed(3)} ${node} ${kind}`) } : {}),
  })
  for (const [name, count] of [...result.counts].toSorted(byName)) say(`  ${name}: ${count}`)
  for (const defect of result.defects) say(`DEFECT ${defect}`)
  say(
    `seed ${seed}: ${result.events} events, ${Math.round(result.virtualMs / 1000)} s of virtual time, trace ${result.hash}`,
  )
  return result.defects.length === 0
}

async function main(): Promise<number> {
  const options = parse(process.argv.slice(2))
  if (options === undefined) return 2
  const { seed, seeds, from, processes, plant, isTwice } = options
  if (options.isPlants) return (await runPlants()) ? 0 : 1
  if (seed !== undefined && !isTwice) return (await runOne(options, seed)) ? 0 : 1
  const planted = plant === undefined ? {} : { plant }
  const fresh = seed === undefined ? Array.from({ length: seeds ?? 0 }, (_, index) => (from + index) % seedMax) : [seed]
  const tasks: SeedTask[] = [
    ...(options.isRegressions ? await readRegressions() : []),
    ...fresh.map((each) => ({ seed: each, ...planted })),
  ]
  if (tasks.length === 0) {
    process.stderr.write(
      'usage: npm run sim -- --seeds COUNT [--from N] | --seed N [--trace] | --regressions | --plants\n',
    )
    return 2
  }
  return (await runSeeds(tasks, { processes, isTwice })) ? 0 : 1
}

process.exitCode = await main()
