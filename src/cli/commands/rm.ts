// `frostbyte rm`: deletes files, one after the other; a failure does not stop the rest.

import type { Command } from 'commander'

import { FrostByteError } from '../../sdk/index.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter, reportFailure } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'

interface RmFlags {
  readonly force?: true
  readonly json?: true
  readonly ifVersion?: string
}

export function addRmCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('rm')
    .description('delete files')
    .argument('<name...>', 'names of files')
    .option('-f, --force', 'it is no failure where a file is not there')
    .option('--if-version <version>', 'only where this is the newest version')
    .action(async (names: readonly string[], flags: RmFlags) => removeFiles(context, command, names, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte rm report.pdf', 'delete one file'],
    ['frostbyte ls -0 tmp/ | xargs -0 frostbyte rm --', 'delete all that begin with tmp/'],
  ])
}

async function removeFiles(
  context: CommandContext,
  command: Command,
  names: readonly string[],
  flags: RmFlags,
): Promise<void> {
  if (flags.ifVersion !== undefined && names.length > 1) throw new UsageError('--if-version is for one file.')
  const { client } = await openClient(context, command)
  const json = flags.json === true
  const writer = new OutputWriter(context.environment)
  for (const name of names) {
    try {
      await client.remove(name, { signal: context.signal, ifVersion: flags.ifVersion })
      await (json ? writer.text(`${JSON.stringify({ filename: name })}\n`) : writer.line(`deleted ${name}`))
    } catch (error) {
      const isMissing = error instanceof FrostByteError && error.code === 'file-not-found'
      if (isMissing && flags.force === true) continue
      await writer.flush()
      // With several names one that is not there must not keep the others.
      if (!(error instanceof FrostByteError) || names.length === 1 || error.code === 'network-failed') throw error
      await reportFailure(context, error, json)
    }
  }
  await writer.flush()
}
