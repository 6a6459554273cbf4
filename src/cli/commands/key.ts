// `frostbyte key`: access keys, for S3 and for Basic authentication. A secret is printed when its key is made, and never again.

import type { Command } from 'commander'

import { parseExpiry } from '../access/expiry.ts'
import { printRecord, printRecords, toRecord } from '../access/records.ts'
import { readSecret } from '../access/secret-input.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'

interface KeyFlags {
  readonly user?: string
  readonly expires?: string
  readonly description?: string
  readonly secretStdin?: true
  readonly json?: true
}

const columns = ['id', 'user', 'enabled', 'expires', 'created', 'description']
const ofUser = 'that of this user, for administrators (default: your own)'

export function addKeyCommand(program: Command, context: CommandContext): void {
  const key = program.command('key').description('access keys, for S3 and for Basic authentication')
  const add = key
    .command('add')
    .description('make an access key, and print its id and its secret, this once')
    .option('--user <name>', ofUser)
    .option('--expires <time>', 'when it ends: 24h, 30d, or 2027-01-31T12:00:00Z (default: never)')
    .option('--description <text>', 'what it is for')
    .action(async (flags: KeyFlags) => addKey(context, add, flags, {}))
  withExamples(addClientFlags(add), [['frostbyte key add --user backup --expires 90d', 'for somebody else']])
  const imported = key
    .command('import')
    .description('store an access key whose id and secret exist already')
    .argument('<id>', 'its id')
    .option('--secret-stdin', 'the secret is the first line of standard input (else FROSTBYTE_NEW_SECRET)')
    .option('--user <name>', ofUser)
    .option('--expires <time>', 'when it ends: 24h, 30d, or 2027-01-31T12:00:00Z (default: never)')
    .option('--description <text>', 'what it is for')
    .action(async (id: string, flags: KeyFlags) => {
      const secret = await readSecret(context.environment, flags.secretStdin === true)
      if (secret === undefined) throw new UsageError('There is no secret.', 'Give it with --secret-stdin.')
      await addKey(context, imported, flags, { id, secret })
    })
  withExamples(addClientFlags(imported), [
    ['frostbyte key import AKIAEXAMPLE --user alice --secret-stdin < secret.txt', 'from another system'],
  ])
  const ls = key
    .command('ls')
    .description('list access keys: id, user, whether enabled, when it ends, when it was made, what it is for')
    .option('--user <name>', 'those of this user, for administrators (default: your own)')
    .action(async (flags: KeyFlags) => {
      const { client } = await openClient(context, ls)
      const keys = await client.access.listKeys(flags.user, { signal: context.signal })
      await printRecords(context, keys.map(toRecord), { columns, json: flags.json === true })
    })
  addClientFlags(ls)
  for (const [name, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    const command = key
      .command(name)
      .description(enabled ? 'let an access key be used again' : 'refuse an access key from now on')
      .argument('<id>')
      .action(async (id: string, flags: KeyFlags) => {
        const { client } = await openClient(context, command)
        const changed = await client.access.changeKey(id, { enabled }, { signal: context.signal })
        const sentence = `${id}: ${enabled ? 'enabled' : 'disabled'}`
        await printRecord(context, { record: toRecord(changed), sentence, json: flags.json === true })
      })
    addClientFlags(command)
  }
  const rm = key
    .command('rm')
    .description('remove an access key')
    .argument('<id>')
    .action(async (id: string, flags: KeyFlags) => {
      const { client } = await openClient(context, rm)
      await client.access.removeKey(id, { signal: context.signal })
      await printRecord(context, { record: { id }, sentence: `removed ${id}`, json: flags.json === true })
    })
  addClientFlags(rm)
}

async function addKey(
  context: CommandContext,
  command: Command,
  flags: KeyFlags,
  given: { readonly id?: string; readonly secret?: string },
): Promise<void> {
  const expiresAt = parseExpiry(flags.expires, context.environment.wallMs())
  const { client } = await openClient(context, command)
  const { user, description } = flags
  const { secret, ...made } = await client.access.createKey(
    { user, description, expiresAt, ...given },
    { signal: context.signal },
  )
  // A secret that was given is not printed: who gave it has it.
  const isDrawn = given.secret === undefined
  const record = isDrawn ? { ...toRecord(made), secret } : toRecord(made)
  const sentence = isDrawn ? `${made.id}  ${secret}` : `stored ${made.id}`
  await printRecord(context, { record, sentence, json: flags.json === true })
}
