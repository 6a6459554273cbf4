// `frostbyte up` as a child process, with a look at its own children.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { parseChildMessage } from '../../src/node/child-messages.ts'
import { freePort, freePorts, untilOk } from './real-cluster.ts'

const workersByDefault = 5
const launcher = fileURLToPath(new URL('../../bin/frostbyte.js', import.meta.url))

export interface RealUpOptions {
  readonly processes: number
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Data of an earlier start, which `stop` has ended; taken over. Default: a new folder. */
  readonly directory?: string
  /** Files for `--tls-cert` and `--tls-key`: the faces then speak TLS. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

export class RealUp {
  readonly directory: string
  readonly url: string
  /** Of the master; those of the workers follow. */
  readonly observePort: number
  readonly #child: ChildProcess

  private constructor(
    directory: string,
    place: { readonly url: string; readonly observePort: number },
    child: ChildProcess,
  ) {
    this.directory = directory
    this.url = place.url
    this.observePort = place.observePort
    this.#child = child
  }

  static async start(options: RealUpOptions): Promise<RealUp> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'frostbyte-up-')))
    const restPort = await freePort()
    const observePort = await freePorts(workersByDefault + 1)
    const ports = [
      '--rest-port',
      String(restPort),
      '--s3-port',
      'off',
      '--internal-port',
      String(await freePort()),
      '--first-worker-port',
      '0',
      '--observe-port',
      String(observePort),
    ]
    const args = [
      'up',
      '--data',
      directory,
      ...ports,
      '--processes',
      String(options.processes),
      '--log-level',
      'error',
      ...(options.certificate === undefined
        ? []
        : ['--tls-cert', options.certificate.cert, '--tls-key', options.certificate.key]),
      ...(options.args ?? []),
    ]
    const child = spawn(process.execPath, [launcher, ...args], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...options.env },
    })
    const url = `${options.certificate === undefined ? 'http' : 'https'}://127.0.0.1:${restPort}`
    const up = new RealUp(directory, { url, observePort }, child)
    try {
      await new Promise<void>((resolve, reject) => {
        child.on('message', (raw) => {
          if (parseChildMessage(raw)?.kind === 'ready') resolve()
        })
        child.once('exit', (code, signal) => reject(new Error(`up ended (${signal ?? code})`)))
      })
      await untilOk(`${options.certificate === undefined ? up.url : `http://127.0.0.1:${observePort}`}/readyz`)
      return up
    } catch (error) {
      await up.remove()
      throw error
    }
  }

  /** The process below `up` whose command line the test looks for. */
  async pidOf(isIt: (args: readonly string[]) => boolean): Promise<number> {
    const [pid] = await this.pidsOf(isIt)
    if (pid === undefined) throw new Error('no such process')
    return pid
  }

  /** All of them. */
  async pidsOf(isIt: (args: readonly string[]) => boolean): Promise<readonly number[]> {
    const pid = this.#child.pid ?? 0
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    const pids: number[] = []
    for (const child of children.trim().split(' ').map(Number)) {
      const args = (await readFile(`/proc/${child}/cmdline`, 'utf8')).split('\0')
      if (isIt(args)) pids.push(child)
    }
    return pids
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }
}
