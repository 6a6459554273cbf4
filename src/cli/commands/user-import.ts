// `frostbyte user import`: users as another system names them, with their canonical ids, access keys and secrets. It can be run again:
// what is there already is left as it is, and said so. The list comes by standard input: it holds secrets.

import type { Command } from 'commander'

import { FrostByteError } from '../../sdk/index.ts'
import type { FrostByteClient, NewUser } from '../../sdk/index.ts'
import { printRecords } from '../access/records.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'

const listBytesMax = 16 * 1024 * 1024
const usersMax = 10_000

interface ImportedUser {
  readonly user: NewUser
  readonly key: { readonly id: string; readonly secret: string } | undefined
}

export function addUserImportCommand(user: Command, context: CommandContext): void {
  const command = user
    .command('import')
    .description('make the users of a list, with access keys that exist already; what is there is left as it is')
    .action(async (flags: { readonly json?: true }) => {
      const users = parseUsers(await readList(context))
      const { client } = await openClient(context, command)
      const rows = []
      for (const each of users) rows.push(await importUser(client, each, context.signal))
      const columns = ['name', 'user', 'accessKey', 'key']
      await printRecords(context, rows, { columns, json: flags.json === true })
    })
  withExamples(addClientFlags(command), [
    [
      'frostbyte user import < users.json',
      'a JSON array of {name, role, displayName, canonicalId, password, accessKey, secretKey}',
    ],
  ])
}

interface ImportRow {
  readonly [column: string]: string | undefined
  readonly name: string
  /** `made`, or `kept`: it was there. */
  readonly user: string
  readonly accessKey: string | undefined
  readonly key: string | undefined
}

async function importUser(
  { access }: FrostByteClient,
  { user, key }: ImportedUser,
  signal: AbortSignal,
): Promise<ImportRow> {
  const made = await unless('user-exists', access.createUser(user, { signal }), async () => {
    const { canonicalId } = user
    for await (const found of access.listUsers({ signal })) {
      if (found.name === user.name) return canonicalId === undefined || found.canonicalId === canonicalId
    }
    return false
  })
  const keyMade =
    key === undefined
      ? undefined
      : await unless('access-key-exists', access.createKey({ user: user.name, ...key }, { signal }), async () => {
          const found = await access.listKeys(user.name, { signal })
          return found.some(({ id }) => id === key.id)
        })
  return { name: user.name, user: made, accessKey: key?.id, key: keyMade }
}

/** `isSame`: whether what is there is what was to be made; else the error stands. */
async function unless(
  code: string,
  making: Promise<unknown>,
  isSame: () => Promise<boolean>,
): Promise<'made' | 'kept'> {
  try {
    await making
    return 'made'
  } catch (error) {
    if (error instanceof FrostByteError && error.code === code && (await isSame())) return 'kept'
    throw error
  }
}

async function readList({ environment }: CommandContext): Promise<string> {
  const slices: Uint8Array[] = []
  let length = 0
  for await (const slice of environment.stdin()) {
    slices.push(slice)
    length += slice.length
    if (length > listBytesMax) throw new UsageError(`The list is longer than ${listBytesMax} bytes.`)
  }
  return Buffer.concat(slices).toString('utf8')
}

/** Wrong entries are found before any user is made. @throws UsageError: names the entry and the field. */
function parseUsers(text: string): readonly ImportedUser[] {
  const list = parseJson(text)
  if (!Array.isArray(list)) throw new UsageError('Standard input holds no JSON array of users.', remedy)
  if (list.length > usersMax) throw new UsageError(`A list has at most ${usersMax} users.`, 'Cut it in parts.')
  return list.map((entry: unknown, index) => parseUser(entry, index + 1))
}

const remedy = 'Write [{"name": "alice", "accessKey": "…", "secretKey": "…", "canonicalId": "…", "displayName": "…"}].'
const fields = ['name', 'role', 'displayName', 'canonicalId', 'password', 'accessKey', 'secretKey']

function parseUser(entry: unknown, number: number): ImportedUser {
  if (typeof entry !== 'object' || entry === null) throw new UsageError(`Entry ${number} is no object.`, remedy)
  const given = new Map<string, unknown>(Object.entries(entry))
  for (const [field, value] of given) {
    if (!fields.includes(field)) throw new UsageError(`Entry ${number} has an unknown field ${field}.`, remedy)
    if (typeof value !== 'string') throw new UsageError(`${field} of entry ${number} is no text.`, remedy)
  }
  const text = (field: string): string | undefined => {
    const value = given.get(field)
    return typeof value === 'string' ? value : undefined
  }
  const [name, id, secret] = [text('name'), text('accessKey'), text('secretKey')]
  const role = parseRole(text('role') ?? 'none', number)
  if (name === undefined) throw new UsageError(`Entry ${number} has no name.`, remedy)
  if ((id === undefined) !== (secret === undefined))
    throw new UsageError(`Entry ${number} has only one of accessKey and secretKey.`, remedy)
  const user = { name, role, displayName: text('displayName'), canonicalId: text('canonicalId') }
  const key = id === undefined || secret === undefined ? undefined : { id, secret }
  return { user: { ...user, password: text('password') }, key }
}

function parseRole(text: string, number: number): string {
  if (['admin', 'writer', 'reader', 'none'].includes(text)) return text
  throw new UsageError(`role of entry ${number} is none of admin, writer, reader and none.`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
