// `frostbyte share`: links by which anybody reads one file.

import type { Command } from 'commander'

import { parseExpiry } from '../access/expiry.ts'
import type { ShareLinkInfo } from '../../sdk/index.ts'
import { printRecord, printRecords, toRecord } from '../access/records.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'

interface ShareFlags {
  readonly expires?: string
  readonly uses?: string
  readonly json?: true
}

const columns = ['id', 'user', 'bucket', 'filename', 'expires', 'uses', 'usesMax', 'revoked']

export function addShareCommand(program: Command, context: CommandContext): void {
  const share = program.command('share').description('links by which anybody reads one file')
  const add = share
    .command('add')
    .description('make a link to a file, and print it, this once')
    .argument('<name>', 'the file')
    .option('--expires <time>', 'when it ends: 24h, 30d, or 2027-01-31T12:00:00Z (default: in seven days)')
    .option('--uses <n>', 'how often it can be used (default: without limit)')
    .action(async (name: string, flags: ShareFlags) => addLink(context, add, name, flags))
  withExamples(addClientFlags(add), [
    ['frostbyte share add report.pdf', 'for seven days'],
    ['frostbyte share add report.pdf --expires 1h --uses 1', 'for one download'],
  ])
  const ls = share
    .command('ls')
    .description('list links: id, user, bucket, file, when it ends, uses, most uses, whether revoked')
    .action(async (flags: ShareFlags) => {
      const { client } = await openClient(context, ls)
      const links = client.access.listShareLinks({ signal: context.signal })
      const records = await Array.fromAsync(links, describe)
      await printRecords(context, records, { columns, json: flags.json === true })
    })
  addClientFlags(ls)
  const rm = share
    .command('rm')
    .description('revoke a link')
    .argument('<id>', 'as listed')
    .action(async (id: string, flags: ShareFlags) => {
      const { client } = await openClient(context, rm)
      await client.access.revokeShareLink(id, { signal: context.signal })
      await printRecord(context, { record: { id }, sentence: `revoked ${id}`, json: flags.json === true })
    })
  addClientFlags(rm)
}

async function addLink(context: CommandContext, command: Command, name: string, flags: ShareFlags): Promise<void> {
  const expiresAt = parseExpiry(flags.expires, context.environment.wallMs())
  if (flags.uses !== undefined && !/^[1-9]\d{0,9}$/.test(flags.uses))
    throw new UsageError(`--uses: "${flags.uses}" must be a whole number from 1.`)
  const uses = flags.uses === undefined ? undefined : Number(flags.uses)
  const { client } = await openClient(context, command)
  const made = await client.access.createShareLink(name, { expiresAt, uses }, { signal: context.signal })
  await printRecord(context, { record: describe(made), sentence: made.url, json: flags.json === true })
}

function describe({ name, ...link }: ShareLinkInfo): ReturnType<typeof toRecord> {
  return { filename: name, ...toRecord(link) }
}
