// The steps of `npm run check`, and how one is run. A program that cannot be started counts as failed.

import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'

export interface Step {
  readonly name: string
  /** Looked up in node_modules/.bin first. */
  readonly command: readonly string[]
  /** Printed where the step fails. */
  readonly remedy: string
}

export interface Outcome {
  readonly step: Step
  readonly failed: boolean
  readonly output: string
  readonly seconds: number
}

export const steps: readonly Step[] = [
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
  {
    name: 'wasm',
    command: ['node', 'tools/build-wasm.ts', '--check'],
    remedy: 'npm run build:wasm, and commit source and module together',
  },
  { name: 'tidy', command: ['node', 'tools/tidy.ts'], remedy: 'each line above names its own' },
]

/** `root` holds node_modules, `folder` is where the command runs. */
export async function runStep(step: Step, root: string, folder = root): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const started = performance.now()
  const [program = '', ...args] = step.command
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, PATH: path } })
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
