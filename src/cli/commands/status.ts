// `frostbyte status`: the workers and the redundancy of the cluster, as the master knows them; once, live, or until all is well. What was
// not established is shown as unknown: "healthy" is said only where everything that it needs is known, and known anew.

import type { Command } from 'commander'

import type { FrostByteClient } from '../../sdk/index.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { FreshHealth } from '../health/fresh-health.ts'
import { statusJson } from '../health/status-json.ts'
import { statusLines } from '../health/status-text.ts'
import { TimeLeftMeter } from '../health/time-left.ts'
import { addWaitTimeoutFlag, parseWaitLimit, waitUntil } from '../health/wait.ts'
import type { WaitFlags } from '../health/wait.ts'
import { watchJson, watchTable } from '../health/watch.ts'
import { painterFor } from '../paint.ts'

interface StatusFlags extends WaitFlags {
  readonly json?: true
  readonly watch?: true
  readonly waitHealthy?: true
}

export function addStatusCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('status')
    .description('show the state of the cluster: redundancy, healing, workers')
    .option('-w, --watch', 'again every second, until Ctrl-C')
    .option(
      '--wait-healthy',
      'have everything compared anew, and wait until redundancy is full by that and no worker is still being emptied',
    )
    .action(async (flags: StatusFlags) => showStatus(context, command, flags))
  withExamples(addClientFlags(addWaitTimeoutFlag(command)), [
    ['frostbyte status', 'what is missing, what is being done, who is to blame'],
    ['frostbyte status --watch', 'the same, live'],
    ['frostbyte status --wait-healthy --wait-timeout 1h', 'for scripts: ends with 0 once redundancy is full'],
    ["frostbyte status --json | jq '.redundancy.fragmentsMissing'", 'for programs; null is unknown'],
  ])
}

async function showStatus(context: CommandContext, command: Command, flags: StatusFlags): Promise<void> {
  const { watch, waitHealthy, json } = flags
  if (watch === true && waitHealthy === true) throw new UsageError('--watch and --wait-healthy exclude each other.')
  const isRepeated = watch === true || waitHealthy === true
  const { client } = await openClient(context, command, { askedAgain: isRepeated })
  if (waitHealthy === true)
    return waitHealthily(context, client, { limitMs: parseWaitLimit(flags, command), json: json === true })
  if (watch !== true) return showOnce(context, client, json === true)
  if (json === true) return watchJson(context, client)
  if (context.environment.stdout.isTerminal) return watchTable(context, client)
  throw new UsageError('--watch draws on a terminal, and standard output is none.', 'Add --json for one object a line.')
}

async function showOnce(context: CommandContext, client: FrostByteClient, json: boolean): Promise<void> {
  const { environment, signal } = context
  const status = await client.cluster({ signal })
  const writer = new OutputWriter(environment)
  if (json) {
    await writer.text(`${JSON.stringify(statusJson(status), undefined, 2)}\n`)
  } else {
    const paint = painterFor(environment, environment.stdout)
    const timeLeft = new TimeLeftMeter().describe(status)
    for (const { text, level } of statusLines(status, { timeLeft })) await writer.text(`${paint(text, level)}\n`)
  }
  await writer.flush()
}

async function waitHealthily(
  context: CommandContext,
  client: FrostByteClient,
  { limitMs, json }: { readonly limitMs: number; readonly json: boolean },
): Promise<void> {
  const health = new FreshHealth(client, context.environment, { untilDrained: true })
  await waitUntil(context, {
    failure: 'not healthy',
    limitMs,
    json,
    check: async (signal) => health.check(signal),
  })
  const text =
    json && health.last !== undefined
      ? JSON.stringify(statusJson(health.last), undefined, 2)
      : 'healthy: redundancy is full, by a comparison that began after this command'
  await context.environment.stdout.write(`${text}\n`)
}
