/** Values that a log line may carry. Secrets never go in. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * Structured logging: `message` is a constant sentence, what varies goes into `fields`. Never throws, never
 * waits. Whoever handles an error logs it; whoever passes it on does not.
 */
export interface Log {
  /** Whether lines of `debug` are kept: for callers to whom making one is a cost. Absent: no. */
  readonly isDebug?: boolean
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  /** `error`, where given, is written with its code, message, stack and causes. */
  error(message: string, error?: unknown, fields?: LogFields): void
  /** A log that adds `fields` to each of its lines. */
  with(fields: LogFields): Log
}
