// The `frostbyte` command, put together from its commands.

import { Command } from 'commander'

import type { CliEnvironment } from './environment.ts'

export interface ProgramParts {
  readonly environment: CliEnvironment
  readonly version: string
  /** Help and version go here. */
  readonly writeOut: (text: string) => void
}

const hint = `Flags and examples of a command: frostbyte COMMAND --help
A setting such as --chunk-size can also be given as FROSTBYTE_CHUNK_SIZE, or as chunk-size in frostbyte.yaml.`

/**
 * Still without commands: those that are added take over how it ends. It neither prints errors nor ends the process; both are thrown as
 * CommanderError.
 */
export function createProgram({ environment, version, writeOut }: ProgramParts): Command {
  return new Command('frostbyte')
    .description('Distributed file storage: files in chunks, redundant over workers, healing themselves.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .exitOverride()
    .configureOutput({
      writeOut,
      writeErr: () => undefined,
      outputError: () => undefined,
      getOutHelpWidth: () => environment.stdout.columns,
    })
    .showSuggestionAfterError()
    .addHelpText('after', `\n${hint}\n`)
}
