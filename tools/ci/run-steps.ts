// Runs the steps of .ci/run one after the other, each with its time budget, and prints a summary. A step that fails,
// or does not end in time, fails the run; the rest run all the same. Nothing that a step started outlives it.

import { spawn } from 'node:child_process'

export interface CiStep {
  readonly name: string
  readonly args: readonly string[]
  readonly budgetMinutes: number
}

interface CiOutcome {
  readonly step: CiStep
  readonly verdict: 'ok' | 'failed' | 'out of time'
  readonly seconds: number
}

/** What a step's processes get for ending, between the polite signal and the other one. */
const graceMs = 10_000

/** Resolves when every step has ended: true where all of them passed. */
export async function runSteps(steps: readonly CiStep[], folder: string): Promise<boolean> {
  const outcomes: CiOutcome[] = []
  for (const step of steps) outcomes.push(await runStep(step, folder))
  printSummary(outcomes)
  return outcomes.every(({ verdict }) => verdict === 'ok')
}

/** The step gets a process group of its own, which is ended with it. */
async function runStep(step: CiStep, folder: string): Promise<CiOutcome> {
  process.stdout.write(`\n=== ${step.name}: at most ${step.budgetMinutes} minutes\n\n`)
  const started = performance.now()
  const { promise, resolve } = Promise.withResolvers<number | null>()
  const child = spawn(process.execPath, step.args, { cwd: folder, stdio: 'inherit', detached: true })
  const signalGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      // Nobody is left in the group.
    }
  }
  let isLate = false
  const deadline = setTimeout(() => {
    isLate = true
    signalGroup('SIGTERM')
    setTimeout(() => signalGroup('SIGKILL'), graceMs).unref()
  }, step.budgetMinutes * 60_000)
  const interrupt = (): void => {
    signalGroup('SIGKILL')
    process.exit(130)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  child.on('error', () => resolve(null))
  child.on('close', resolve)
  const code = await promise
  clearTimeout(deadline)
  process.off('SIGINT', interrupt)
  process.off('SIGTERM', interrupt)
  signalGroup('SIGKILL')
  const verdict = isLate ? 'out of time' : code === 0 ? 'ok' : 'failed'
  return { step, verdict, seconds: (performance.now() - started) / 1000 }
}

function printSummary(outcomes: readonly CiOutcome[]): void {
  process.stdout.write('\n=== summary\n\n')
  for (const { step, verdict, seconds } of outcomes) {
    const budget = `${seconds.toFixed(0).padStart(5)} s of ${String(step.budgetMinutes * 60).padStart(4)} s`
    process.stdout.write(`${step.name.padEnd(14)} ${budget}  ${verdict}\n`)
  }
  const failed = outcomes.filter(({ verdict }) => verdict !== 'ok')
  const names = failed.map(({ step }) => step.name).join(', ')
  process.stdout.write(failed.length === 0 ? '\nall steps passed\n' : `\n${failed.length} failed: ${names}\n`)
}
