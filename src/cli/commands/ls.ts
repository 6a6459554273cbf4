// `frostbyte ls`: names of files, in the order of their bytes, page by page, so that the first ones come at once and a million cost
// no memory.

import type { Command } from 'commander'

import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { describeBytes } from '../figures.ts'
import type { FileInfo } from '../../sdk/index.ts'

interface LsFlags {
  readonly long?: true
  readonly null?: true
  readonly json?: true
  readonly after?: string
  readonly limit?: string
}

export function addLsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('ls')
    .description('list files')
    .argument('[prefix]', 'only names that begin with this', '')
    .option('-l, --long', 'with size and time')
    .option('-0, --null', 'end each name with a zero byte instead of a line feed')
    .option('--after <name>', 'only names after this one')
    .option('--limit <n>', 'at most so many')
    .action(async (prefix: string, flags: LsFlags) => listFiles(context, command, prefix, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte ls', 'every name'],
    ['frostbyte ls -l photos/', 'what begins with photos/, with size and time'],
    ['frostbyte ls --json | jq -r .[].filename', 'for programs: one JSON array'],
  ])
}

async function listFiles(context: CommandContext, command: Command, prefix: string, flags: LsFlags): Promise<void> {
  const { client } = await openClient(context, command)
  const writer = new OutputWriter(context.environment)
  const options = { after: flags.after, limit: parseLimit(flags.limit), signal: context.signal }
  if (flags.json === true) {
    await writeJson(writer, client.list(prefix, options))
  } else if (flags.long === true) {
    for await (const file of client.list(prefix, options)) await writer.line(describeFile(file))
  } else {
    for await (const name of client.listNames(prefix, options)) {
      await (flags.null === true ? writer.text(`${name}\0`) : writer.line(name))
    }
  }
  await writer.flush()
}

function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,14}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new UsageError(`--limit: "${text}" must be a whole number from 1.`)
}

function describeFile(file: FileInfo): string {
  const time = file.modifiedAt?.toISOString().replace(/\.\d+/, '') ?? ''
  return `${describeBytes(file.sizeBytes).padStart(9)}  ${time.padEnd(20)}  ${file.name}`
}

async function writeJson(writer: OutputWriter, files: AsyncIterable<FileInfo>): Promise<void> {
  let separator = '[\n'
  for await (const { name, sizeBytes, etag, modifiedAt } of files) {
    const entry = { filename: name, size: sizeBytes, etag, time: modifiedAt?.toISOString() ?? null }
    await writer.text(separator + JSON.stringify(entry))
    separator = ',\n'
  }
  await writer.text(separator === '[\n' ? '[]\n' : '\n]\n')
}
