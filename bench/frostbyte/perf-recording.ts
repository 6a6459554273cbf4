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
    const views = [
      { sort: 'pid', limit: 1 },
      { sort: 'comm,dso', limit: 1 },
      { sort: 'comm,dso,sym', limit: 0.4 },
    ]
    const text = views.map(({ sort, limit }) => this.#report(sort, limit)).join('\n\n')
    this.reports.push({ row, text })
  }

  #report(sort: string, percentMin: number): string {
    const args = ['report', '-i', this.#path, '--no-children', '-g', 'none', '--stdio']
    const { stdout } = spawnSync('perf', [...args, '--percent-limit', String(percentMin), '--sort', sort], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    const lines = (stdout ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return lines.slice(0, 70).join('\n')
  }
}
