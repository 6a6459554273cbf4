// `frostbyte verify`: has the workers read every piece of every block of a file, or of all files, check it and say what they found.
// Reading a file proves that it can be read; this proves that all of its redundancy is there.

import type { Command } from 'commander'

import { FrostByteError } from '../../sdk/index.ts'
import type { FrostByteClient } from '../../sdk/index.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter, reportFailure } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-codes.ts'
import { UsageError } from '../failure.ts'
import { countOf } from '../health/obstacles.ts'
import { verifyFile } from '../health/verify-file.ts'
import type { FileVerdict } from '../health/verify-file.ts'
import { NoteLine } from '../note-line.ts'

interface VerifyFlags {
  readonly all?: true
  readonly prefix?: string
  readonly json?: true
}

export function addVerifyCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('verify')
    .description('have every piece of a file, or of all files, read and checked by the workers')
    .argument('[name]', 'name of the file')
    .option('--all', 'all files of the bucket')
    .option('--prefix <text>', 'all files whose names begin with this')
    .action(async (name: string | undefined, flags: VerifyFlags) => verify(context, command, name, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte verify report.pdf', 'one file: every chunk and every parity piece'],
    ['frostbyte verify --all', 'every file; ends with 7 where a piece is missing, damaged or cannot be read'],
    ['frostbyte verify --prefix photos/ --json', 'for programs: one object a line for each file'],
  ])
}

async function verify(
  context: CommandContext,
  command: Command,
  name: string | undefined,
  flags: VerifyFlags,
): Promise<void> {
  const isMany = flags.all === true || flags.prefix !== undefined
  if ((name === undefined) !== isMany) throw new UsageError('Name one file, or say --all or --prefix.')
  const { client, config } = await openClient(context, command)
  const run = new Verification(context, client, { json: flags.json === true, bucket: config.bucket })
  try {
    if (name !== undefined) return await run.one(name)
    for await (const found of client.listNames(flags.prefix ?? '', { signal: context.signal }))
      await run.oneOfMany(found)
  } finally {
    await run.end()
  }
  await run.summarize()
}

class Verification {
  readonly #context: CommandContext
  readonly #client: FrostByteClient
  readonly #options: { readonly json: boolean; readonly bucket: string }
  readonly #writer: OutputWriter
  readonly #line: NoteLine
  #files = 0
  #gone = 0
  #failed = 0
  #good = 0
  #problems = 0

  constructor(
    context: CommandContext,
    client: FrostByteClient,
    options: { readonly json: boolean; readonly bucket: string },
  ) {
    this.#context = context
    this.#client = client
    this.#options = options
    this.#writer = new OutputWriter(context.environment)
    this.#line = new NoteLine(context.environment, { terminalOnly: true })
  }

  /** @throws FrostByteError `file-not-found`, and whatever the server says. */
  async one(name: string): Promise<void> {
    const verdict = await this.#verify(name)
    if (verdict === undefined) {
      throw new FrostByteError('file-not-found', `There is no file "${name}".`, { remedy: 'Look at frostbyte ls.' })
    }
    await this.#tell(name, verdict)
    if (!this.#options.json) await this.#writer.line(`${name}: ${this.#counts()}`)
  }

  /** A file that was deleted since it was listed is none; one that cannot be verified does not keep the others. */
  async oneOfMany(name: string): Promise<void> {
    try {
      const verdict = await this.#verify(name)
      if (verdict === undefined) this.#gone++
      else await this.#tell(name, verdict)
    } catch (error) {
      if (!(error instanceof FrostByteError) || error.code === 'network-failed' || error.code === 'timed-out')
        throw error
      this.#failed++
      await this.#line.clear()
      await this.#writer.flush()
      await reportFailure(this.#context, error, this.#options.json)
    }
  }

  async summarize(): Promise<void> {
    if (this.#options.json) return
    const others = [
      ...(this.#failed > 0 ? [`${countOf(this.#failed, 'file')} could not be verified`] : []),
      ...(this.#gone > 0 ? [`${countOf(this.#gone, 'file')} deleted meanwhile`] : []),
    ].map((text) => `; ${text}`)
    await this.#writer.line(`${countOf(this.#files, 'file')}: ${this.#counts()}${others.join('')}`)
    await this.#writer.flush()
  }

  async end(): Promise<void> {
    await this.#line.clear()
    await this.#writer.flush()
  }

  async #verify(name: string): Promise<FileVerdict | undefined> {
    const onPage = async (pieces: number, problems: number): Promise<void> => {
      const all = `${countOf(this.#files, 'file')} done, ${countOf(this.#good + this.#problems + pieces, 'piece')} read`
      await this.#line.show(`${all}, ${countOf(this.#problems + problems, 'problem')}: ${name}`)
    }
    return verifyFile(this.#client, name, { signal: this.#context.signal, watcher: { onPage } })
  }

  async #tell(name: string, verdict: FileVerdict): Promise<void> {
    this.#files++
    this.#good += verdict.good
    this.#problems += verdict.problemCount
    if (verdict.problemCount > 0) {
      this.#context.exitCode = exitCodes.damaged.code
      await this.#line.clear()
    }
    if (this.#options.json) {
      const { version, sizeBytes: size, blocks, good, problems, problemCount } = verdict
      const told = { filename: name, bucket: this.#options.bucket, version, size, blocks, good, problemCount, problems }
      await this.#writer.text(`${JSON.stringify(told)}\n`)
      return
    }
    for (const { block, column, worker, state } of verdict.problems) {
      await this.#writer.line(`${state}: block ${block} column ${column} on worker ${worker} of ${name}`)
    }
    const more = verdict.problemCount - verdict.problems.length
    if (more > 0) await this.#writer.line(`and ${countOf(more, 'more problem')} of ${name}`)
  }

  #counts(): string {
    if (this.#problems === 0) return `${countOf(this.#good, 'piece')} read and good`
    return `${countOf(this.#problems, 'problem')}, ${countOf(this.#good, 'piece')} read and good`
  }
}
