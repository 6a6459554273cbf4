// `frostbyte encryption-key`: the master keys under which objects are encrypted. No key itself is ever printed.

import type { Command } from 'commander'

import type { EncryptionKeyInfo } from '../../sdk/index.ts'
import { printRecord, printRecords, toRecord } from '../access/records.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'

interface KeyFlags {
  readonly alias?: readonly string[]
  readonly json?: true
}

const columns = ['id', 'enabled', 'generations', 'rotated', 'created', 'aliases']

export function addEncryptionKeyCommand(program: Command, context: CommandContext): void {
  const key = program.command('encryption-key').description('master keys under which objects are encrypted')
  const ls = key
    .command('ls')
    .description('list the keys: id, whether enabled, generations, when the newest was made, when the key was, aliases')
    .action(async (flags: KeyFlags) => {
      const { client } = await openClient(context, ls)
      const keys = await client.encryption.listKeys({ signal: context.signal })
      await printRecords(context, keys.map(recordOf), { columns, json: flags.json === true })
    })
  addClientFlags(ls)
  const add = key
    .command('add')
    .description('make a key that requests of S3 can name (SSE-KMS)')
    .argument('[id]', 'its id (default: drawn)')
    .option('--alias <name>', 'a further name of it, as alias/NAME; can be given several times', collect)
    .action(async (id: string | undefined, flags: KeyFlags) => {
      const { client } = await openClient(context, add)
      const made = await client.encryption.createKey({ id, aliases: flags.alias }, { signal: context.signal })
      await print(context, made, flags, `${made.id}  ${made.arn ?? ''}`)
    })
  withExamples(addClientFlags(add), [['frostbyte encryption-key add reports --alias alias/reports', 'for one bucket']])
  for (const [name, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    const command = key
      .command(name)
      .description(
        enabled
          ? 'let a key be used again'
          : 'let a key neither encrypt nor decrypt, so that what it encrypted cannot be read until it is enabled again',
      )
      .argument('<id>')
      .action(async (id: string, flags: KeyFlags) => {
        const { client } = await openClient(context, command)
        const changed = await client.encryption.setKeyEnabled(id, enabled, { signal: context.signal })
        await print(context, changed, flags, `${id}: ${enabled ? 'enabled' : 'disabled'}`)
      })
    addClientFlags(command)
  }
  const rotate = key
    .command('rotate')
    .description('encrypt with a new generation of a key from now on; what exists stays readable')
    .argument('<id>', '`sse-s3` is the one that encrypts where no key is named')
    .action(async (id: string, flags: KeyFlags) => {
      const { client } = await openClient(context, rotate)
      const rotated = await client.encryption.rotateKey(id, { signal: context.signal })
      await print(context, rotated, flags, `${id}: generation ${rotated.generations}`)
    })
  withExamples(addClientFlags(rotate), [['frostbyte encryption-key rotate sse-s3', 'a new key for what comes']])
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

async function print(
  context: CommandContext,
  key: EncryptionKeyInfo,
  flags: KeyFlags,
  sentence: string,
): Promise<void> {
  await printRecord(context, { record: recordOf(key), sentence, json: flags.json === true })
}

function recordOf({ rotatedAt, ...key }: EncryptionKeyInfo): ReturnType<typeof toRecord> {
  return toRecord({ ...key, rotated: rotatedAt })
}
