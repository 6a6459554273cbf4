// `frostbyte drain`: has a worker emptied, and says when it is safe to remove it: when it holds no slots any more, and a comparison that
// began after that found nothing missing. Until then it may hold the only copies of something.

import type { Command } from 'commander'

import { FrostError } from '../../base/errors.ts'
import type { FrostByteClient, WorkerStatus } from '../../sdk/index.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { findWorker, nameOf } from '../health/find-worker.ts'
import { FreshHealth } from '../health/fresh-health.ts'
import { countOf } from '../health/obstacles.ts'
import { addWaitTimeoutFlag, parseWaitLimit, waitUntil } from '../health/wait.ts'
import type { WaitFlags } from '../health/wait.ts'
import { escapeText } from '../terminal-text.ts'

interface DrainFlags extends WaitFlags {
  readonly cancel?: true
  readonly wait?: true
  readonly json?: true
}

export function addDrainCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('drain')
    .description('empty a worker, so that it can be removed')
    .argument('<worker>', 'its id, a beginning of the id that is no other’s, or its address')
    .option('--cancel', 'end the drain; what has moved stays where it is')
    .option('--wait', 'wait until it is safe to remove the worker')
    .action(async (worker: string, flags: DrainFlags) => drain(context, command, worker, flags))
  withExamples(addClientFlags(addWaitTimeoutFlag(command)), [
    ['frostbyte drain 10.0.0.7:7001', 'have it emptied; status says how far'],
    ['frostbyte drain 4be1 --wait --wait-timeout 12h', 'and wait until it can be removed'],
    ['frostbyte drain 4be1 --cancel', 'keep it after all'],
  ])
}

async function drain(context: CommandContext, command: Command, text: string, flags: DrainFlags): Promise<void> {
  if (flags.cancel === true && flags.wait === true) throw new UsageError('--cancel and --wait exclude each other.')
  const { environment, signal } = context
  const { client } = await openClient(context, command)
  const limitMs = parseWaitLimit(flags, command)
  const worker = findWorker(await client.cluster({ signal }), text)
  const tell = async (draining: boolean, isSafe: boolean, sentence: string): Promise<void> => {
    const told = { id: worker.id, address: worker.address, draining, safeToRemove: isSafe }
    await environment.stdout.write(flags.json === true ? `${JSON.stringify(told)}\n` : `${escapeText(sentence)}\n`)
  }
  if (flags.cancel === true) {
    await client.cancelDrain(worker.id, { signal })
    return tell(false, false, `${nameOf(worker)} is not drained any more; what has moved stays where it is.`)
  }
  await client.drain(worker.id, { signal })
  if (flags.wait !== true) {
    const left = `${nameOf(worker)} is being drained: ${countOf(worker.slots, 'slot')} to move.`
    return tell(true, false, `${left} Do not remove it before frostbyte status says so.`)
  }
  const patient = (await openClient(context, command, { askedAgain: true })).client
  await waitUntilSafe(context, patient, { worker, limitMs, json: flags.json === true })
  return tell(true, true, `${nameOf(worker)} is empty, and nothing is missing elsewhere: it is safe to remove it.`)
}

async function waitUntilSafe(
  context: CommandContext,
  client: FrostByteClient,
  { worker, limitMs, json }: { readonly worker: WorkerStatus; readonly limitMs: number; readonly json: boolean },
): Promise<void> {
  const { environment } = context
  let health: FreshHealth | undefined
  const check = async (signal: AbortSignal): Promise<readonly string[]> => {
    const status = await client.cluster({ signal })
    const left = slotsLeft(findWorker(status, worker.id), status.healing.slotsWithoutSpare)
    if (left.length > 0) {
      health = undefined // A comparison counts that begins when the worker is empty.
      return left
    }
    health ??= new FreshHealth(client, environment, { untilDrained: false })
    return health.check(signal)
  }
  await waitUntil(context, { failure: `${nameOf(worker)} is not safe to remove`, limitMs, json, check })
}

function slotsLeft(worker: WorkerStatus, slotsWithoutSpare: number): readonly string[] {
  const { state, slots } = worker
  if (state === 'up') {
    throw new FrostError('drain-refused', `The drain of ${nameOf(worker)} was cancelled meanwhile.`, {
      remedy: 'Ask for it again.',
    })
  }
  if (slots === 0) return []
  const left = [`${countOf(slots, 'slot')} left${state === 'draining' ? '' : ` (it is ${state})`}`]
  if (slotsWithoutSpare > 0) left.push(`${countOf(slotsWithoutSpare, 'slot')} without a worker to go to (add one)`)
  return left
}
