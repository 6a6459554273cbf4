// The flags of `npm run bench`.

import { parseArgs } from 'node:util'

export const help = `Measures FrostByte beside a floor, nginx and a bare Node.js server, all in one run.

  npm run bench                                     everything, 10 to 15 minutes; results go to bench/results/
  npm run bench -- --quick                          the main rows, about 90 seconds
  npm run bench -- --only bars                      what the bars ask for, with their yardsticks
  npm run bench -- --only upload-large,floor        one row and its yardstick
  npm run bench -- --only upload-small,nginx --seconds 4 --profile

  --only A,B       rows by id (upload-10KiB-64), by the beginning of an id (upload-10KiB), or by a short name:
                   upload-large, download-large, upload-small, download-small, list, commits, idle, bars;
                   and the servers to compare with: floor, nginx, bare; and the same cluster
                   through S3: s3 (bodies not signed), s3-sha256 (uploads signed with their SHA-256);
                   faces: what the bars ask for, through REST and S3
  --seconds N      time for each row
  --turns N        measure each row N times, all its servers in turn, after a turn that only warms up (default 1:
                   without that turn); for machines that others use too
  --keys N         keys filled into the metadata before the start (0: none; default 1,000,000, and none
                   where only files of 1 MiB and more are measured)
  --dir FOLDER     where the data goes: on a real disk (default .bench)
  --url URL        measure a running server instead of starting one; CPU and memory only with --pid
  --pid N          the root process of that server
  --client-processes N   processes that make the load (default 1 up to 4 cores)
  --profile        CPU profile of every process; prints the functions that cost most
  --perf           samples of perf(1) over all processes while rows run, kernel included
  --save           write results although --only was given
  --quiet          wait, at most 5 minutes, until others leave the machine alone
  --no-cluster     only the yardsticks
  --keep           leave the data folder
`

export interface BenchOptions {
  readonly quick: boolean
  readonly only: readonly string[]
  readonly seconds: number | undefined
  /** Of each row, over all its servers. */
  readonly turns: number
  /** `undefined`: as the rows need it. */
  readonly keys: number | undefined
  readonly folder: string
  readonly url: URL | undefined
  readonly pid: number | undefined
  readonly clientProcesses: number | undefined
  readonly profile: boolean
  readonly perf: boolean
  readonly save: boolean
  readonly quiet: boolean
  readonly cluster: boolean
  readonly keep: boolean
}

/** `undefined`: help was asked for. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'quick': { type: 'boolean', default: false },
      'only': { type: 'string', default: '' },
      'seconds': { type: 'string' },
      'turns': { type: 'string', default: '1' },
      'keys': { type: 'string' },
      'dir': { type: 'string', default: '.bench' },
      'url': { type: 'string' },
      'pid': { type: 'string' },
      'client-processes': { type: 'string' },
      'profile': { type: 'boolean', default: false },
      'perf': { type: 'boolean', default: false },
      'save': { type: 'boolean', default: false },
      'quiet': { type: 'boolean', default: false },
      'no-cluster': { type: 'boolean', default: false },
      'keep': { type: 'boolean', default: false },
      'help': { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return {
    quick: values.quick,
    only: values.only.split(',').filter((name) => name !== ''),
    seconds: numberOf('--seconds', values.seconds),
    turns: Math.max(1, Math.floor(numberOf('--turns', values.turns) ?? 1)),
    keys: numberOf('--keys', values.keys),
    folder: values.dir,
    url: values.url === undefined ? undefined : new URL(values.url),
    pid: numberOf('--pid', values.pid),
    clientProcesses: numberOf('--client-processes', values['client-processes']),
    profile: values.profile,
    perf: values.perf,
    save: values.save,
    quiet: values.quiet,
    cluster: !values['no-cluster'],
    keep: values.keep,
  }
}

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0) throw new Error(`${flag} wants a number, not "${text}"`)
  return value
}
