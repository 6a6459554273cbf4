// A node as a manifest, a compose file or a unit starts it: what its command line, variables and file say, as the program itself reads it.

import { Command } from 'commander'

import { addConfigFlags, flagsGiven } from '../../src/cli/config/flags.ts'
import { loadConfig } from '../../src/cli/config/load.ts'
import type { MasterConfig, WorkerConfig } from '../../src/cli/config/options.ts'

export type DeployedNode =
  | { readonly role: 'master'; readonly config: MasterConfig }
  | { readonly role: 'worker'; readonly config: WorkerConfig }

/** `args` begin with the role. @throws what the program throws for an option that it does not know, or a value that is none. */
export async function readDeployedNode(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  directory = '/',
): Promise<DeployedNode> {
  const [role, ...flags] = args
  if (role !== 'master' && role !== 'worker') throw new Error(`"${role}" is no node`)
  const command = addConfigFlags(new Command().exitOverride().configureOutput({ writeErr: () => undefined }), role)
  command.parse(flags, { from: 'user' })
  const sources = { flags: flagsGiven(command, role), variables, directory }
  return role === 'master'
    ? { role, config: await loadConfig(role, sources) }
    : { role, config: await loadConfig(role, sources) }
}

/** The ports that it listens at, by what they are for. */
export function portsOf(node: DeployedNode): Readonly<Record<string, number>> {
  const { observePort: observe } = node.config
  return node.role === 'master'
    ? { rest: node.config.restPort, ...s3PortOf(node.config), internal: node.config.internalPort, observe }
    : { internal: node.config.workerPort, observe }
}

function s3PortOf({ s3Port }: MasterConfig): Readonly<Record<string, number>> {
  return s3Port === 'off' ? {} : { s3: s3Port }
}

export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
