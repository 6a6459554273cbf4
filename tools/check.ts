// `npm run check`: everything that can be said about the code without running it, all at once, in seconds.
// node tools/check.ts [STEP…] runs only the named steps. Each checker has fixtures that must fail, and tests that
// prove it (tools/**/*.test.ts), so that none can fall silent.

import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'

interface Step {
  readonly name: string
  readonly command: readonly string[]
  readonly remedy: string
}

interface Outcome {
  readonly step: Step
  readonly failed: boolean
  readonly output: string
  readonly seconds: number
}

const root = join(import.meta.dirname, '..')

const steps: readonly Step[] = [
  { name: 'format', command: ['oxfmt', '--check', '.'], remedy: 'npm run format' },
  {
    name: 'lint',
    command: ['oxlint', '--deny-warnings'],
    remedy: 'mend what is named above; rules and reasons: .oxlintrc.json, tools/lint/',
  },
  {
    name: 'types',
    command: ['tsc', '--pretty', 'false'],
    remedy: 'mend the types named above; settings: tsconfig.json',
  },
  {
    name: 'dead code',
    command: ['knip', '--no-progress', '--no-config-hints'],
    remedy: 'delete what nobody uses, or use it; a file that is an entry of its own goes into knip.ts',
  },
  { name: 'tidy', command: ['node', 'tools/tidy.ts'], remedy: 'each line above names its own' },
]

async function runStep(step: Step): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const started = performance.now()
  const [program = '', ...args] = step.command
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`
  const child = spawn(program, args, { cwd: root, env: { ...process.env, PATH: path } })
  let output = ''
  const collect = (text: Buffer): void => {
    output += text.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  child.on('error', (error) => {
    output += `${error.message}\n`
    resolve(true)
  })
  child.on('close', (code) => resolve(code !== 0))
  const failed = await promise
  return { step, failed, output, seconds: (performance.now() - started) / 1000 }
}

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
  const outcomes = await Promise.all(asked.map(runStep))
  for (const outcome of outcomes.toSorted((a, b) => Number(a.failed) - Number(b.failed))) print(outcome)
  return outcomes.some((outcome) => outcome.failed) ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
