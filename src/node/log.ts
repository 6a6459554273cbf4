// The log of a real process: one JSON line an event on standard error (pino), or, where that is a terminal, one line for
// people. No worker thread, no waiting: lines are written in the background, and where standard error does not take them, at
// most `bufferMaxBytes` are kept and later ones are dropped. Before the process ends, `flush` writes what is left.
//
// Secrets never go in: no caller logs one, and as a second lock a field whose name sounds like one is not written.

import { pino } from 'pino'
import type { Logger } from 'pino'

import { FrostError } from '../base/errors.ts'
import type { Log, LogFields } from '../ports/log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel
  /** One line for people instead of JSON. */
  readonly human?: boolean
  /** In every line: which node this is. */
  readonly fields?: LogFields
}

/** Where lines go. */
export interface LogTarget {
  write(line: string): void
  /** Writes what is kept, and waits for it. */
  flushSync(): void
}

const bufferMaxBytes = 4 * 1024 * 1024
const secretName = /secret|password|passphrase|token|authorization|cookie|signature|credential|private/i
/** Names that a line has for itself. */
const reserved: ReadonlySet<string> = new Set(['level', 'time', 'message', 'error', 'code', 'stack', 'causes'])
const causesMax = 5

export class NodeLog implements Log {
  readonly #logger: Logger
  readonly #target: LogTarget

  constructor(logger: Logger, target: LogTarget) {
    this.#logger = logger
    this.#target = target
  }

  get isDebug(): boolean {
    return this.#logger.isLevelEnabled('debug')
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug(cleanFields(fields), message)
  }

  info(message: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled('info')) this.#logger.info(cleanFields(fields), message)
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled('warn')) this.#logger.warn(cleanFields(fields), message)
  }

  error(message: string, error?: unknown, fields?: LogFields): void {
    if (!this.#logger.isLevelEnabled('error')) return
    const described = error === undefined ? {} : describeError(error)
    this.#logger.error({ ...cleanFields(fields), ...described }, message)
  }

  with(fields: LogFields): NodeLog {
    return new NodeLog(this.#logger.child(cleanFields(fields)), this.#target)
  }

  /** Writes what is still kept, and waits for it. For the end of the process only. */
  flush(): void {
    this.#target.flushSync()
  }
}

/** The log of this process, to standard error. */
export function createLog(options: LogOptions = {}): NodeLog {
  return createLogTo(pino.destination({ dest: 2, sync: false, maxLength: bufferMaxBytes }), options)
}

export function createLogTo(target: LogTarget, options: LogOptions = {}): NodeLog {
  const stream = options.human === true ? { write: (line: string) => target.write(formatForPeople(line)) } : target
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: cleanFields(options.fields),
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
  return new NodeLog(logger, target)
}

function cleanFields(fields: LogFields | undefined): Record<string, string | number | boolean> {
  const clean: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === undefined) continue
    clean[reserved.has(name) ? `${name}_` : name] = secretName.test(name) ? '[not logged]' : value
  }
  return clean
}

function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: describeThrown(error) }
  const causes: string[] = []
  for (let cause = error.cause; cause instanceof Error && causes.length < causesMax; cause = cause.cause) {
    causes.push(`${cause.name}: ${cause.message}`)
  }
  return {
    error: error.message,
    code: error instanceof FrostError ? error.code : error.name,
    stack: error.stack,
    causes: causes.length > 0 ? causes : undefined,
  }
}

function describeThrown(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'something that has no text'
  }
}

/** `12:00:00.000 WARN  The message. name=value` and, below it, an error's stack. */
function formatForPeople(line: string): string {
  const { time, level, message, error, code, stack, causes, ...fields } = parseLine(line)
  const parts = [text(time).slice(11, 23), text(level).toUpperCase().padEnd(5), text(message)]
  for (const [name, value] of Object.entries(fields)) parts.push(`${name}=${quoteIfNeeded(text(value))}`)
  if (code !== undefined) parts.push(`code=${text(code)}`)
  const below =
    typeof stack === 'string' ? `\n${stack}` : error === undefined ? '' : ` error=${quoteIfNeeded(text(error))}`
  const because = Array.isArray(causes) ? causes.map((cause) => `\n  because: ${text(cause)}`).join('') : ''
  return `${parts.join(' ')}${below}${because}\n`
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(line)
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function quoteIfNeeded(value: string): string {
  return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value)
}
