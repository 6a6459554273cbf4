// `frostbyte rebuild-metadata`: has lost metadata rebuilt from what the workers hold, and waits for the end. The cluster does the work, and
// goes on with it where this command is interrupted or the master crashes; called again, the command follows a rebuild that runs.

import { setTimeout as sleep } from 'node:timers/promises'

import type { Command } from 'commander'

import { FrostByteError } from '../../sdk/index.ts'
import type { FrostByteClient, RebuildStatus } from '../../sdk/index.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter, reportFailure } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { fitText } from '../terminal-text.ts'

interface RebuildFlags {
  readonly merge?: true
  readonly force?: true
  readonly json?: true
}

const pollMs = 500

export function addRebuildMetadataCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('rebuild-metadata')
    .description('rebuild metadata that was lost from what the workers hold')
    .option('--merge', 'the metadata is old, not lost: add what it does not know')
    .option('--force', 'go on though more workers are missing than files can do without')
    .action(async (flags: RebuildFlags) => rebuildMetadata(context, command, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte rebuild-metadata', 'the metadata directory was lost: bring every file back'],
    ['frostbyte rebuild-metadata --merge', 'it was restored from a backup: add what came after it'],
  ])
}

async function rebuildMetadata(context: CommandContext, command: Command, flags: RebuildFlags): Promise<void> {
  const { client } = await openClient(context, command)
  const { signal } = context
  const { merge, force, json } = flags
  // A rebuild that runs is followed: to start another one would be refused.
  const running = await client.rebuild({ signal })
  const first = running.state === 'running' ? running : await client.startRebuild({ merge, force, signal })
  const status = await follow(context, client, first)
  const writer = new OutputWriter(context.environment)
  if (json === true) await writer.text(`${JSON.stringify(status, undefined, 2)}\n`)
  else if (status.state === 'done') for (const line of describeEnd(status)) await writer.line(line)
  await writer.flush()
  if (status.state === 'done') return
  const reason = status.reason ?? `The rebuild ended as "${status.state}".`
  const error = new FrostByteError('not-enough-workers', reason, { remedy: status.remedy })
  await reportFailure(context, error, json === true)
}

/** Until it ends. */
async function follow(context: CommandContext, client: FrostByteClient, first: RebuildStatus): Promise<RebuildStatus> {
  const { environment, signal } = context
  const { stderr } = environment
  let status = first
  let isDrawn = false
  try {
    while (status.state === 'running') {
      if (stderr.isTerminal) {
        isDrawn = true
        await stderr.write(`\r\u001b[K${fitText(describeProgress(status), stderr.columns - 1)}`)
      }
      await sleep(pollMs, undefined, { signal })
      status = await client.rebuild({ signal })
    }
  } finally {
    if (isDrawn) await stderr.write('\r\u001b[K')
  }
  return status
}

function describeProgress({ groups, groupsDone, filesRecovered }: RebuildStatus): string {
  if (groups === 0) return 'Waiting for the workers'
  return `${figure(groupsDone)} of ${figure(groups)} placement groups, ${figure(filesRecovered)} versions of files`
}

function describeEnd(status: RebuildStatus): readonly string[] {
  const { filesRecovered, filesIncomplete, incomplete, workersMissing, settled } = status
  const lines = [`Recovered ${figure(filesRecovered)} versions of files.`]
  if (filesIncomplete > 0) {
    lines.push(`${figure(filesIncomplete)} files lack too much to be read now:`)
    for (const { name, bucket, reason } of incomplete) lines.push(`  ${bucket}: ${name}: ${reason}`)
  }
  if (workersMissing.length > 0) lines.push(`Workers that were missing: ${workersMissing.join(', ')}`)
  if (!settled)
    lines.push('Nothing that is still unknown is deleted. Once all workers are there, run it again with --merge.')
  return lines
}

function figure(value: number): string {
  return value.toLocaleString('en-US')
}
