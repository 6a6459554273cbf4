// What every command needs of the command line, those that serve too: they run for months, so nothing of the clients is loaded for them.

import type { Command } from 'commander'

import { flagsGiven } from './config/flags.ts'
import { loadConfig } from './config/load.ts'
import type { ConfigOf, Role } from './config/option.ts'
import type { options } from './config/options.ts'
import type { CliEnvironment } from './environment.ts'

export async function loadRoleConfig<R extends Role>(
  role: R,
  command: Command,
  environment: CliEnvironment,
): Promise<ConfigOf<typeof options, R>> {
  const { variables, directory } = environment
  return loadConfig(role, { flags: flagsGiven(command, role), variables, directory })
}

/** Examples below a command's help. */
export function withExamples(command: Command, examples: readonly (readonly [line: string, what: string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length))
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}\n`)
  return command.addHelpText('after', `\nExamples:\n${lines.join('')}`)
}
