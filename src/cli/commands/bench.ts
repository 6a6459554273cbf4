// `frostbyte bench`: measures a server that runs already, with the requests of `npm run bench`.

import type { Command } from 'commander'

import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { authorizationOf, loadCredentials } from '../credentials.ts'
import { UsageError } from '../failure.ts'

interface BenchFlags {
  readonly quick?: true
  readonly only?: string
  readonly seconds?: string
  readonly pid?: string
  readonly clientProcesses?: string
  readonly markdown?: true
  readonly json?: true
}

export function addBenchCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('bench')
    .description('measure a running server: uploads, downloads, ranges, listings, deletions')
    .option('--quick', 'fewer rows, each for half the time')
    .option('--only <rows>', 'rows by id or by the beginning of an id, joined by commas: upload-10KiB-64,download')
    .option('--seconds <n>', 'time for each row')
    .option('--pid <n>', 'root process of the server, where it runs here: its CPU time and memory are told too')
    .option('--client-processes <n>', 'processes that make the load')
    .option('--markdown', 'print a Markdown table')
    .action(async (flags: BenchFlags) => bench(context, command, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte bench --quick', 'about a minute'],
    ['frostbyte bench --only upload-10KiB --seconds 5', 'some rows'],
    ['frostbyte bench --quick --pid $(pgrep -of "frostbyte.js up")', 'with what the server costs'],
  ])
}

async function bench(context: CommandContext, command: Command, flags: BenchFlags): Promise<void> {
  if (flags.json === true && flags.markdown === true) throw new UsageError('--json and --markdown exclude each other.')
  const { environment } = context
  const { client, config } = await openClient(context, command)
  if (!config.url.startsWith('http:')) throw new UsageError('bench measures over plain HTTP only.')
  const secondsMax = wholeNumber('--seconds', flags.seconds)
  const pid = wholeNumber('--pid', flags.pid)
  const clientProcesses = wholeNumber('--client-processes', flags.clientProcesses)
  const only = flags.only?.split(',').filter((name) => name !== '') ?? []
  await checkRows(only)
  await client.listNames('', { limit: 1, signal: context.signal }).next() // Says better than the load generator what is wrong.
  const { benchRunningServer } = await import('../bench/bench-running-server.ts')
  const { alignedTable, markdownTable, rowCells } = await import('../bench/table.ts')
  const { describeMachine } = await import('../bench/machine.ts')
  const rows = await benchRunningServer({
    url: new URL(config.url),
    authorization: authorizationOf(await loadCredentials(config)),
    quick: flags.quick === true,
    only,
    onRow: () => undefined,
    ...(secondsMax === undefined ? {} : { secondsMax }),
    ...(pid === undefined ? {} : { pid }),
    ...(clientProcesses === undefined ? {} : { clientProcesses }),
  })
  const writer = new OutputWriter(environment)
  const cells = rows.map((row) => rowCells(row))
  if (flags.json === true)
    await writer.text(`${JSON.stringify({ machine: describeMachine(environment.directory), rows }, undefined, 2)}\n`)
  else await writer.text(`${flags.markdown === true ? markdownTable(cells) : alignedTable(cells)}\n`)
  await writer.flush()
  if (rows.some(({ failures }) => failures > 0)) context.exitCode = 1
}

async function checkRows(only: readonly string[]): Promise<void> {
  const { fullRows, planRows, selectRows } = await import('../bench/row.ts')
  try {
    selectRows(planRows(fullRows), only)
  } catch (error) {
    throw new UsageError(`--only: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new UsageError(`${flag}: "${text}" must be a whole number from 1.`)
}
