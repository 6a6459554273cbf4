// The `frostbyte` command, put together from its commands.

import { Command } from 'commander'

import type { CommandContext } from './command-context.ts'
import { addBenchCommand } from './commands/bench.ts'
import { addGetCommand } from './commands/get.ts'
import { addLsCommand } from './commands/ls.ts'
import { addPutCommand } from './commands/put.ts'
import { addRmCommand } from './commands/rm.ts'
import { addServeCommands } from './commands/serve.ts'
import type { ServerHandlers } from './commands/serve.ts'
import { addStatCommand } from './commands/stat.ts'
import { addStatusCommand } from './commands/status.ts'

export interface ProgramParts {
  readonly context: CommandContext
  readonly handlers: ServerHandlers
  readonly version: string
}

const hint = `Flags and examples of a command: frostbyte COMMAND --help
A setting such as --chunk-size can also be given as FROSTBYTE_CHUNK_SIZE, or as chunk-size in frostbyte.yaml.`

/** It neither prints errors nor ends the process: both are thrown as CommanderError. Help goes to `writeOut`. */
export function buildProgram({ context, handlers, version }: ProgramParts, writeOut: (text: string) => void): Command {
  const program = new Command('frostbyte')
    .description('Distributed file storage: files in chunks, redundant over workers, healing themselves.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .exitOverride()
    .configureOutput({
      writeOut,
      writeErr: () => undefined,
      outputError: () => undefined,
      getOutHelpWidth: () => context.environment.stdout.columns,
    })
    .showSuggestionAfterError()
  const onEnd = (exitCode: number): void => {
    context.exitCode = exitCode
  }
  addServeCommands(program, { environment: context.environment, handlers, onEnd })
  addPutCommand(program, context)
  addGetCommand(program, context)
  addLsCommand(program, context)
  addRmCommand(program, context)
  addStatCommand(program, context)
  addStatusCommand(program, context)
  addBenchCommand(program, context)
  program.addHelpText('after', `\n${hint}\n`)
  return program
}
