// `frostbyte user`: users of the server, for administrators; and who oneself is.

import type { Command } from 'commander'

import { describeQuota, parseQuota } from '../access/quota.ts'
import { printRecord, printRecords, toRecord } from '../access/records.ts'
import { readSecret } from '../access/secret-input.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { addUserImportCommand } from './user-import.ts'

interface UserFlags {
  readonly role?: string
  readonly displayName?: string
  readonly canonicalId?: string
  readonly passwordStdin?: true
  readonly enable?: true
  readonly disable?: true
  readonly json?: true
}

const columns = ['name', 'role', 'enabled', 'displayName', 'created', 'usedBytes', 'quotaBytes']
const passwordStdin = 'the password is the first line of standard input (else FROSTBYTE_NEW_SECRET)'

export function addUserCommand(program: Command, context: CommandContext): void {
  const user = program.command('user').description('users of the server')
  const add = user
    .command('add')
    .description('make a user; without a password it signs in by keys and tokens only')
    .argument('<name>', '1 to 64 letters, digits or + = , . @ _ -')
    .option('--role <role>', 'what it may do everywhere: admin, writer, reader or none', 'none')
    .option('--display-name <text>', 'its name for people')
    .option('--canonical-id <digits>', 'of a user that is imported: 64 lower-case hex digits')
    .option('--password-stdin', passwordStdin)
    .action(async (name: string, flags: UserFlags) => addUser(context, add, name, flags))
  withExamples(addClientFlags(add), [
    ['frostbyte user add alice --role writer --password-stdin < password.txt', 'with a password'],
    ['frostbyte user add backup --role reader', 'that signs in by keys and tokens'],
  ])
  addUserImportCommand(user, context)
  const ls = user
    .command('ls')
    .description('list users: name, role, whether enabled, display name, when it was made, bytes in its buckets, quota')
    .action(async (flags: UserFlags) => {
      const { client } = await openClient(context, ls)
      const users = await Array.fromAsync(client.access.listUsers({ usage: true, signal: context.signal }), toRecord)
      await printRecords(context, users, { columns, json: flags.json === true })
    })
  addClientFlags(ls)
  const set = user
    .command('set')
    .description('change a user; what is not named stays')
    .argument('<name>')
    .option('--role <role>', 'what it may do everywhere: admin, writer, reader or none')
    .option('--display-name <text>', 'its name for people')
    .option('--password-stdin', passwordStdin)
    .option('--enable', 'it may sign in again')
    .option('--disable', 'it, its keys, tokens and links are refused')
    .action(async (name: string, flags: UserFlags) => changeUser(context, set, name, flags))
  withExamples(addClientFlags(set), [
    ['frostbyte user set alice --role reader', 'another role'],
    ['frostbyte user set alice --disable', 'nothing of it works any more, from now on'],
  ])
  addQuotaCommand(user, context)
  const rm = user
    .command('rm')
    .description('remove a user with its keys, tokens and grants; its share links end')
    .argument('<name>')
    .action(async (name: string, flags: UserFlags) => {
      const { client } = await openClient(context, rm)
      await client.access.removeUser(name, { signal: context.signal })
      await printRecord(context, { record: { name }, sentence: `removed ${name}`, json: flags.json === true })
    })
  addClientFlags(rm)
  addSelfCommands(user, context)
}

function addQuotaCommand(user: Command, context: CommandContext): void {
  const quota = user
    .command('quota')
    .description('tell what the buckets of a user may hold together, or limit it')
    .argument('<name>')
    .argument('[size]', 'the limit, as in 500GiB; none: there is none')
    .action(async (name: string, size: string | undefined, flags: UserFlags) => {
      const quotaBytes = size === undefined ? undefined : parseQuota(size)
      const { client } = await openClient(context, quota)
      const options = { signal: context.signal }
      if (quotaBytes !== undefined) await client.access.changeUser(name, { quotaBytes }, options)
      const found = await client.access.getUser(name, options)
      const sentence = `${name}: ${describeQuota(found.quotaBytes, found.usedBytes)}`
      await printRecord(context, { record: toRecord(found), sentence, json: flags.json === true })
    })
  withExamples(addClientFlags(quota), [
    ['frostbyte user quota alice 2TiB', 'over all buckets that she owns'],
    ['frostbyte user quota alice', 'what it is, and what is used'],
  ])
}

function addSelfCommands(user: Command, context: CommandContext): void {
  const self = user
    .command('self')
    .description('tell who the server takes you for')
    .action(async (flags: UserFlags) => {
      const { client } = await openClient(context, self)
      const { user: found, credential, credentialId } = await client.access.self({ signal: context.signal })
      const record = { user: found?.name, role: found?.role, credential, credentialId }
      const sentence =
        found === undefined ? 'anybody: access is open' : `${found.name}, ${found.role}, by ${credential}`
      await printRecord(context, { record, sentence, json: flags.json === true })
    })
  addClientFlags(self)
  const passwd = user
    .command('passwd')
    .description('change your own password')
    .option('--password-stdin', passwordStdin)
    .action(async (flags: UserFlags) => {
      const password = await readSecret(context.environment, flags.passwordStdin === true)
      if (password === undefined) throw new UsageError('There is no new password.', 'Give it with --password-stdin.')
      const { client } = await openClient(context, passwd)
      await client.access.changeOwnPassword(password, { signal: context.signal })
      await printRecord(context, { record: { changed: true }, sentence: 'changed', json: flags.json === true })
    })
  addClientFlags(passwd)
}

async function addUser(context: CommandContext, command: Command, name: string, flags: UserFlags): Promise<void> {
  const password = await readSecret(context.environment, flags.passwordStdin === true)
  const { client } = await openClient(context, command)
  const { role, displayName, canonicalId } = flags
  const given = { name, role, displayName, canonicalId, password }
  const made = await client.access.createUser(given, { signal: context.signal })
  const record = toRecord(made)
  await printRecord(context, { record, sentence: `made ${name}, ${made.role}`, json: flags.json === true })
}

async function changeUser(context: CommandContext, command: Command, name: string, flags: UserFlags): Promise<void> {
  if (flags.enable === true && flags.disable === true)
    throw new UsageError('--enable and --disable exclude each other.')
  const password = await readSecret(context.environment, flags.passwordStdin === true)
  const { client } = await openClient(context, command)
  const { role, displayName } = flags
  const enabled = flags.enable === true ? true : flags.disable === true ? false : undefined
  const change = { role, displayName, enabled, password }
  if (Object.values(change).every((value) => value === undefined)) throw new UsageError('There is nothing to change.')
  const changed = await client.access.changeUser(name, change, { signal: context.signal })
  const sentence = `${name}: ${changed.role}, ${changed.enabled ? 'enabled' : 'disabled'}`
  await printRecord(context, { record: toRecord(changed), sentence, json: flags.json === true })
}
