// `frostbyte grant`: what single users may do in single buckets, beside their role.

import type { Command } from 'commander'

import { printRecord, printRecords, toRecord } from '../access/records.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'

interface GrantFlags {
  readonly user?: string
  readonly json?: true
}

const columns = ['user', 'bucket', 'level', 'created']

export function addGrantCommand(program: Command, context: CommandContext): void {
  const grant = program.command('grant').description('what single users may do in a bucket')
  const add = grant
    .command('add')
    .description('grant a user a level in the bucket, in the place of what it was granted there before')
    .argument('<user>')
    .argument('<level>', 'read, write or admin; each includes those before it')
    .action(async (user: string, level: string, flags: GrantFlags) => {
      const { client, config } = await openClient(context, add)
      await client.access.grant(user, config.bucket, level, { signal: context.signal })
      const record = { user, bucket: config.bucket, level }
      const sentence = `${user} may ${level} in ${config.bucket}`
      await printRecord(context, { record, sentence, json: flags.json === true })
    })
  withExamples(addClientFlags(add), [['frostbyte grant add alice write --bucket photos', 'one user, one bucket']])
  const ls = grant
    .command('ls')
    .description('list grants on the bucket: user, bucket, level, when it was made')
    .option('--user <name>', 'all of this user instead')
    .action(async (flags: GrantFlags) => {
      const { client } = await openClient(context, ls)
      const grants = await client.access.listGrants({ user: flags.user }, { signal: context.signal })
      await printRecords(context, grants.map(toRecord), { columns, json: flags.json === true })
    })
  addClientFlags(ls)
  const rm = grant
    .command('rm')
    .description('take a grant on the bucket back')
    .argument('<user>')
    .action(async (user: string, flags: GrantFlags) => {
      const { client, config } = await openClient(context, rm)
      await client.access.removeGrant(user, config.bucket, { signal: context.signal })
      const record = { user, bucket: config.bucket }
      await printRecord(context, {
        record,
        sentence: `${user} has no grant on ${config.bucket}`,
        json: flags.json === true,
      })
    })
  addClientFlags(rm)
}
