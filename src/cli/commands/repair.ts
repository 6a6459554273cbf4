// `frostbyte repair`: has what must exist compared with what the workers hold, all of it and at once, and what is missing made again.
// The cluster does so by itself; this is for those who do not want to wait for the next comparison.

import type { Command } from 'commander'

import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { FreshHealth } from '../health/fresh-health.ts'
import { addWaitTimeoutFlag, parseWaitLimit, waitUntil } from '../health/wait.ts'
import type { WaitFlags } from '../health/wait.ts'

interface RepairFlags extends WaitFlags {
  readonly wait?: true
  readonly json?: true
}

export function addRepairCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('repair')
    .description('compare everything with what the workers hold, and repair what is missing')
    .option('--wait', 'wait until redundancy is full')
    .action(async (flags: RepairFlags) => repair(context, command, flags))
  withExamples(addClientFlags(addWaitTimeoutFlag(command)), [
    ['frostbyte repair', 'begin; status says how far'],
    ['frostbyte repair --wait --wait-timeout 2h', 'and wait until nothing is missing'],
  ])
}

async function repair(context: CommandContext, command: Command, flags: RepairFlags): Promise<void> {
  const { environment, signal } = context
  const json = flags.json === true
  const isPatient = flags.wait === true
  const { client } = await openClient(context, command, { askedAgain: isPatient })
  if (isPatient) {
    const health = new FreshHealth(client, environment, { untilDrained: false })
    const limitMs = parseWaitLimit(flags, command)
    await waitUntil(context, { failure: 'not repaired', limitMs, json, check: async (until) => health.check(until) })
  } else {
    await client.repair({ signal })
  }
  const sentence = isPatient
    ? 'Redundancy is full, by a comparison that began after this command.'
    : 'Everything is being compared, and what is missing repaired; frostbyte status says how far.'
  const told = { comparing: !isPatient, full: isPatient ? true : null }
  await environment.stdout.write(json ? `${JSON.stringify(told)}\n` : `${sentence}\n`)
}
