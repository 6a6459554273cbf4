// perf(1) over all processes of the cluster while a row runs: the only view that shows the kernel's share. Needs the
// right to sample (root, or a low kernel.perf_event_paranoid).

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

export class PerfRecording {
  readonly #path: string
  readonly reports: { readonly row: string; readonly text: string }[] = []
  #child: ChildProcess | undefined

  constructor(path: string) {
    this.#path = path
  }

  start(pids: readonly number[]): void {
    const args = ['record', '-q', '-F', '499', '-g', '-e', 'cpu-clock', '-o', this.#path, '-p', pids.join(',')]
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
    const args = [
      'report',
      '-i',
      this.#path,
      '--no-children',
      '-g',
      'none',
      '--percent-limit',
      '0.4',
      '--sort',
      'comm,dso,sym',
      '--stdio',
    ]
    const { stdout } = spawnSync('perf', args, { encoding: 'utf8', maxBuffer: 1 << 26 })
    const text = (stdout ?? '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .slice(0, 70)
      .join('\n')
    this.reports.push({ row, text })
  }
}
