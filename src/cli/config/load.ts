// Reads the world for the configuration: the variables it is handed, and the file, which is `--config`, `FROSTBYTE_CONFIG`, or
// frostbyte.yaml in the current directory where there is one.

import { readFile, stat } from 'node:fs/promises'
import { dirname, relative, resolve as resolvePath } from 'node:path'

import { FrostError } from '../../base/errors.ts'
import { MIB } from '../../base/units.ts'
import type { ConfigOf, Role } from './option.ts'
import type { options } from './options.ts'
import { resolveConfig } from './resolve.ts'
import type { Given, GivenValue } from './resolve.ts'
import { parseVariables } from './variables.ts'

const configFileName = 'frostbyte.yaml'

export interface ConfigSources {
  /** By option names; `config` names the file. */
  readonly flags: ReadonlyMap<string, string>
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The current directory, absolute. */
  readonly directory: string
}

/** @throws FrostError `config-invalid`. */
export async function loadConfig<R extends Role>(
  role: R,
  sources: ConfigSources,
): Promise<ConfigOf<typeof options, R>> {
  const { flags, variables, directory } = sources
  const given: Given[] = [
    { source: 'flag', values: describeFlags(flags), directory },
    { source: 'variable', values: parseVariables(variables), directory },
  ]
  const named =
    flags.get('config') ?? (variables['FROSTBYTE_CONFIG'] === '' ? undefined : variables['FROSTBYTE_CONFIG'])
  const path = resolvePath(directory, named ?? configFileName)
  const text = await readConfigFile(path, named !== undefined)
  if (text !== undefined) {
    const { parseConfigFile } = await import('./file.ts') // The parser costs a tenth of a second, and most starts have no file.
    given.push({ source: 'file', values: parseConfigFile(text, relative(directory, path)), directory: dirname(path) })
  }
  return resolveConfig(role, given, directory)
}

function describeFlags(flags: ReadonlyMap<string, string>): ReadonlyMap<string, GivenValue> {
  return new Map([...flags].map(([name, text]) => [name, { text, place: `--${name}` }] as const))
}

async function readConfigFile(path: string, isNamed: boolean): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    if (size > MIB) throw new FrostError('config-invalid', `The configuration file ${path} is larger than 1 MiB.`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof FrostError) throw error
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (isMissing && !isNamed) return undefined
    throw new FrostError('config-invalid', `The configuration file ${path} cannot be read.`, {
      cause: error,
      remedy: isMissing ? 'Correct its name, or leave it out.' : 'Check that it is a file and may be read.',
    })
  }
}
