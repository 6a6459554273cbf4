// Starts a server as a child process and waits until it answers; ends it again.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ChildServerOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly port: number
  readonly startTimeoutMs?: number
}

export class ChildServer {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #output: string[] = []

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child
    this.pid = pid
    process.once('exit', this.#onExit)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output.push(text.toString())
        if (this.#output.length > 200) this.#output.shift()
      })
    }
  }

  static async start(options: ChildServerOptions): Promise<ChildServer> {
    const { command, args, env = process.env, port, startTimeoutMs = 20_000 } = options
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    child.on('error', () => undefined) // no pid then: told below
    if (child.pid === undefined) throw new Error(`${command} does not start`)
    const server = new ChildServer(child, child.pid)
    const endMs = performance.now() + startTimeoutMs
    while (!(await answers(port))) {
      if (child.exitCode !== null || performance.now() > endMs) {
        const output = server.output
        await server.stop()
        throw new Error(`${command} ${args.join(' ')} does not answer on port ${port}; it said:\n${output}`)
      }
      await sleep(50)
    }
    return server
  }

  /** Where the bench program ends early, whatever the reason, its servers end with it. */
  readonly #onExit = (): void => {
    this.#child.kill('SIGTERM')
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output.join('')
  }

  async stop(timeoutMs = 20_000): Promise<void> {
    process.off('exit', this.#onExit)
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => {
      this.#child.once('exit', () => resolve())
    })
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    await ended
    clearTimeout(timer)
  }
}

async function answers(port: number): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
