// One line on standard error that says what is going on: redrawn in place on a terminal. Elsewhere (a log) it is a line of its own, when
// it says something new, and not more often than every few seconds.

import type { CliEnvironment } from './environment.ts'
import { escapeText, fitText } from './terminal-text.ts'

const logEveryMs = 10_000

export class NoteLine {
  readonly #environment: CliEnvironment
  readonly #isTerminalOnly: boolean
  #shown = ''
  #loggedMs = -Infinity
  #isDrawn = false

  /** `terminalOnly`: where standard error is no terminal, nothing. */
  constructor(environment: CliEnvironment, options: { readonly terminalOnly?: boolean } = {}) {
    this.#environment = environment
    this.#isTerminalOnly = options.terminalOnly ?? false
  }

  async show(text: string): Promise<void> {
    if (text === this.#shown) return
    const { stderr } = this.#environment
    if (stderr.isTerminal) {
      this.#isDrawn = true
      await stderr.write(`\r${fitText(escapeText(text), stderr.columns - 1)}\u001b[K`)
    } else {
      const nowMs = this.#environment.monotonicMs()
      if (this.#isTerminalOnly || nowMs - this.#loggedMs < logEveryMs) return
      this.#loggedMs = nowMs
      await stderr.write(`${escapeText(text)}\n`)
    }
    this.#shown = text
  }

  /** Takes the line away, so that something else can be printed. Can be called twice. */
  async clear(): Promise<void> {
    this.#shown = ''
    if (!this.#isDrawn) return
    this.#isDrawn = false
    await this.#environment.stderr.write('\r\u001b[K')
  }
}
