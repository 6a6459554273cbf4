// perf(1) over all processes of the cluster while a row runs: the only view that shows the kernel's share. Needs the
// right to sample (root, or a low kernel.perf_event_paranoid), and processes started with `perfNodeOptions`.

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

import type { ServerProcess } from '../../src/cli/bench/process-usage.ts'
import { addUpSamples, readPerfScript, sharesText } from './perf-stacks.ts'

/** Names for compiled and interpreted functions; frame pointers through both. */
export const perfNodeOptions = '--perf-basic-prof --interpreted-frames-native-stack'
const samplesPerSecond = '299'
const outputBytesMax = 1 << 30

export class PerfRecording {
  readonly #path: string
  readonly reports: { readonly row: string; readonly text: string }[] = []
  #child: ChildProcess | undefined
  #roles: ReadonlyMap<number, string> = new Map()

  /** `path`: where the recording lies for a while. */
  constructor(path: string) {
    this.#path = path
  }

  start(processes: readonly ServerProcess[]): void {
    this.#roles = new Map(processes.map(({ pid, role }) => [pid, role]))
    const pids = [...this.#roles.keys()].join(',')
    const args = ['record', '-q', '-F', samplesPerSecond, '-g', '-e', 'cpu-clock', '-o', this.#path, '-p', pids]
    this.#child = spawn('perf', args, { stdio: 'ignore' })
    this.#child.on('error', () => undefined) // no perf: the report will be empty
  }

  async stop(row: string): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
    })
    child.kill('SIGINT')
    await ended
    const args = ['script', '-i', this.#path, '-F', 'pid,tid,comm,ip,sym,dso']
    const { stdout } = spawnSync('perf', args, { encoding: 'utf8', maxBuffer: outputBytesMax })
    const shares = addUpSamples(readPerfScript(stdout ?? ''), (pid) => this.#roles.get(pid) ?? 'other')
    this.reports.push({ row, text: sharesText(shares, 40) })
  }
}
