// What healing achieves and costs: the rates of rebuilding and scrubbing, what clients feel of them, and reads in trouble.
//   node bench/healing.ts [--mib 1024] [--seconds 20] [--save]
//
// Everything is measured in one run on one machine, so ratios say more than times; the load average beside them says what else ran.

import { loadavg, tmpdir } from 'node:os'
import { parseArgs } from 'node:util'

import { GIB, MIB } from '../src/base/units.ts'
import { describeCommit, describeMachine } from '../src/cli/bench/machine.ts'
import { alignedTable, markdownTable, number } from '../src/cli/bench/table.ts'
import type { Cells } from '../src/cli/bench/table.ts'
import { untilWhole } from '../test/harness/cluster-status.ts'
import { FileClient, seededBytes } from '../test/harness/file-client.ts'
import { RealCluster } from '../test/harness/real-cluster.ts'
import { SmallFileSystem } from '../test/harness/small-file-system.ts'
import { saveResult } from './frostbyte/report.ts'
import { Foreground } from './healing/foreground.ts'
import type { ForegroundFigures } from './healing/foreground.ts'
import { measureRebuild, measureScrub, storedBytes } from './healing/repair.ts'
import type { WorkFigures } from './healing/repair.ts'
import { measureTroubles } from './healing/troubles.ts'
import type { TroubleFigures } from './healing/troubles.ts'

const { values: flags } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    seconds: { type: 'string', default: '20' },
    save: { type: 'boolean', default: false },
  },
})
const fileBytes = MIB
const files = Math.ceil((Number(flags.mib) * MIB) / fileBytes)
const seconds = Number(flags.seconds)
const wholeMaxMs = 120_000
const smallDiskBytes = 2 * GIB
const troubleFiles = 100

interface HealingRun {
  readonly date: string
  readonly commit: string
  readonly machine: ReturnType<typeof describeMachine>
  readonly loadAverage: number
  readonly storedMib: number
  readonly healthy: ForegroundFigures
  readonly work: readonly (WorkFigures & {
    readonly name: string
    readonly foreground: ForegroundFigures | undefined
  })[]
  readonly troubles: readonly TroubleFigures[]
}

async function fill(client: FileClient, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `base/${index}`)
  const waiting = names.entries()
  const work = async (): Promise<void> => {
    for (const [index, name] of waiting) {
      const response = await client.upload(name, seededBytes(index + 1, fileBytes))
      if (response.status !== 201) throw new Error(`${name}: ${response.status} ${await response.text()}`)
      await response.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: 4 }, work))
  return names
}

type Healed = Pick<HealingRun, 'storedMib' | 'healthy' | 'work'>

async function measureHealing(): Promise<Healed> {
  let result: Healed | undefined
  await RealCluster.use({ masterArgs: ['--worker-out-after', '5s'] }, async (cluster) => {
    await cluster.untilWorkersUp(5)
    const names = await fill(new FileClient(cluster.url), files)
    await untilWhole(cluster.url, wholeMaxMs)
    const foreground = new Foreground(cluster.url, names, fileBytes)
    const storedMib = (await storedBytes(cluster)) / MIB
    process.stderr.write('healthy\n')
    const healthy = await foreground.measureFor(seconds)
    const work: HealingRun['work'][number][] = []
    process.stderr.write('rebuild\n')
    work.push({ name: 'rebuild', ...(await measureRebuild(cluster, 0)), foreground: undefined })
    process.stderr.write('rebuild, with clients\n')
    const rebuild = await foreground.measureDuring(measureRebuild(cluster, 1))
    work.push({ name: 'rebuild, with clients', ...rebuild.result, foreground: rebuild.figures })
    process.stderr.write('scrub\n')
    work.push({ name: 'scrub', ...(await measureScrub(cluster)), foreground: undefined })
    process.stderr.write('scrub, with clients\n')
    const scrub = await foreground.measureDuring(measureScrub(cluster))
    work.push({ name: 'scrub, with clients', ...scrub.result, foreground: scrub.figures })
    result = { storedMib, healthy, work }
  })
  if (result === undefined) throw new Error('nothing was measured')
  return result
}

