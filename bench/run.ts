// `npm run bench`: what FrostByte costs, beside what it must cost and what others cost. docs/design/performance.md says
// how to read it.

import { describeCommit, describeMachine } from '../src/cli/bench/machine.ts'
import { evaluateBars } from './frostbyte/bars.ts'
import { help, parseOptions } from './frostbyte/options.ts'
import type { BenchOptions } from './frostbyte/options.ts'
import { summariseProfiles } from './frostbyte/profile-summary.ts'
import { saveRun, terminalReport } from './frostbyte/report.ts'
import type { Run } from './frostbyte/report.ts'
import { select } from './frostbyte/selection.ts'
import { Session } from './frostbyte/session.ts'

function describeRun(session: Session, options: BenchOptions, startMs: number): Run {
  const { rows, floor, commits, idle, notes, loopDelays, digests } = session
  const measured = {
    rows,
    floorUpload: session.floorCost('upload'),
    floorDownload: session.floorCost('download'),
    commits,
    idle,
  }
  return {
    machine: describeMachine(options.folder),
    commit: describeCommit(),
    date: new Date().toISOString(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    keys: session.keys,
    seconds: (performance.now() - startMs) / 1000,
    rows,
    floor,
    commits,
    idle,
    bars: evaluateBars(measured),
    loopDelays,
    digests,
    notes,
  }
}

async function main(): Promise<number> {
  const startMs = performance.now()
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(help)
    return 0
  }
  const selection = select(options)
  const session = new Session(options, selection)
  process.once('SIGINT', () => {
    session
      .close()
      .finally(() => process.exit(130))
      .catch(() => process.exit(1))
  })
  try {
    await session.run()
  } finally {
    await session.close()
  }
  const run = describeRun(session, options, startMs)
  process.stdout.write(`\n${terminalReport(run)}\n`)
  for (const { row, text } of session.perf?.reports ?? []) process.stdout.write(`\nperf, ${row}:\n${text}\n`)
  if (options.profile) process.stdout.write(`\n${summariseProfiles(session.profileFolder, session.windows)}\n`)
  if (options.save || options.only.length === 0) {
    process.stdout.write(
      `\nsaved: ${saveRun(run, options.quick ? 'quick' : options.only.length === 0 ? 'full' : 'part')}\n`,
    )
  }
  return run.rows.some((row) => row.failures > 0) ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
