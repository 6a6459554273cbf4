// Prints the tables of docs/design/durability.md: `npx node bench/durability.ts`. Options, each with its default below:
// `--losses-per-year`, `--detection-minutes`, `--replacement-hours`, `--rebuild-mb-per-second`, `--slot-gib`, `--groups-per-worker`,
// `--scrub-days`, `--latent-per-tib-year`.

import { parseArgs } from 'node:util'

import { defaultChunkSizeBytes, stripesPerBlock } from '../src/base/scheme.ts'
import type { Scheme } from '../src/base/scheme.ts'
import { GIB } from '../src/base/units.ts'
import { durability, groupChain, nines, rebuildTimes, secondsPerYear } from './durability/model.ts'
import type { DurabilityAssumptions } from './durability/model.ts'
import { makePlacement, massLossPart, partnersPerWorker } from './durability/placement.ts'
import type { Placement } from './durability/placement.ts'
import { simulateLosses } from './durability/simulate.ts'

const { values } = parseArgs({
  options: {
    'losses-per-year': { type: 'string', default: '0.04' },
    'detection-minutes': { type: 'string', default: '15' },
    'replacement-hours': { type: 'string', default: '24' },
    'rebuild-mb-per-second': { type: 'string', default: '100' },
    'slot-gib': { type: 'string', default: '32' },
    'groups-per-worker': { type: 'string', default: '50' },
    'scrub-days': { type: 'string', default: '14' },
    'latent-per-tib-year': { type: 'string', default: '0.25' },
  },
})

function option(name: keyof typeof values): number {
  const value = Number(values[name])
  if (!(value > 0)) throw new Error(`--${name}: a number above 0 is needed, not ${values[name]}`)
  return value
}

const groupsPerWorker = option('groups-per-worker')
const assumed: DurabilityAssumptions = {
  lossesPerYear: option('losses-per-year'),
  detectionSeconds: option('detection-minutes') * 60,
  replacementSeconds: option('replacement-hours') * 3600,
  rebuildBytesPerSecond: option('rebuild-mb-per-second') * 1e6,
  bytesPerSlot: option('slot-gib') * GIB,
  latentErrorsPerByteYear: option('latent-per-tib-year') / 1024 / GIB,
  scrubCycleSeconds: option('scrub-days') * 24 * 3600,
  bytesPerColumn: stripesPerBlock * defaultChunkSizeBytes,
}

const schemes: readonly Scheme[] = [
  { dataColumns: 3, parityColumns: 2 },
  { dataColumns: 6, parityColumns: 3 },
  { dataColumns: 1, parityColumns: 2 },
]
const clusterSizes = [5, 6, 8, 100, 1000]

