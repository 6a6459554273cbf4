// FROSTBYTE_* environment variables as options. An unknown one is an error that names it, except those that container platforms make
// by themselves for a service called `frostbyte`, and the few that are no options.

import { variableOf } from './option.ts'
import type { AnyOption } from './option.ts'
import { options } from './options.ts'
import { findOption } from './resolve.ts'
import type { GivenValue } from './resolve.ts'

const prefix = 'FROSTBYTE_'
/** For the project's own tests, never for the program. */
const testPrefix = 'FROSTBYTE_TEST_'

/** Which file is read; the faults that tests plant; and the secret that a command is to store. */
const otherVariables: readonly string[] = ['FROSTBYTE_CONFIG', 'FROSTBYTE_FAULTS', 'FROSTBYTE_NEW_SECRET']

/** An empty variable counts as absent. @throws FrostError `config-invalid`. */
export function parseVariables(
  variables: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, GivenValue> {
  const values = new Map<string, GivenValue>()
  for (const [variable, text] of Object.entries(variables)) {
    if (text === undefined || text === '' || !variable.startsWith(prefix)) continue
    if (variable.startsWith(testPrefix) || otherVariables.includes(variable) || isServiceLink(variable, text)) continue
    const known = Object.values<AnyOption>(options).find((option) => variableOf(option) === variable)
    const name = known?.name ?? variable.slice(prefix.length).toLowerCase().replaceAll('_', '-')
    const option = findOption(name, 'variable', variable)
    values.set(option.name, { text, place: variable })
  }
  return values
}

/**
 * What Kubernetes and old Docker links set for a service or container whose name begins with `frostbyte`:
 * `FROSTBYTE_SERVICE_HOST`, `FROSTBYTE_PORT=tcp://…`, `FROSTBYTE_PORT_8080_TCP_ADDR`, …
 */
function isServiceLink(variable: string, text: string): boolean {
  return (
    /_SERVICE_(HOST|PORT)(_\w+)?$/.test(variable) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?$/.test(variable) ||
    (variable.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(text))
  )
}
