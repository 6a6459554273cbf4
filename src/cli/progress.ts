// Progress of transfers: one line on a terminal, redrawn in place, from the second second on. Nothing at all where the output is no
// terminal, so that logs and pipes stay clean. The rate is that of the last seconds, so it follows what happens; the time left
// follows from it.

import type { CliEnvironment } from './environment.ts'
import { describeBytes, describeTimeLeft } from './figures.ts'
import { escapeText, fitText, textWidth } from './terminal-text.ts'

const quietMs = 1000
const redrawMs = 200
const windowMs = 5000

interface Sample {
  readonly atMs: number
  readonly bytes: number
}

/** Bytes per second over the last seconds. */
export class RateMeter {
  readonly #samples: Sample[] = []

  /** `bytes` is the sum so far; it falls where a transfer starts again. */
  record(sample: Sample): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && sample.bytes < last.bytes) this.#samples.length = 0
    this.#samples.push(sample)
    while (this.#samples.length > 2 && sample.atMs - (this.#samples[1]?.atMs ?? 0) >= windowMs) this.#samples.shift()
  }

  /** `undefined` until there is something to tell. */
  rate(nowMs: number): number | undefined {
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || nowMs - first.atMs < redrawMs) return undefined
    return ((last.bytes - first.bytes) * 1000) / (nowMs - first.atMs)
  }
}

export interface ProgressState {
  readonly label: string
  readonly transferredBytes: number
  readonly totalBytes: number | undefined
  readonly rate: number | undefined
}

/** The line, at most `columns` wide. */
export function renderProgress(state: ProgressState, columns: number): string {
  const { transferredBytes, totalBytes, rate } = state
  const fraction =
    totalBytes === undefined ? undefined : totalBytes === 0 ? 1 : Math.min(1, transferredBytes / totalBytes)
  const parts = [
    fraction === undefined ? '' : `${String(Math.floor(fraction * 100)).padStart(3)} %`,
    totalBytes === undefined
      ? describeBytes(transferredBytes)
      : `${describeBytes(transferredBytes)} of ${describeBytes(totalBytes)}`,
    rate === undefined ? '' : `${describeBytes(rate)}/s`,
    totalBytes === undefined || rate === undefined || rate <= 0
      ? ''
      : `${describeTimeLeft((totalBytes - transferredBytes) / rate)} left`,
  ]
  const figures = parts.filter((part) => part !== '').join('  ')
  const room = columns - 1 - textWidth(figures)
  const barCells = fraction === undefined || room < 40 ? 0 : Math.min(30, Math.floor((room - 10) / 2))
  const bar = barCells === 0 || fraction === undefined ? '' : `[${barOf(fraction, barCells - 2)}]  `
  const label = fitText(escapeText(state.label), Math.max(0, room - textWidth(bar) - 2))
  return fitText(`${label}${label === '' ? '' : '  '}${bar}${figures}`, Math.max(0, columns - 1))
}

function barOf(fraction: number, cells: number): string {
  const full = Math.floor(fraction * cells)
  const head = full < cells ? '>' : ''
  return '='.repeat(full) + head + ' '.repeat(cells - full - head.length)
}

/** The sum of several transfers, drawn as one line. */
export class ProgressDisplay {
  readonly #environment: CliEnvironment
  readonly #meter = new RateMeter()
  readonly #transferred = new Map<string, number>()
  #totalBytes: number | undefined
  readonly #startedMs: number
  #label: string
  #isDrawn = false
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(
    environment: CliEnvironment,
    options: { readonly label: string; readonly totalBytes: number | undefined },
  ) {
    this.#environment = environment
    this.#label = options.label
    this.#totalBytes = options.totalBytes
    this.#startedMs = environment.monotonicMs()
    if (environment.stderr.isTerminal) this.#timer = setInterval(() => this.#tick(), redrawMs).unref()
  }

  set label(label: string) {
    this.#label = label
  }

  /** What the transfer `name` has moved so far. */
  update(name: string, transferredBytes: number): void {
    this.#transferred.set(name, transferredBytes)
  }

  /** The same for one whose total is known only by now. */
  show(name: string, progress: { readonly transferredBytes: number; readonly totalBytes: number | undefined }): void {
    this.#totalBytes = progress.totalBytes
    this.update(name, progress.transferredBytes)
  }

  /** Takes the line away, so that something else can be printed; it comes back. */
  async clear(): Promise<void> {
    if (!this.#isDrawn) return
    this.#isDrawn = false
    await this.#environment.stderr.write('\r\u001b[K')
  }

  /** For good. Can be called twice. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.clear()
  }

  #tick(): void {
    const nowMs = this.#environment.monotonicMs()
    let transferredBytes = 0
    for (const bytes of this.#transferred.values()) transferredBytes += bytes
    this.#meter.record({ atMs: nowMs, bytes: transferredBytes })
    if (nowMs - this.#startedMs < quietMs) return
    const state = { label: this.#label, transferredBytes, totalBytes: this.#totalBytes, rate: this.#meter.rate(nowMs) }
    this.#isDrawn = true
    const { stderr } = this.#environment
    stderr.write(`\r${renderProgress(state, stderr.columns)}\u001b[K`).catch(() => {
      clearInterval(this.#timer)
    })
  }
}
