// The test suites: `unit` is what `npm test` runs; every other one is a folder test/<suite>/ with its own script
// `test:<suite>`, too long or too heavy for every change, and is run by .ci/run. A folder without a row here, or a
// row without a folder and a script, fails the tidy check.

import { globSync } from 'node:fs'

export interface Suite {
  /** Files are `*.test.ts` under these folders. */
  readonly folders: readonly string[]
  /** How many test files run at once. Two cores are what a CI machine has. */
  readonly concurrency: number
  /** A test, or a file that does not end by itself, is ended and failed after this time. */
  readonly timeoutMinutes: number
  /** .ci/run ends the suite after this time and counts it as failed. */
  readonly budgetMinutes: number
}

/** All budgets together, so that .ci/run ends below 102 minutes whatever happens; on two idle cores it takes some 35 minutes. */
export const budgetMinutesMax = 101

/** The budget of `npm run check`, which is no suite but takes its part of the time. */
export const checkBudgetMinutes = 1

function long(name: string, budgetMinutes: number): Suite {
  return { folders: [`test/${name}`], concurrency: 1, timeoutMinutes: budgetMinutes, budgetMinutes }
}

const named: Readonly<Record<string, Suite>> = {
  unit: {
    folders: ['src', 'tools', 'sim', 'bench', 'console', 'test/fast'],
    concurrency: 2,
    timeoutMinutes: 2,
    budgetMinutes: 6,
  },
  pack: long('pack', 2),
  crash: long('crash', 6),
  kill: long('kill', 15),
  healing: long('healing', 9),
  chaos: long('chaos', 4),
  mongodb: { ...long('mongodb', 9), concurrency: 2 },
  pairs: long('pairs', 2),
  processes: long('processes', 2),
  scenario: long('scenario', 6),
  durability: long('durability', 2),
  observe: long('observe', 2),
  containers: long('containers', 9),
  guide: long('guide', 2),
  compaction: long('compaction', 4),
  s3: { ...long('s3', 8), concurrency: 2 },
  sim: long('sim', 12),
}

export function findSuite(name: string): Suite | undefined {
  return Object.hasOwn(named, name) ? named[name] : undefined
}

export function suiteNames(): readonly string[] {
  return Object.keys(named)
}

/** The suite's files, sorted; `root` is the repository's folder. */
export function listTestFiles(suite: Suite, root: string): readonly string[] {
  const patterns = suite.folders.map((folder) => `${folder}/**/*.test.ts`)
  return globSync(patterns, { cwd: root, exclude: ['tools/fixtures/**', '**/node_modules/**'] }).toSorted()
}
