// What a command has at hand besides its own flags: the world, the end of its time, and a client for the server that is meant.

import type { Command } from 'commander'

import { FrostByteClient } from '../sdk/index.ts'
import { loadRoleConfig } from './command-config.ts'
import { loadCredentials } from './credentials.ts'
import { addConfigFlags } from './config/flags.ts'
import type { ClientConfig } from './config/options.ts'
import type { CliEnvironment } from './environment.ts'
import { describeFailure, exitCodeOfFailure, formatFailure } from './failure.ts'
import { escapeText } from './terminal-text.ts'

export interface CommandContext {
  readonly environment: CliEnvironment
  /** Aborted at the first SIGINT or SIGTERM, for commands that end by it. */
  readonly signal: AbortSignal
  /** What the process ends with where the command resolves. */
  exitCode: number
}

export interface ClientSession {
  readonly client: FrostByteClient
  readonly config: ClientConfig
}

/** `askedAgain`: the command itself asks again after a failure, so the client does not. */
export async function openClient(
  context: CommandContext,
  command: Command,
  options: { readonly askedAgain?: boolean } = {},
): Promise<ClientSession> {
  const config = await loadRoleConfig('client', command, context.environment)
  const { url, bucket, timeoutMs, attemptsMax } = config
  const credentials = await loadCredentials(config)
  if (config.caFile !== undefined) await (await import('../sdk/node.ts')).trustCaFile(config.caFile)
  const retries = { attemptsMax: options.askedAgain === true ? 1 : attemptsMax }
  const client = new FrostByteClient({ url, bucket, timeoutMs, retries, ...credentials })
  return { client, config }
}

/** The flags of every client command. */
export function addClientFlags(command: Command): Command {
  return addConfigFlags(command.option('--json', 'print JSON, for programs'), 'client')
}

/** Standard output, in pieces of some size: a line at a time would cost a system call each. */
export class OutputWriter {
  readonly #environment: CliEnvironment
  #pending = ''

  constructor(environment: CliEnvironment) {
    this.#environment = environment
  }

  /** A line for people: names in it are harmless on a terminal; elsewhere they are as they are. */
  async line(text: string): Promise<void> {
    await this.text(`${this.#environment.stdout.isTerminal ? escapeText(text) : text}\n`)
  }

  async text(text: string): Promise<void> {
    this.#pending += text
    if (this.#pending.length >= 16 * 1024) await this.flush()
  }

  async flush(): Promise<void> {
    const pending = this.#pending
    this.#pending = ''
    if (pending !== '') await this.#environment.stdout.write(pending)
  }
}

/** Tells a failure that does not end the command, and remembers it in the exit code. */
export async function reportFailure(context: CommandContext, error: unknown, json: boolean): Promise<void> {
  const failure = describeFailure(error)
  if (context.exitCode === 0) context.exitCode = exitCodeOfFailure(failure)
  await context.environment.stderr.write(`${formatFailure(failure, { json })}\n`)
}
