// `frostbyte bucket`: buckets of the server, what they hold, their versioning, owners and quotas.

import type { Command } from 'commander'

import type { BucketInfo } from '../../sdk/index.ts'
import { describeQuota, parseQuota } from '../access/quota.ts'
import { printRecord, printRecords, toRecord } from '../access/records.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'

interface BucketFlags {
  readonly versioning?: string
  readonly owner?: string
  readonly json?: true
}

const columns = ['name', 'owner', 'versioning', 'files', 'usedBytes', 'quotaBytes', 'created']

export function addBucketCommand(program: Command, context: CommandContext): void {
  const bucket = program.command('bucket').description('buckets of the server')
  const add = bucket
    .command('add')
    .description('make a bucket; it is yours')
    .argument('<name>', '3 to 63 lower-case letters, digits, dots and hyphens')
    .action(async (name: string, flags: BucketFlags) => {
      const { client } = await openClient(context, add)
      await client.createBucket(name, { signal: context.signal })
      await printRecord(context, { record: { name }, sentence: `made ${name}`, json: flags.json === true })
    })
  addClientFlags(add)
  const ls = bucket
    .command('ls')
    .description('list buckets: name, owner, versioning, files, bytes of all versions, quota, when it was made')
    .action(async (flags: BucketFlags) => {
      const { client } = await openClient(context, ls)
      const buckets = await client.listBuckets({ usage: true, signal: context.signal })
      await printRecords(context, buckets.map(toRecord), { columns, json: flags.json === true })
    })
  addClientFlags(ls)
  const set = bucket
    .command('set')
    .description('change a bucket; what is not named stays')
    .argument('<name>')
    .option('--versioning <state>', 'enabled: older versions are kept; suspended: no more from now on')
    .option('--owner <user>', 'whose it is, and by whose quota it is counted; for administrators')
    .action(async (name: string, flags: BucketFlags) => changeBucket(context, set, name, flags))
  withExamples(addClientFlags(set), [
    ['frostbyte bucket set photos --versioning enabled', 'nothing is lost by overwriting'],
    ['frostbyte bucket set photos --owner alice', 'it counts for her quota'],
  ])
  addQuotaCommand(bucket, context)
  const rm = bucket
    .command('rm')
    .description('remove an empty bucket, with its settings and grants')
    .argument('<name>')
    .action(async (name: string, flags: BucketFlags) => {
      const { client } = await openClient(context, rm)
      await client.removeBucket(name, { signal: context.signal })
      await printRecord(context, { record: { name }, sentence: `removed ${name}`, json: flags.json === true })
    })
  addClientFlags(rm)
}

function addQuotaCommand(bucket: Command, context: CommandContext): void {
  const quota = bucket
    .command('quota')
    .description('tell what a bucket may hold, or limit it: all versions, and parts of unfinished uploads')
    .argument('<name>')
    .argument('[size]', 'the limit, as in 500GiB; none: there is none')
    .action(async (name: string, size: string | undefined, flags: BucketFlags) => {
      const quotaBytes = size === undefined ? undefined : parseQuota(size)
      const { client } = await openClient(context, quota)
      const options = { signal: context.signal }
      const found =
        quotaBytes === undefined
          ? (await client.listBuckets({ ...options, usage: true })).find((one) => one.name === name)
          : await client.changeBucket(name, { quotaBytes }, options)
      if (found === undefined) throw new UsageError(`There is no bucket ${name} that you may see.`)
      await printBucket(context, found, flags)
    })
  withExamples(addClientFlags(quota), [
    ['frostbyte bucket quota photos 500GiB', 'what would be more is refused'],
    ['frostbyte bucket quota photos', 'what it is, and what is used'],
    ['frostbyte bucket quota photos none', 'no limit'],
  ])
}

async function changeBucket(
  context: CommandContext,
  command: Command,
  name: string,
  flags: BucketFlags,
): Promise<void> {
  const { versioning, owner } = flags
  if (versioning === undefined && owner === undefined) throw new UsageError('There is nothing to change.')
  if (versioning !== undefined && versioning !== 'enabled' && versioning !== 'suspended')
    throw new UsageError(`"${versioning}" is no state of versioning.`, 'Give enabled or suspended.')
  const { client } = await openClient(context, command)
  const changed = await client.changeBucket(name, { versioning, owner }, { signal: context.signal })
  await printBucket(context, changed, flags)
}

async function printBucket(context: CommandContext, bucket: BucketInfo, { json }: BucketFlags): Promise<void> {
  const { name, owner = 'nobody', versioning = 'off', quotaBytes, usedBytes } = bucket
  const sentence = `${name}: owned by ${owner}, versioning ${versioning}, ${describeQuota(quotaBytes, usedBytes)}`
  await printRecord(context, { record: toRecord(bucket), sentence, json: json === true })
}
