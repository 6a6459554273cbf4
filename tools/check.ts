// `npm run check`: everything that can be said about the code without running it, all at once, in seconds.
// node tools/check.ts [STEP…] runs only the named steps. Each checker has fixtures that must fail, and tests that
// prove it (tools/**/*.test.ts), so that none can fall silent.

import { join } from 'node:path'

import { runStep, steps } from './check/steps.ts'
import type { Outcome } from './check/steps.ts'

const root = join(import.meta.dirname, '..')

function print(outcome: Outcome): void {
  const { step, failed, output, seconds } = outcome
  if (failed) process.stdout.write(`\n${output.trim()}\n`)
  const verdict = failed ? `FAILED. Remedy: ${step.remedy}` : 'ok'
  process.stdout.write(`${step.name.padEnd(10)} ${seconds.toFixed(1).padStart(5)} s  ${verdict}\n`)
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    process.stderr.write(`no such step: ${unknown.join(', ')}; steps: ${steps.map((step) => step.name).join(', ')}\n`)
    return 2
  }
  const asked = steps.filter((step) => names.length === 0 || names.includes(step.name))
  const outcomes = await Promise.all(asked.map((step) => runStep(step, root)))
  for (const outcome of outcomes.toSorted((a, b) => Number(a.failed) - Number(b.failed))) print(outcome)
  return outcomes.some((outcome) => outcome.failed) ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
