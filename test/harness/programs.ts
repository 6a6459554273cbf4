// Programs of the machine that a test uses where they are there. Where everything is run (CI), a test that lacks one fails.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface ProgramResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const timeoutMs = 100_000

/** Runs it beside the test's own work. */
export async function runProgram(
  name: string,
  args: readonly string[],
  options: {
    readonly input?: string
    readonly env?: Readonly<Record<string, string>>
    /** `env` is all that the program sees of an environment. */
    readonly isIsolated?: boolean
  } = {},
): Promise<ProgramResult> {
  const child = spawn(name, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    env: options.isIsolated === true ? { ...options.env } : { ...process.env, ...options.env },
  })
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { status: child.exitCode, stdout, stderr }
}

/** The reason to skip a test, or false where the program is there. */
export function missing(name: string, args: readonly string[]): string | false {
  if (spawnSync(name, args, { timeout: timeoutMs }).status === 0 || process.env['CI'] !== undefined) return false
  return `${name} is not on this machine`
}
