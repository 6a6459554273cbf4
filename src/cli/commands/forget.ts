// `frostbyte forget`: takes a worker that is gone off the list. It must hold nothing: it was drained, or what it held was rebuilt
// elsewhere.

import type { Command } from 'commander'

import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { findWorker, nameOf } from '../health/find-worker.ts'
import { escapeText } from '../terminal-text.ts'

interface ForgetFlags {
  readonly json?: true
}

export function addForgetCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('forget')
    .description('take a worker that is gone, and holds nothing any more, off the list')
    .argument('<worker>', 'its id, a beginning of the id that is no other’s, or its address')
    .action(async (worker: string, flags: ForgetFlags) => forget(context, command, worker, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte forget 10.0.0.7:7001', 'after it was drained and stopped, or lost for good'],
  ])
}

async function forget(context: CommandContext, command: Command, text: string, flags: ForgetFlags): Promise<void> {
  const { environment, signal } = context
  const { client } = await openClient(context, command)
  const worker = findWorker(await client.cluster({ signal }), text)
  await client.forgetWorker(worker.id, { signal })
  const told = { id: worker.id, address: worker.address, forgotten: true }
  const sentence = `${nameOf(worker)} is forgotten.`
  await environment.stdout.write(flags.json === true ? `${JSON.stringify(told)}\n` : `${escapeText(sentence)}\n`)
}
