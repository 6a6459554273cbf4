// The world as the command line sees it: arguments aside, all of it. Commands take it as a value, so that tests can give them another one.

import { setTimeout } from 'node:timers/promises'

/** Where text or bytes go. */
export interface Output {
  readonly isTerminal: boolean
  /** Of the terminal; some usual width where it is none. */
  readonly columns: number
  /** Of the terminal; some usual height where it is none. */
  readonly rows: number
  /** Resolves when more may be written. @throws OutputClosed. */
  write(data: string | Uint8Array): Promise<void>
}

/** The reader went away (`frostbyte ls | head`): there is nothing left to do, and nothing to complain about. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

export type InterruptSignal = 'SIGINT' | 'SIGTERM'

export interface CliEnvironment {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The current directory, absolute. */
  readonly directory: string
  /** Standard input, opened by the first look at it. */
  stdin(): AsyncIterable<Uint8Array>
  /** Lets go of standard input, should it be open: one that never ends must not keep the process. */
  closeStdin(): void
  readonly stdout: Output
  readonly stderr: Output
  monotonicMs(): number
  wallMs(): number
  /** Resolves after that time, or as soon as the signal aborts. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>
  /** Calls `listener` for each signal until the returned function is called. */
  onInterrupt(listener: (signal: InterruptSignal) => void): () => void
  /** Ends the process at once. */
  exit(code: number): void
}

const usualColumns = 80
const usualRows = 24

export function nodeEnvironment(): CliEnvironment {
  let isStdinOpen = false
  return {
    variables: process.env,
    directory: process.cwd(),
    stdin: () => {
      isStdinOpen = true
      return process.stdin
    },
    closeStdin: () => {
      if (isStdinOpen) process.stdin.destroy()
    },
    stdout: new StreamOutput(process.stdout),
    stderr: new StreamOutput(process.stderr),
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    sleep: async (delayMs, signal) => {
      await setTimeout(delayMs, undefined, { signal }).catch(() => undefined) // It rejects only where the signal aborts.
    },
    onInterrupt: (listener) => {
      process.on('SIGINT', listener)
      process.on('SIGTERM', listener)
      return () => {
        process.off('SIGINT', listener)
        process.off('SIGTERM', listener)
      }
    },
    exit: (code) => process.exit(code),
  }
}

class StreamOutput implements Output {
  readonly #stream: NodeJS.WriteStream
  #closed: Error | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    stream.on('error', (error) => {
      this.#closed ??= error
    })
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY
  }

  get columns(): number {
    return this.#stream.isTTY ? this.#stream.columns : usualColumns
  }

  get rows(): number {
    return this.#stream.isTTY ? this.#stream.rows : usualRows
  }

  async write(data: string | Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.#closed === undefined) {
      this.#stream.write(data, (error) => {
        if (error === null || error === undefined) resolve()
        else reject(error)
      })
    } else {
      reject(this.#closed)
    }
    await promise.catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      const isGone = code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'ECONNRESET'
      throw isGone ? new OutputClosed('the reader of the output went away', { cause: error }) : error
    })
  }
}
