// `frostbyte get`: downloads a file. It appears under its final name whole or not at all; standard output gets the bytes as they come.

import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import type { Command } from 'commander'

import { downloadFile, parseByteRange } from '../../sdk/node.ts'
import type { ByteRange, DownloadOptions, FileInfo, FrostByteClient } from '../../sdk/node.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { describeBytes } from '../figures.ts'
import { ProgressDisplay } from '../progress.ts'

interface GetFlags {
  readonly range?: string
  readonly verify?: true
  readonly json?: true
}

export function addGetCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('get')
    .description('download a file')
    .argument('<name>', 'name of the file')
    .argument('[target]', 'file or directory to write to; - is standard output (default: the last part of the name)')
    .option('--range <first-last>', 'only these bytes: 0-99, 100-, or -50 for the last 50')
    .option('--verify', 'compare the checksum with the server’s before the file appears')
    .action(async (name: string, target: string | undefined, flags: GetFlags) =>
      getFile(context, command, { name, target }, flags),
    )
  withExamples(addClientFlags(command), [
    ['frostbyte get report.pdf', 'write ./report.pdf'],
    ['frostbyte get 2026/report.pdf reports/', 'write reports/report.pdf'],
    ['frostbyte get site.tar - | tar x', 'hand the bytes to another program'],
    ['frostbyte get video.mp4 part --range 0-1048575', 'the first MiB'],
  ])
}

interface Wanted {
  readonly name: string
  readonly target: string | undefined
}

async function getFile(context: CommandContext, command: Command, wanted: Wanted, flags: GetFlags): Promise<void> {
  const range = parseRange(flags.range)
  if (flags.verify === true && range !== undefined)
    throw new UsageError('--verify is for the whole file, without --range.')
  if (flags.verify === true && wanted.target === '-')
    throw new UsageError('--verify is for a file, not standard output.')
  const { client } = await openClient(context, command)
  const { environment, signal } = context
  const path = wanted.target === '-' ? undefined : await targetPath(wanted, environment.directory)
  const display = new ProgressDisplay(environment, { label: wanted.name, totalBytes: undefined })
  const options: DownloadOptions = { range, signal, onProgress: (progress) => display.show(wanted.name, progress) }
  try {
    if (path === undefined) return await writeOut(client, wanted.name, options, context)
    const info = await downloadFile(client, wanted.name, path, { ...options, verify: flags.verify })
    await display.close()
    return await report(context, { info, path, isPart: range !== undefined }, flags)
  } finally {
    await display.close()
  }
}

function parseRange(text: string | undefined): ByteRange | undefined {
  if (text === undefined) return undefined
  const range = parseByteRange(text)
  if (range !== undefined) return range
  throw new UsageError(
    `--range: "${text}" is no range.`,
    'Write FIRST-LAST, FIRST- or -LAST_N, counted from 0, as in 0-99.',
  )
}

/** The last part of the name, where it can be a file's name here; else the caller has to choose. */
async function targetPath({ name, target }: Wanted, directory: string): Promise<string> {
  const last = name.slice(name.lastIndexOf('/') + 1)
  const isUsable = last !== '' && last !== '.' && last !== '..' && !/[\p{Cc}\\]/u.test(last)
  const path = target === undefined ? undefined : resolve(directory, target)
  const isDirectory =
    path !== undefined &&
    (target?.endsWith('/') === true || (await stat(path).catch(() => undefined))?.isDirectory() === true)
  if (path !== undefined && !isDirectory) return path
  if (isUsable) return join(path ?? directory, last)
  throw new UsageError(
    `"${name}" does not end in something that can be the name of a file here.`,
    'Name the target too.',
  )
}

async function writeOut(
  client: FrostByteClient,
  name: string,
  options: DownloadOptions,
  context: CommandContext,
): Promise<void> {
  const { stream } = await client.download(name, options)
  for await (const slice of stream) await context.environment.stdout.write(slice)
}

interface Got {
  readonly info: FileInfo
  readonly path: string
  readonly isPart: boolean
}

async function report(context: CommandContext, { info, path, isPart }: Got, flags: GetFlags): Promise<void> {
  const writer = new OutputWriter(context.environment)
  const { name, sizeBytes, etag } = info
  const size = (await stat(path)).size
  if (flags.json === true)
    await writer.text(`${JSON.stringify({ filename: name, path, bytes: size, size: sizeBytes, etag })}\n`)
  else await writer.line(`wrote ${path} (${describeBytes(size)}${isPart ? ` of ${describeBytes(sizeBytes)}` : ''})`)
  await writer.flush()
}
