// How a failure is told: one line with what to do about it, or one JSON object, on standard error.

import { CommanderError } from 'commander'

import { FrostError } from '../base/errors.ts'
import { FrostByteError } from '../sdk/index.ts'
import { exitCodeOf, waitTimedOut } from './exit-codes.ts'
import { escapeText } from './terminal-text.ts'

export interface Failure {
  /** Of the server's or the client's table; `usage` for a wrong command line, `wait-timed-out` for a wait. */
  readonly code: string
  readonly message: string
  readonly remedy: string | undefined
  readonly status: number | undefined
  readonly requestId: string | undefined
  /** Of a wait: what was still missing. */
  readonly missing?: readonly string[] | undefined
  /** Of a defect: where it happened, for the report. */
  readonly stack?: string | undefined
}

/** A wrong command line, found by a command itself. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly remedy: string | undefined

  constructor(message: string, remedy?: string) {
    super(message)
    this.remedy = remedy
  }
}

/** What was waited for did not come about in time. */
export class WaitTimedOut extends Error {
  override readonly name = 'WaitTimedOut'
  readonly missing: readonly string[]

  constructor(message: string, missing: readonly string[]) {
    super(message)
    this.missing = missing
  }
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof FrostByteError) {
    const { code, message, remedy, status, requestId } = error
    return { code, message, remedy, status, requestId }
  }
  if (error instanceof FrostError) {
    return { code: error.code, message: error.message, remedy: error.remedy, status: undefined, requestId: undefined }
  }
  const nothing = { status: undefined, requestId: undefined }
  if (error instanceof UsageError) return { code: 'usage', message: error.message, remedy: error.remedy, ...nothing }
  if (error instanceof WaitTimedOut) {
    const remedy = 'Look at frostbyte status, or wait longer with --wait-timeout.'
    return { code: waitTimedOut, message: error.message, remedy, ...nothing, missing: error.missing }
  }
  if (error instanceof CommanderError) return { ...describeUsage(error), ...nothing }
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? error.stack : undefined
  return { code: 'internal', message, remedy: 'This should not happen: please report it.', ...nothing, stack }
}

/** commander's `error: unknown option '--buket'\n(Did you mean --bucket?)`. */
function describeUsage(error: CommanderError): Pick<Failure, 'code' | 'message' | 'remedy'> {
  const [, message = error.message, suggestion] =
    /^(?:error: )?(.*?)\s*(?:\((Did you mean .*\?)\))?$/s.exec(error.message) ?? []
  return { code: 'usage', message, remedy: suggestion ?? 'Look at --help.' }
}

export function exitCodeOfFailure(failure: Failure): number {
  return exitCodeOf(failure.code)
}

/** Without a line feed at its end. */
export function formatFailure(failure: Failure, options: { readonly json: boolean }): string {
  const { code, message, remedy, status, requestId, missing, stack } = failure
  if (options.json) return JSON.stringify({ error: { code, message, remedy, status, requestId, missing } })
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`
  const request = requestId === undefined ? '' : ` (request ${requestId})`
  const line = escapeText(`frostbyte: ${sentence}${remedy === undefined ? '' : ` ${remedy}`}${request}`)
  return stack === undefined ? line : [line, ...stack.split('\n').slice(1).map(escapeText)].join('\n')
}
