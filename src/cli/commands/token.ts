// `frostbyte token`: API tokens. A token is printed when it is made, and never again.

import type { Command } from 'commander'

import { parseExpiry } from '../access/expiry.ts'
import { printRecord, printRecords, toRecord } from '../access/records.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'

interface TokenFlags {
  readonly user?: string
  readonly level?: string
  readonly only?: string
  readonly expires?: string
  readonly description?: string
  readonly json?: true
}

const columns = ['id', 'user', 'level', 'buckets', 'expires', 'created', 'description']

export function addTokenCommand(program: Command, context: CommandContext): void {
  const token = program.command('token').description('API tokens')
  const add = token
    .command('add')
    .description('make an API token, and print it, this once')
    .option('--user <name>', 'for this user, for administrators (default: your own)')
    .option('--level <level>', 'it may do no more than read, write or admin (default: what its user may)')
    .option('--only <bucket,…>', 'only in these buckets (default: in all)')
    .option('--expires <time>', 'when it ends: 24h, 30d, or 2027-01-31T12:00:00Z (default: never)')
    .option('--description <text>', 'what it is for')
    .action(async (flags: TokenFlags) => addToken(context, add, flags))
  withExamples(addClientFlags(add), [
    ['frostbyte token add --level read --only photos --expires 30d > token', 'for a program that reads one bucket'],
  ])
  const ls = token
    .command('ls')
    .description('list API tokens: id, user, level, buckets, when it ends, when it was made, what it is for')
    .option('--user <name>', 'those of this user, for administrators (default: your own)')
    .action(async (flags: TokenFlags) => {
      const { client } = await openClient(context, ls)
      const tokens = await client.access.listTokens(flags.user, { signal: context.signal })
      await printRecords(context, tokens.map(toRecord), { columns, json: flags.json === true })
    })
  addClientFlags(ls)
  const rm = token
    .command('rm')
    .description('remove an API token')
    .argument('<id>', 'its id: the 16 digits after fbt_')
    .action(async (id: string, flags: TokenFlags) => {
      const { client } = await openClient(context, rm)
      await client.access.removeToken(id, { signal: context.signal })
      await printRecord(context, { record: { id }, sentence: `removed ${id}`, json: flags.json === true })
    })
  addClientFlags(rm)
}

async function addToken(context: CommandContext, command: Command, flags: TokenFlags): Promise<void> {
  const expiresAt = parseExpiry(flags.expires, context.environment.wallMs())
  const { client } = await openClient(context, command)
  const { user, level, description, only } = flags
  const buckets = only?.split(',')
  const given = { user, level, buckets, expiresAt, description }
  const { token, ...made } = await client.access.createToken(given, { signal: context.signal })
  await printRecord(context, { record: { ...toRecord(made), token }, sentence: token, json: flags.json === true })
}
