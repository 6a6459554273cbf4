// `npm start` as a person has it in a terminal: a foreground process group that Ctrl-C reaches as a whole.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { defined } from '../../src/base/assert.ts'
import { eventually } from './eventually.ts'
import { freePort } from './real-cluster.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const startMaxMs = 30_000
const stopMaxMs = 20_000

export class NpmStart {
  readonly directory: string
  readonly url: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  private constructor(directory: string, url: string, child: ChildProcess) {
    this.directory = directory
    this.url = url
    this.#child = child
    this.#exited = once(child, 'exit')
  }

  /** Resolves when the address was printed. */
  static async start(directory: string): Promise<NpmStart> {
    const ports = [
      '--rest-port',
      String(await freePort()),
      '--internal-port',
      String(await freePort()),
      '--s3-port',
      '0',
    ]
    const args = [
      'start',
      '--',
      '--data',
      directory,
      ...ports,
      '--first-worker-port',
      '0',
      '--observe-port',
      '0',
      '--log-level',
      'warn',
    ]
    const child = spawn('npm', args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed = (printed + text).slice(-20_000)
      })
    }
    try {
      const url = await eventually('the address of the started cluster', startMaxMs, () => {
        if (child.exitCode !== null) throw new Error(`npm start ended: ${printed}`)
        return /^FrostByte is ready: (http:\S+)$/m.exec(printed)?.[1]
      })
      return new NpmStart(directory, url, child)
    } catch (error) {
      signalGroup(child, 'SIGKILL')
      await endLeftovers(directory)
      throw error
    }
  }

  /** Ctrl-C; resolves when npm and every process of the cluster have ended, and rejects where one has not. */
  async interrupt(): Promise<void> {
    signalGroup(this.#child, 'SIGINT')
    await this.#exited
    await eventually('the end of all processes', stopMaxMs, async () => {
      const left = await processesOf(this.directory)
      if (left.length > 0) throw new Error(`processes ${left.join(', ')} are left`)
      return true
    })
  }

  async remove(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) signalGroup(this.#child, 'SIGKILL')
    await endLeftovers(this.directory)
  }
}

/** The processes of the cluster in the directory: `up`, the master and the workers all name it. */
export async function processesOf(directory: string): Promise<readonly number[]> {
  const pids: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const args = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    if (args.split('\0').some((arg) => arg === directory || arg.startsWith(`${directory}/`))) pids.push(Number(entry))
  }
  return pids
}

async function endLeftovers(directory: string): Promise<void> {
  for (const pid of await processesOf(directory)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  process.kill(-defined(child.pid, 'npm runs'), signal)
}
