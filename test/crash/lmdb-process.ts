// Starts lmdb-child.ts, plain or below strace, and talks with it.

import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('lmdb-child.ts', import.meta.url))

export class LmdbProcess {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #exited: Promise<unknown>
  readonly #lines: string[] = []
  #rest = ''
  #wake = Promise.withResolvers<undefined>()

  /** `below`: a command that runs the child, such as strace with its options. */
  constructor(file: string, below: readonly string[] = []) {
    const [command, ...options] = [...below, process.execPath, child, file]
    this.#process = spawn(command, options)
    this.#exited = once(this.#process, 'exit').then(() => this.#wake.resolve(undefined))
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop() ?? ''
      this.#lines.push(...lines)
      this.#wake.resolve(undefined)
      this.#wake = Promise.withResolvers()
    })
    this.#process.stderr.resume()
    this.#process.stdin.on('error', () => undefined)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Lines said and not yet taken by `hear`. */
  get heard(): readonly string[] {
    return this.#lines
  }

  say(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  /** The next line; `undefined` once the process has ended and said all. */
  async hear(): Promise<string | undefined> {
    for (;;) {
      const line = this.#lines.shift()
      if (line !== undefined) return line
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) return undefined
      await this.#wake.promise
    }
  }

  async ask(line: string): Promise<string | undefined> {
    this.say(line)
    return await this.hear()
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  async end(): Promise<void> {
    this.#process.stdin.end()
    await this.#exited
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }
}
