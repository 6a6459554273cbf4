// A world for the command line in tests: what it prints is collected, and nothing of the real process is touched.

import { tmpdir } from 'node:os'

import { OutputClosed } from '../environment.ts'
import type { CliEnvironment, InterruptSignal, Output } from '../environment.ts'

export interface FakeEnvironmentOptions {
  readonly url?: string
  readonly directory?: string
  readonly variables?: Readonly<Record<string, string>>
  readonly isTerminal?: boolean
  readonly stdin?: AsyncIterable<Uint8Array>
}

export class FakeEnvironment implements CliEnvironment {
  readonly variables: Readonly<Record<string, string>>
  readonly directory: string
  readonly stdout: FakeOutput
  readonly stderr: FakeOutput
  readonly exits: number[] = []
  nowMs = 0
  /** How often the command has slept; `onSleep` sees the count before each. */
  sleeps = 0
  onSleep: (sleeps: number) => void = () => undefined
  readonly #stdin: AsyncIterable<Uint8Array> | undefined
  #listener: ((signal: InterruptSignal) => void) | undefined

  constructor(options: FakeEnvironmentOptions = {}) {
    const url = options.url === undefined ? {} : { FROSTBYTE_URL: options.url }
    this.variables = { FROSTBYTE_ATTEMPTS: '2', ...url, ...options.variables }
    this.directory = options.directory ?? tmpdir()
    this.stdout = new FakeOutput(options.isTerminal ?? false)
    this.stderr = new FakeOutput(options.isTerminal ?? false)
    this.#stdin = options.stdin
  }

  stdin(): AsyncIterable<Uint8Array> {
    return this.#stdin ?? new Blob([]).stream()
  }

  closeStdin(): void {
    // Nothing holds anything here.
  }

  monotonicMs(): number {
    return this.nowMs
  }

  wallMs(): number {
    return Date.UTC(2026, 10, 23, 10, 5)
  }

  /** The time passes at once. */
  async sleep(delayMs: number): Promise<void> {
    this.onSleep(++this.sleeps)
    this.nowMs += delayMs
  }

  onInterrupt(listener: (signal: InterruptSignal) => void): () => void {
    this.#listener = listener
    return () => {
      this.#listener = undefined
    }
  }

  interrupt(signal: InterruptSignal): void {
    this.#listener?.(signal)
  }

  exit(code: number): void {
    this.exits.push(code)
  }
}

export class FakeOutput implements Output {
  readonly isTerminal: boolean
  readonly columns = 100
  readonly rows = 50
  /** From then on the reader is gone. */
  isClosed = false
  readonly #parts: Uint8Array[] = []

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (this.isClosed) throw new OutputClosed('gone')
    this.#parts.push(typeof data === 'string' ? Buffer.from(data) : Uint8Array.from(data))
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  get text(): string {
    return this.bytes.toString()
  }
}