async function measureInTrouble(): Promise<readonly TroubleFigures[]> {
  const small = await SmallFileSystem.make(smallDiskBytes)
  if (small === undefined) return []
  let result: readonly TroubleFigures[] = []
  try {
    const workerOwn = (worker: number): { readonly parent?: string } =>
      worker === 0 ? { parent: small.directory } : {}
    const workerArgs = ['--reserve', '32MiB', '--capacity', '1800MiB']
    await RealCluster.use({ workerOwn, workerArgs }, async (cluster) => {
      await cluster.untilWorkersUp(5)
      const names = await fill(new FileClient(cluster.url), troubleFiles)
      await untilWhole(cluster.url, wholeMaxMs)
      const foreground = new Foreground(cluster.url, names, fileBytes)
      await foreground.measureFor(seconds / 4)
      result = await measureTroubles(cluster, small, { foreground, seconds })
    })
  } finally {
    await small.remove()
  }
  return result
}

function ratio(value: number, base: number): string {
  return `${number(value / base)} ×`
}

function workTable(run: HealingRun): readonly Cells[] {
  const { healthy, work } = run
  return [
    ['work', 'MiB', 'MiB/s', 'CPU s/GiB', 'reads p50', 'reads p99', 'uploads p50', 'uploads p99', 'failures'],
    ...work.map(({ name, bytes, mibPerSecond, cpuSecondsPerGib, foreground }): Cells => {
      const rates = [name, number(bytes / MIB), number(mibPerSecond), number(cpuSecondsPerGib)]
      return foreground === undefined ? [...rates, '', '', '', '', ''] : [...rates, ...ratioCells(foreground, healthy)]
    }),
  ]
}

function ratioCells(figures: ForegroundFigures, healthy: ForegroundFigures): Cells {
  return [
    ratio(figures.reads.p50Ms, healthy.reads.p50Ms),
    ratio(figures.reads.p99Ms, healthy.reads.p99Ms),
    ratio(figures.uploads.p50Ms, healthy.uploads.p50Ms),
    ratio(figures.uploads.p99Ms, healthy.uploads.p99Ms),
    String(figures.failures),
  ]
}

function troubleTable({ troubles }: HealingRun): readonly Cells[] {
  const [healthy] = troubles
  if (healthy === undefined) return [['no file system of its own could be mounted: troubles were not measured']]
  return [
    ['trouble', 'reads', 'p99 ms', 'reads p50', 'reads p99 (bar: 5 ×)', 'uploads p50', 'uploads p99', 'failures'],
    ...troubles.map((figures): Cells => {
      const { name, reads } = figures
      return [name, String(reads.count), number(reads.p99Ms), ...ratioCells(figures, healthy)]
    }),
  ]
}

function report(run: HealingRun, table: (rows: readonly Cells[], head?: Cells) => string): string {
  const { healthy, storedMib } = run
  const [workHead = [], ...workRows] = workTable(run)
  const [troubleHead = [], ...troubleRows] = troubleTable(run)
  return [
    `${number(storedMib)} MiB of pieces on five workers. Healthy: reads of ${fileBytes / MIB} MiB p50 ${number(healthy.reads.p50Ms)} ms, ` +
      `p99 ${number(healthy.reads.p99Ms)} ms; uploads p50 ${number(healthy.uploads.p50Ms)} ms, p99 ${number(healthy.uploads.p99Ms)} ms. ` +
      `With clients: multiples of that. Load average before the run: ${number(run.loadAverage)}.`,
    table(workRows, workHead),
    'A cluster of five with little data, as multiples of its healthy row:',
    table(troubleRows, troubleHead),
  ].join('\n\n')
}

const loadAverage = loadavg()[0] ?? 0
const run: HealingRun = {
  date: new Date().toISOString(),
  commit: describeCommit(),
  machine: describeMachine(tmpdir()),
  loadAverage,
  ...(await measureHealing()),
  troubles: await measureInTrouble(),
}
process.stdout.write(`${report(run, alignedTable)}\n`)
if (flags.save) {
  const { machine } = run
  const head = [
    `# Healing, ${run.date.slice(0, 10)}, commit ${run.commit}`,
    `- command: \`node bench/healing.ts --mib ${flags.mib} --seconds ${flags.seconds} --save\`\n` +
      `- machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB memory, ${machine.kernel}, ${machine.fileSystem}`,
  ]
  process.stdout.write(
    `saved: ${saveResult(run, 'healing', `${[...head, report(run, markdownTable)].join('\n\n')}\n`)}\n`,
  )
}
