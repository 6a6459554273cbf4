// The steps of .ci/run: the check, then every suite.  node tools/ci.ts [STEP…] runs only these.

import { join } from 'node:path'

import { runSteps } from './ci/run-steps.ts'
import type { CiStep } from './ci/run-steps.ts'
import { checkBudgetMinutes, findSuite, suiteNames } from './suites.ts'

const root = join(import.meta.dirname, '..')

function listSteps(): readonly CiStep[] {
  const suites = suiteNames().map((name) => ({
    name,
    args: ['tools/test.ts', name],
    budgetMinutes: findSuite(name)?.budgetMinutes ?? 0,
  }))
  return [{ name: 'check', args: ['tools/check.ts'], budgetMinutes: checkBudgetMinutes }, ...suites]
}

async function main(names: readonly string[]): Promise<number> {
  const steps = listSteps()
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    process.stderr.write(`no such step: ${unknown.join(', ')}; steps: ${steps.map((step) => step.name).join(', ')}\n`)
    return 2
  }
  const asked = steps.filter((step) => names.length === 0 || names.includes(step.name))
  return (await runSteps(asked, root)) ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
