// A log that keeps its lines in memory: what a test asserts on, and part of the trace of a simulation. Bounded.

import type { Log, LogFields } from '../../src/ports/log.ts'

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly error?: unknown
  readonly fields: LogFields
}

const entriesMaxDefault = 10_000

/** Keeps what was logged, for tests and for the trace of a simulation. The oldest half goes where it grows too long. */
export class CollectingLog implements Log {
  readonly #entries: LogEntry[]
  readonly #fields: LogFields
  readonly #entriesMax: number

  constructor(options: { readonly entriesMax?: number } = {}, parent?: CollectingLog, fields: LogFields = {}) {
    this.#entriesMax = parent === undefined ? (options.entriesMax ?? entriesMaxDefault) : parent.#entriesMax
    this.#entries = parent === undefined ? [] : parent.#entries
    this.#fields = fields
  }

  /** All lines so far, those of its `with` children included, in order. */
  get entries(): readonly LogEntry[] {
    return this.#entries
  }

  debug(message: string, fields?: LogFields): void {
    this.#add({ level: 'debug', message, fields: { ...this.#fields, ...fields } })
  }

  info(message: string, fields?: LogFields): void {
    this.#add({ level: 'info', message, fields: { ...this.#fields, ...fields } })
  }

  warn(message: string, fields?: LogFields): void {
    this.#add({ level: 'warn', message, fields: { ...this.#fields, ...fields } })
  }

  error(message: string, error?: unknown, fields?: LogFields): void {
    this.#add({ level: 'error', message, error, fields: { ...this.#fields, ...fields } })
  }

  with(fields: LogFields): CollectingLog {
    return new CollectingLog({}, this, { ...this.#fields, ...fields })
  }

  #add(entry: LogEntry): void {
    if (this.#entries.length >= this.#entriesMax) this.#entries.splice(0, Math.ceil(this.#entriesMax / 2))
    this.#entries.push(entry)
  }
}
