// One line on stderr that says what runs and how fast; nothing where stderr is no terminal.

import type { Progress } from './job.ts'
import { bytesLabel, number } from './table.ts'
import { rowId } from './row.ts'
import type { Row } from './row.ts'

export class ProgressLine {
  readonly #isShown = process.stderr.isTTY
  #label = ''
  #startMs = 0

  readonly onProgress = (label: string, row: Row, progress: Progress): void => {
    const full = `${label} ${rowId(row)}`
    if (full !== this.#label) {
      this.#label = full
      this.#startMs = performance.now()
    }
    const seconds = Math.max(0.001, (performance.now() - this.#startMs) / 1000)
    const rate = `${number(progress.operations / seconds)} ops/s, ${bytesLabel(progress.bytes / seconds)}/s`
    this.show(`${full}: ${number(seconds)} of ${row.secondsMax} s, ${number(progress.operations)} done, ${rate}`)
  }

  show(text: string): void {
    if (this.#isShown) process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`)
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K')
  }
}
