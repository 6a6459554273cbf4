// `frostbyte put`: uploads files, several at a time. A failure does not stop the rest; an interruption does, and what was not
// finished by then is not stored.

import type { Command } from 'commander'

import { fileSource, uploadVerified } from '../../sdk/node.ts'
import type { FileInfo, FrostByteClient } from '../../sdk/node.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter, reportFailure } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { describeBytes } from '../figures.ts'
import { ProgressDisplay } from '../progress.ts'
import { planUploads } from '../upload-plan.ts'
import type { PlannedUpload } from '../upload-plan.ts'

interface PutFlags {
  readonly name?: string
  readonly prefix?: string
  readonly recursive?: true
  readonly contentType?: string
  readonly ifAbsent?: true
  readonly ifVersion?: string
  readonly verify?: true
  readonly parallel?: string
  readonly json?: true
}

export function addPutCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('put')
    .description('upload files')
    .argument('<file...>', 'files; - is standard input')
    .option('-n, --name <name>', 'name to store one file under (default: the last part of its path)')
    .option('-p, --prefix <prefix>', 'what all names begin with')
    .option('-r, --recursive', 'also what lies below directories')
    .option('--content-type <type>', 'media type to store with the files')
    .option('--if-absent', 'only where there is no file of that name yet')
    .option('--if-version <version>', 'only where this is the newest version')
    .option('--verify', 'compare the checksum with the server’s afterwards')
    .option('--parallel <n>', 'how many files at once, 1 to 64 (default: 4)')
    .action(async (files: readonly string[], flags: PutFlags) => putFiles(context, command, files, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte put report.pdf', 'store it as report.pdf'],
    ['frostbyte put report.pdf --name 2026/report.pdf', 'store it under another name'],
    ['frostbyte put -r photos --prefix backup/', 'store photos/a.jpg as backup/photos/a.jpg'],
    ['tar c . | frostbyte put - --name site.tar', 'store what another program writes'],
  ])
}

async function putFiles(
  context: CommandContext,
  command: Command,
  files: readonly string[],
  flags: PutFlags,
): Promise<void> {
  if (flags.ifAbsent === true && flags.ifVersion !== undefined)
    throw new UsageError('--if-absent and --if-version exclude each other.')
  const lanes = parseParallel(flags.parallel ?? '4')
  const { client } = await openClient(context, command)
  const { environment } = context
  const recursive = flags.recursive === true
  const planned = await planUploads(files, {
    name: flags.name,
    prefix: flags.prefix,
    recursive,
    directory: environment.directory,
  })
  if (flags.ifVersion !== undefined && planned.length > 1) throw new UsageError('--if-version is for one file.')
  const totalBytes = planned.every(({ sizeBytes }) => sizeBytes !== undefined)
    ? planned.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
    : undefined
  const display = new ProgressDisplay(environment, { label: planned[0]?.name ?? '', totalBytes })
  try {
    await new Uploads({ context, client, flags, display }, planned).run(lanes)
  } finally {
    await display.close()
  }
}

function parseParallel(text: string): number {
  if (/^([1-9]|[1-5]\d|6[0-4])$/.test(text)) return Number(text)
  throw new UsageError(`--parallel: "${text}" must be a whole number from 1 to 64.`)
}

interface Parts {
  readonly context: CommandContext
  readonly client: FrostByteClient
  readonly flags: PutFlags
  readonly display: ProgressDisplay
}

class Uploads {
  readonly #parts: Parts
  readonly #planned: readonly PlannedUpload[]
  #begun = 0
  #done = 0

  constructor(parts: Parts, planned: readonly PlannedUpload[]) {
    this.#parts = parts
    this.#planned = planned
  }

  /** Resolves when all have ended; rejects when the first one did that must end the others too. */
  async run(lanes: number): Promise<void> {
    const length = Math.min(lanes, this.#planned.length)
    await Promise.all(Array.from({ length }, async () => this.#lane()))
  }

  async #lane(): Promise<void> {
    const { context, flags, display } = this.#parts
    for (let next = this.#planned[this.#begun++]; next !== undefined; next = this.#planned[this.#begun++]) {
      context.signal.throwIfAborted()
      try {
        const info = await this.#upload(next)
        display.label = this.#planned.length === 1 ? next.name : `${++this.#done} of ${this.#planned.length} files`
        await display.clear()
        await this.#report(info)
      } catch (error) {
        context.signal.throwIfAborted()
        if (this.#planned.length === 1) throw error
        await display.clear()
        await reportFailure(context, error, flags.json === true)
      }
    }
  }

  async #upload(planned: PlannedUpload): Promise<FileInfo> {
    const { context, client, flags, display } = this.#parts
    const source = planned.path === '-' ? context.environment.stdin() : await fileSource(planned.path)
    return uploadVerified(client, planned.name, source, {
      contentType: flags.contentType,
      ifAbsent: flags.ifAbsent,
      ifVersion: flags.ifVersion,
      verify: flags.verify,
      signal: context.signal,
      onProgress: ({ transferredBytes }) => display.update(planned.name, transferredBytes),
    })
  }

  async #report({ name, sizeBytes, etag, version }: FileInfo): Promise<void> {
    const { context, flags } = this.#parts
    const writer = new OutputWriter(context.environment)
    if (flags.json === true)
      await writer.text(`${JSON.stringify({ filename: name, size: sizeBytes, etag, version })}\n`)
    else await writer.line(`stored ${name} (${describeBytes(sizeBytes)})`)
    await writer.flush()
  }
}
