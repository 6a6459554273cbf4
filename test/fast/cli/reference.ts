// The parts of docs/reference/ that follow from the code: the tables of options and exit codes, and the help of each command.

import { exitCodes } from '../../../src/cli/exit-codes.ts'
import { roles, variableOf } from '../../../src/cli/config/option.ts'
import type { AnyOption, Role } from '../../../src/cli/config/option.ts'
import { options } from '../../../src/cli/config/options.ts'
import { runCli } from '../../../src/cli/run.ts'
import { FakeEnvironment } from '../../../src/cli/testing/fake-environment.ts'

const clientNames = [
  'put',
  'get',
  'ls',
  'rm',
  'stat',
  'status',
  'drain',
  'forget',
  'repair',
  'scrub',
  'verify',
  'rebuild-metadata',
  'bucket',
  'user',
  'key',
  'token',
  'grant',
  'share',
  'bench',
]
/** Of commands that are made of others. */
const parts: Readonly<Record<string, readonly string[]>> = {
  bucket: ['add', 'ls', 'set', 'quota', 'rm'],
  user: ['add', 'import', 'ls', 'set', 'quota', 'rm', 'self', 'passwd'],
  key: ['add', 'import', 'ls', 'enable', 'disable', 'rm'],
  token: ['add', 'ls', 'rm'],
  grant: ['add', 'ls', 'rm'],
  share: ['add', 'ls', 'rm'],
}
const commandNames = [
  'up',
  'master',
  'worker',
  'certs',
  'migrate-metadata',
  ...clientNames.flatMap((name) => [name, ...(parts[name] ?? []).map((part) => `${name} ${part}`)]),
  'backup-metadata',
  'restore-metadata',
]

const roleNames: Readonly<Record<Role, string>> = {
  up: 'up',
  master: 'master',
  worker: 'worker',
  migrate: 'migrate-metadata',
  client: clientNames.join(', '),
}

/** One section an option, in the order of the table. */
export function renderOptions(): string {
  return Object.values<AnyOption>(options)
    .filter(({ isHidden }) => !isHidden)
    .map(renderOption)
    .join('\n')
}

function renderOption(option: AnyOption): string {
  const { name, alias, kind, absence, summary, sources } = option
  const value = kind.placeholder === undefined ? '' : ` <${kind.placeholder}>`
  const ways = [
    ...(sources.includes('flag') ? [`\`--${name}${value}\``] : []),
    ...(sources.includes('flag') && alias !== undefined ? [`\`--${alias}${value}\``] : []),
    ...(sources.includes('variable') ? [`\`${variableOf(option)}\``] : []),
    ...(sources.includes('file') ? [`\`${name}:\` in the file`] : []),
  ]
  const readers = roles.filter((role) => option.roles.includes(role)).map((role) => roleNames[role])
  return [
    `### ${name}`,
    '',
    summary,
    '',
    `- given as: ${ways.join(' · ')}`,
    `- value: ${kind.expects}`,
    `- default: ${absence.kind === 'none' ? absence.meaning : defaultsOf(absence)}`,
    `- read by: ${readers.join(', ')}`,
    '',
  ].join('\n')
}

function defaultsOf(absence: Extract<AnyOption['absence'], { readonly kind: 'value' }>): string {
  const others = Object.entries(absence.byRole).map(([role, text]) => `; ${role}: \`${text}\``)
  return `\`${absence.text}\`${others.join('')}`
}

export function renderExitCodes(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |\n`)
  return `| code | meaning |\n| --- | --- |\n${rows.join('')}`
}

export async function renderCommands(): Promise<string> {
  const sections = await Promise.all(
    commandNames.map(async (name) => `## ${name}\n\n\`\`\`text\n${(await helpOf(name)).trimEnd()}\n\`\`\`\n`),
  )
  return sections.join('\n')
}

async function helpOf(name: string): Promise<string> {
  const environment = new FakeEnvironment()
  const nothing = async (): Promise<void> => undefined
  const handlers = { up: nothing, master: nothing, worker: nothing, migrate: nothing }
  const never = async (): Promise<never> => await Promise.reject(new Error('only asked for its help'))
  const backups = { backupMetadata: never, restoreMetadata: never }
  await runCli([...name.split(' '), '--help'], { handlers, backups, version: '', environment })
  return environment.stdout.text
}

/** Puts `text` between the two marks called `name`; a document without them is a mistake. */
export function replacePart(document: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name}: from the code -->\n`, `<!-- end of ${name} -->`]
  const from = document.indexOf(start)
  const to = document.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the document has no part called ${name}`)
  return `${document.slice(0, from + start.length)}\n${text.trim()}\n\n${document.slice(to)}`
}