function print(...cells: readonly (number | string)[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}

function heading(title: string, columns: readonly string[]): void {
  process.stdout.write(`\n${title}\n\n`)
  print(...columns)
  print(...columns.map(() => '---'))
}

const short = (value: number): string => value.toPrecision(2)

function nameOf({ scheme, workers }: Placement): readonly (number | string)[] {
  return [`${scheme.dataColumns}+${scheme.parityColumns}`, workers]
}

function printDurability(placements: readonly Placement[]): void {
  heading('Durability', [
    'scheme',
    'workers',
    'groups',
    'partners',
    'rebuild h',
    'MTTDL of a group, years',
    'nines of a block, a year',
    'chance of any loss, a year',
  ])
  for (const placement of placements) {
    const result = durability(placement, assumed)
    print(
      ...nameOf(placement),
      placement.groups.length,
      Math.round(partnersPerWorker(placement)),
      short(result.rebuildHours),
      short(result.groupMttdlYears),
      nines(result.blockLossPerYear).toFixed(1),
      short(1 - Math.exp(-result.lossesPerYear)),
    )
  }
}

function printCheck(placements: readonly Placement[]): void {
  heading('The chain against the simulation, with far more failures', [
    'scheme',
    'workers',
    'GiB a slot',
    'losses of a worker, a year',
    'losses of data seen',
    'hours to a loss, simulated',
    'by the chain',
    'ratio',
  ])
  for (const placement of placements) {
    const accelerated = accelerate(placement)
    const seen = simulateLosses(placement, accelerated, { seed: 1, lossesMax: 200, workersLostMax: 40_000 })
    const hours = (years: number): number => (years * secondsPerYear) / 3600
    const simulated = hours(seen.years / seen.losses)
    const chain = hours(1 / durability(placement, accelerated).lossesPerYear)
    print(
      ...nameOf(placement),
      short(accelerated.bytesPerSlot / GIB),
      short(accelerated.lossesPerYear),
      seen.losses,
      short(simulated),
      short(chain),
      short(chain / simulated),
    )
  }
}

/**
 * Failure rates at which a run of seconds sees enough losses: a group loses a second slot while a first one is rebuilt in one of ten cases.
 * So that the cluster is not in ruins meanwhile, slots are smaller (rebuilds take a tenth of the time), lost workers are replaced as soon
 * as the loss is noticed where a spare is there anyway, and a run lasts long beside a rebuild, because it begins with everything whole.
 */
function accelerate(placement: Placement): DurabilityAssumptions {
  const { scheme, workers } = placement
  const width = scheme.dataColumns + scheme.parityColumns
  const hasSpare = workers > width
  const { replacementSeconds, detectionSeconds } = assumed
  let tried = {
    ...assumed,
    latentErrorsPerByteYear: 0,
    replacementSeconds: hasSpare ? detectionSeconds : replacementSeconds,
  }
  for (let part = 0.1; ;) {
    const { slotYears, slotsPerWorker } = rebuildTimes(placement, tried)
    const rebuildYears = groupChain(placement, tried).rebuildYears[1] ?? 1
    tried = { ...tried, lossesPerYear: part / (rebuildYears * width) }
    const busy = workers * tried.lossesPerYear * slotsPerWorker * slotYears
    if (hasSpare && busy > 0.1) tried = { ...tried, bytesPerSlot: tried.bytesPerSlot / 2 }
    else if (1 / durability(placement, tried).lossesPerYear < 20 * rebuildYears) part *= 0.8
    else return tried
  }
}

function printMassLosses(placements: readonly Placement[]): void {
  const counts = [2, 3, 4, 5, 10, 20]
  heading('Chance that data is lost when so many workers are lost at once', [
    'scheme',
    'workers',
    ...counts.map((lost) => `${lost}`),
  ])
  for (const placement of placements) {
    const parts = counts.map((lost) =>
      lost > placement.workers ? '' : short(massLossPart(placement, { lost, trials: 20_000, seed: lost })),
    )
    print(...nameOf(placement), ...parts)
  }
}

/** What matters: one assumption at a time, at 3+2. */
function printSensitivity(placements: readonly Placement[]): void {
  const changes: Readonly<Record<string, Partial<DurabilityAssumptions>>> = {
    'as above': {},
    'five times as many workers lost': { lossesPerYear: 5 * assumed.lossesPerYear },
    'a tenth of the rebuild rate': { rebuildBytesPerSecond: assumed.rebuildBytesPerSecond / 10 },
    'lost workers noticed after 4 times as long': { detectionSeconds: 4 * assumed.detectionSeconds },
    'workers replaced after 7 times as long': { replacementSeconds: 7 * assumed.replacementSeconds },
    'no scrubbing for a year': { scrubCycleSeconds: secondsPerYear },
  }
  const chosen = placements.filter(({ scheme }) => scheme === schemes[0])
  heading('Nines of a block, a year, at 3+2', ['', ...chosen.map(({ workers }) => `${workers} workers`)])
  for (const [name, change] of Object.entries(changes)) {
    const cells = chosen.map((placement) => nines(durability(placement, { ...assumed, ...change }).blockLossPerYear))
    print(name, ...cells.map((value) => value.toFixed(1)))
  }
}

const placements = schemes.flatMap((scheme) =>
  clusterSizes
    .filter((workers) => workers >= scheme.dataColumns + scheme.parityColumns)
    .map((workers) => makePlacement({ scheme, workers, groupsPerWorker, seed: 1 })),
)
printDurability(placements)
printSensitivity(placements)
printCheck(placements)
printMassLosses(placements)
