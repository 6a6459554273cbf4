// `frostbyte scrub`: has the workers read and check all that they store, now instead of at their usual pace. A worker that did not begin
// is named, for nothing is known of what it stores.

import type { Command } from 'commander'

import type { ClusterStatus, WorkerStatus } from '../../sdk/index.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-codes.ts'
import { describeBytes } from '../figures.ts'
import { nameOf } from '../health/find-worker.ts'
import { ageMs, countOf, isAway } from '../health/obstacles.ts'
import { addWaitTimeoutFlag, parseWaitLimit, waitUntil } from '../health/wait.ts'
import type { WaitFlags } from '../health/wait.ts'
import { escapeText } from '../terminal-text.ts'

interface ScrubFlags extends WaitFlags {
  readonly wait?: true
  readonly json?: true
}

export function addScrubCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('scrub')
    .description('have the workers read and check all that they store')
    .option('--wait', 'wait until they have')
    .action(async (flags: ScrubFlags) => scrub(context, command, flags))
  withExamples(addClientFlags(addWaitTimeoutFlag(command)), [
    ['frostbyte scrub', 'begin; status says how far'],
    ['frostbyte scrub --wait --wait-timeout 24h', 'and wait until every byte was read'],
  ])
}

async function scrub(context: CommandContext, command: Command, flags: ScrubFlags): Promise<void> {
  const { environment, signal } = context
  const { client } = await openClient(context, command)
  const limitMs = parseWaitLimit(flags, command)
  const startedMs = environment.monotonicMs()
  const began = await client.scrub({ signal })
  const absent = (await client.cluster({ signal })).workers.filter(({ id, slots }) => slots > 0 && !began.includes(id))
  let last: ClusterStatus | undefined
  if (flags.wait === true) {
    const patient = (await openClient(context, command, { askedAgain: true })).client
    const check = async (until: AbortSignal): Promise<readonly string[]> => {
      const sinceStartMs = environment.monotonicMs() - startedMs
      last = await patient.cluster({ signal: until })
      return stillScrubbing(last, began, sinceStartMs)
    }
    await waitUntil(context, { failure: 'not scrubbed', limitMs, json: flags.json === true, check })
  }
  await tellScrub(context, { began, absent, last }, flags.json === true)
}

/** A cycle counts that began after the command did, told by ages as in fresh-health.ts. */
function stillScrubbing(status: ClusterStatus, began: readonly string[], sinceStartMs: number): readonly string[] {
  const left = status.workers.filter(({ id, scrub: state }) => {
    if (!began.includes(id)) return false
    const finishedAt = state?.lastFinishedAt
    return state?.runningFull !== false || finishedAt === undefined || ageMs(status, finishedAt) > sinceStartMs
  })
  return left.map(describeScrubbing)
}

function describeScrubbing(worker: WorkerStatus): string {
  const { id, state, scrub: scrubbing } = worker
  if (isAway(worker)) return `worker ${id} is ${state}`
  if (scrubbing?.runningFull !== true) return `worker ${id} not done`
  return `worker ${id} ${describeBytes(scrubbing.doneBytes)} of ${describeBytes(scrubbing.totalBytes)}`
}

interface ScrubOutcome {
  readonly began: readonly string[]
  readonly absent: readonly WorkerStatus[]
  /** `undefined`: nobody waited. */
  readonly last: ClusterStatus | undefined
}

async function tellScrub(context: CommandContext, outcome: ScrubOutcome, json: boolean): Promise<void> {
  const { began, absent, last } = outcome
  const { stdout, stderr } = context.environment
  const damaged = last?.workers.reduce((sum, { damagedFragments }) => sum + damagedFragments, 0)
  if (absent.length > 0) context.exitCode = exitCodes.unavailable.code
  if (json) {
    const told = { workers: began, absent: absent.map(({ id }) => id), finished: last !== undefined }
    await stdout.write(`${JSON.stringify({ ...told, damagedFragments: damaged ?? null })}\n`)
    return
  }
  for (const worker of absent) {
    const text = `not scrubbed: ${nameOf(worker)}, which is ${worker.state} and holds slots`
    await stderr.write(`${escapeText(text)}\n`)
  }
  const found = damaged === 0 ? 'nothing is damaged' : `${countOf(damaged ?? 0, 'fragment')} damaged, not replaced yet`
  await stdout.write(
    last === undefined
      ? `${countOf(began.length, 'worker')} began to scrub; frostbyte status says how far.\n`
      : `${countOf(began.length, 'worker')} scrubbed: ${found}.\n`,
  )
}
