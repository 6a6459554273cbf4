// Runs one command line from its first word to an exit code. Every failure ends here as one line (or one JSON object) on standard
// error. The first SIGINT or SIGTERM aborts a client command, which then ends in good order within bounded time; the second ends
// the process at once. Commands that serve handle signals themselves.

import { CommanderError } from 'commander'

import type { CommandContext } from './command-context.ts'
import type { BackupHandlers } from './commands/backup.ts'
import { addServeCommands } from './commands/serve.ts'
import type { ServerHandlers } from './commands/serve.ts'
import { nodeEnvironment, OutputClosed } from './environment.ts'
import type { CliEnvironment } from './environment.ts'
import { exitCodes } from './exit-codes.ts'
import { createProgram } from './program.ts'

export interface RunOptions {
  readonly handlers: ServerHandlers
  /** What works on a data directory; without it there are no such commands. */
  readonly backups?: BackupHandlers
  /** Of the program. */
  readonly version: string
  /** Default: the real one. */
  readonly environment?: CliEnvironment
}

/** An interrupted command that has not ended by then is ended from outside. */
const interruptedMaxMs = 3000

/** For these nothing of the clients is loaded. */
const servers: ReadonlySet<string> = new Set(['up', 'master', 'worker'])

/** `args` are without the program's name. Resolves to what the process shall end with. */
export async function runCli(args: readonly string[], options: RunOptions): Promise<number> {
  const environment = options.environment ?? nodeEnvironment()
  const interruption = servers.has(args[0] ?? '') ? undefined : new Interruption(environment)
  try {
    return await runCommand(args, options, { environment, signal: interruption?.signal })
  } catch (error) {
    if (error instanceof OutputClosed) return exitCodes.done.code
    if (interruption?.exitCode !== undefined) return await interruption.end()
    const { describeFailure, exitCodeOfFailure, formatFailure } = await import('./failure.ts')
    const failure = describeFailure(error)
    const json = args.includes('--json')
    await environment.stderr.write(`${formatFailure(failure, { json })}\n`).catch(() => undefined)
    return exitCodeOfFailure(failure)
  } finally {
    interruption?.close()
    environment.closeStdin()
  }
}

interface World {
  readonly environment: CliEnvironment
  /** `undefined`: the command handles signals itself. */
  readonly signal: AbortSignal | undefined
}

async function runCommand(
  args: readonly string[],
  options: RunOptions,
  { environment, signal }: World,
): Promise<number> {
  let help = ''
  const writeOut = (text: string): void => {
    help += text
  }
  const program = createProgram({ environment, version: options.version, writeOut })
  const context: CommandContext = { environment, signal: signal ?? new AbortController().signal, exitCode: 0 }
  const onEnd = (exitCode: number): void => {
    context.exitCode = exitCode
  }
  addServeCommands(program, { environment, handlers: options.handlers, onEnd })
  if (signal !== undefined) {
    const { addClientCommands } = await import('./commands/clients.ts')
    addClientCommands(program, context, options.backups)
  }
  // Without any word there is nothing to do, which is no success.
  if (args.length === 0) writeOut(program.helpInformation())
  else await parse(async () => program.parseAsync(args, { from: 'user' }))
  if (help !== '') await environment.stdout.write(help)
  return args.length === 0 ? exitCodes.usage.code : context.exitCode
}

/** Help and version leave commander as errors that are none. */
async function parse(action: () => Promise<unknown>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    throw error
  }
}

class Interruption {
  readonly #environment: CliEnvironment
  readonly #controller = new AbortController()
  readonly #stopListening: () => void
  #exitCode: number | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(environment: CliEnvironment) {
    this.#environment = environment
    this.#stopListening = environment.onInterrupt((signal) => {
      const code = signal === 'SIGINT' ? exitCodes.interrupted.code : exitCodes.terminated.code
      if (this.#exitCode !== undefined) {
        environment.exit(code)
        return
      }
      this.#exitCode = code
      this.#timer = setTimeout(() => environment.exit(code), interruptedMaxMs).unref()
      this.#controller.abort(new Error('interrupted'))
    })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** `undefined` where there was none. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** Everything has been given up in good order; whatever still holds the process does not count. */
  async end(): Promise<number> {
    await this.#environment.stderr.write('frostbyte: interrupted.\n').catch(() => undefined)
    const code = this.#exitCode ?? exitCodes.interrupted.code
    this.#environment.exit(code)
    return code
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#stopListening()
  }
}
