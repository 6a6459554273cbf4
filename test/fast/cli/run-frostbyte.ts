// Starts the command line as a child process, as a shell would, and collects what it says.

import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('./entry.ts', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface StartOptions {
  readonly directory: string
  readonly url?: string
  readonly variables?: Readonly<Record<string, string>>
  readonly input?: Uint8Array | string
}

export type Child = ChildProcessByStdio<Writable, Readable, Readable>

export function startFrostbyte(args: readonly string[], options: StartOptions): Child {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FROSTBYTE_')))
  const url = options.url === undefined ? {} : { FROSTBYTE_URL: options.url }
  const env = { ...inherited, ...url, ...options.variables }
  return spawn(process.execPath, [entry, ...args], { cwd: options.directory, env, stdio: ['pipe', 'pipe', 'pipe'] })
}

export async function runFrostbyte(args: readonly string[], options: StartOptions): Promise<Ended> {
  const child = startFrostbyte(args, options)
  child.stdin.on('error', () => undefined) // It may end without reading.
  child.stdin.end(options.input ?? '')
  return ended(child)
}

export async function ended(child: Child): Promise<Ended> {
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  const code = await promise
  return { code, stdout: Buffer.concat(stdout), stderr }
}

export async function makeDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  return mkdtempDisposable(join(tmpdir(), 'frostbyte-cli-'))
}
