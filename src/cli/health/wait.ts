// Waits until something about the cluster holds, by asking again and again. A server that does not answer for a while does not end the
// wait (it may be starting again), the limit does; a refusal that would be the same again ends it at once. What is still missing is
// told on standard error meanwhile, and is what the failure names at the end.

import type { Command } from 'commander'

import { HOUR_MS, SECOND_MS } from '../../base/units.ts'
import { FrostByteError } from '../../sdk/index.ts'
import type { CommandContext } from '../command-context.ts'
import { duration } from '../config/kinds.ts'
import { formatDuration } from '../config/units.ts'
import { UsageError, WaitTimedOut } from '../failure.ts'
import { NoteLine } from '../note-line.ts'

export interface WaitFlags {
  readonly waitTimeout?: string
}

const pollMs = SECOND_MS
const limitDefault = '10m'
const limitKind = duration({ min: SECOND_MS, max: 168 * HOUR_MS })

export function addWaitTimeoutFlag(command: Command): Command {
  return command.option(
    '--wait-timeout <time>',
    `how long to wait at most (default: what --timeout says, or else ${limitDefault})`,
  )
}

/** @throws UsageError. */
export function parseWaitLimit(flags: WaitFlags, command: Command): number {
  const { timeout } = command.opts<{ readonly timeout?: string }>()
  const text = flags.waitTimeout ?? timeout ?? limitDefault
  const limitMs = limitKind.parse(text)
  if (limitMs !== undefined) return limitMs
  throw new UsageError(`--wait-timeout: "${text}" must be ${limitKind.expects}.`, limitKind.hint?.(text))
}

export interface Waiting {
  /** Completes "… after 10m": `not healthy`. */
  readonly failure: string
  readonly limitMs: number
  /** Whether standard error is read by a program: then it holds nothing but the failure. */
  readonly json: boolean
  /** What is still missing, in a few words each; empty: the wait is over. */
  readonly check: (signal: AbortSignal) => Promise<readonly string[]>
}

/** @throws WaitTimedOut, and what `check` fails with where a repeat would be in vain. */
export async function waitUntil(context: CommandContext, { failure, limitMs, json, check }: Waiting): Promise<void> {
  const { environment } = context
  const line = new NoteLine(environment, { terminalOnly: json })
  const endMs = environment.monotonicMs() + limitMs
  // A server that hangs must not stretch the wait.
  const deadline = AbortSignal.timeout(limitMs)
  const signal = AbortSignal.any([context.signal, deadline])
  let missing: readonly string[] = ['no answer from the server yet']
  try {
    for (;;) {
      missing = await checkOnce(check, { signal, deadline, missing })
      if (missing.length === 0) return
      const leftMs = endMs - environment.monotonicMs()
      if (leftMs <= 0 || deadline.aborted) break
      await line.show(`waiting: ${missing.join(', ')}`)
      await environment.sleep(Math.min(pollMs, leftMs), context.signal)
      context.signal.throwIfAborted()
    }
  } finally {
    await line.clear()
  }
  throw new WaitTimedOut(`${failure} after ${formatDuration(limitMs)}: ${missing.join(', ')}`, missing)
}

async function checkOnce(
  check: Waiting['check'],
  at: { readonly signal: AbortSignal; readonly deadline: AbortSignal; readonly missing: readonly string[] },
): Promise<readonly string[]> {
  try {
    return await check(at.signal)
  } catch (error) {
    if (at.deadline.aborted) return at.missing
    if (!(error instanceof FrostByteError) || !error.retryable) throw error
    return [`no answer: ${error.message}`]
  }
}
