// Holds a command line of `frostbyte` to the commands, arguments and flags that there are, without doing anything.

import { Command, CommanderError } from 'commander'

import { addClientCommands } from '../../src/cli/commands/clients.ts'
import { addServeCommands } from '../../src/cli/commands/serve.ts'
import { FakeEnvironment } from '../../src/cli/testing/fake-environment.ts'

const never = async (): Promise<never> => await Promise.reject(new Error('nothing is done here'))

/** `args` are without the program's name. @throws CommanderError: no such command or flag, or too many or too few arguments. */
export async function checkCommandLine(args: readonly string[]): Promise<void> {
  const environment = new FakeEnvironment()
  const program = new Command('frostbyte')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
  addServeCommands(program, {
    environment,
    handlers: { up: never, master: never, worker: never, migrate: never },
    onEnd: () => undefined,
  })
  const context = { environment, signal: new AbortController().signal, exitCode: 0 }
  addClientCommands(program, context, { backupMetadata: never, restoreMetadata: never })
  disarm(program)
  try {
    await program.version('0').parseAsync(args, { from: 'user' })
  } catch (error) {
    // Help and version end as errors that are none.
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error
  }
}

function disarm(command: Command): void {
  for (const child of command.commands) {
    if (child.commands.length === 0) child.action(() => undefined)
    disarm(child)
  }
}
