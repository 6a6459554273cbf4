// The state of the cluster for people, as lines: the verdict first, then what is lost, what is being done and who needs a look, the table
// of all workers last, so that the news fits a small screen. Lines carry a level, which a terminal shows as a colour.

import type { ClusterStatus, HealingStatus, LostFile, RedundancyStatus, WorkerStatus } from '../../sdk/index.ts'
import { describeAge, describeBytes } from '../figures.ts'
import { escapeText, formatTable } from '../terminal-text.ts'
import { culpritsOf } from './culprits.ts'
import type { Culprit, Level } from './culprits.ts'
import { ageMs, countOf, obstaclesOf, verdictOf } from './obstacles.ts'
import type { Verdict } from './obstacles.ts'

/** Harmless on a terminal, without colours. */
export interface StatusLine {
  readonly text: string
  readonly level?: Level | 'good' | undefined
}

const lostShownMax = 20
const movesShownMax = 5

const verdictTexts: Readonly<Record<Verdict, string>> = {
  'lost': 'FILES ARE LOST',
  'at-risk': 'files are at risk',
  'reduced': 'reduced, to be repaired',
  'away': 'reduced while workers are away',
  'unknown': 'unknown',
  'full': 'full',
}

const verdictLevels: Readonly<Record<Verdict, Level | 'good'>> = {
  'lost': 'bad',
  'at-risk': 'bad',
  'reduced': 'warning',
  'away': 'warning',
  'unknown': 'warning',
  'full': 'good',
}

/**
 * `timeLeft`: `undefined` where nothing is left to do. `isPast`: it was so; then no verdict stands there that could be taken for
 * one of now.
 */
export function statusLines(
  status: ClusterStatus,
  { timeLeft, isPast = false }: { readonly timeLeft: string | undefined; readonly isPast?: boolean },
): readonly StatusLine[] {
  const culprits = culpritsOf(status)
  return [
    headLine(status),
    ...behindLines(status),
    ...(isPast ? [] : verdictLines(status)),
    ...figureLines(status),
    ...section('Lost files', lostLines(status.redundancy)),
    ...section('At work', workLines(status, timeLeft)),
    ...section('Look at', culprits.map(culpritLine)),
    { text: '' },
    ...workerLines(status, culprits),
  ]
}

function section(heading: string, lines: readonly StatusLine[]): readonly StatusLine[] {
  return lines.length === 0 ? [] : [{ text: '' }, { text: heading }, ...lines]
}

function pair(label: string, value: string, level?: Level): StatusLine {
  return { text: `  ${label.padEnd(20)} ${value}`, level }
}

function headLine({ id, workers, groups }: ClusterStatus): StatusLine {
  const up = workers.filter(({ state }) => state === 'up').length
  const writable = groups.filter(({ state }) => state === 'writable').length
  const all = `${up} of ${countOf(workers.length, 'worker')} up, ${countOf(groups.length, 'placement group')}`
  return { text: `Cluster ${escapeText(id)}: ${all} (${writable} writable)` }
}

function behindLines({ behind }: ClusterStatus): readonly StatusLine[] {
  if (!behind) return []
  const text = 'The metadata was lost or is old: reads only, nothing is deleted. Run: frostbyte rebuild-metadata'
  return [{ text, level: 'bad' }]
}

function figureLines(status: ClusterStatus): readonly StatusLine[] {
  const figure = (value: number | undefined): string => value?.toLocaleString('en-US') ?? 'unknown'
  const age = (at: Date | undefined, otherwise: string): string =>
    at === undefined ? otherwise : describeAge(ageMs(status, at))
  const bad = (value: number | undefined): Level | undefined =>
    value === undefined ? 'warning' : value > 0 ? 'bad' : undefined
  const { fragmentsMissing, filesAtRisk, filesLost, unknown, comparedAt, scrubbedAt } = status.redundancy
  return [
    pair('fragments missing', figure(fragmentsMissing), bad(fragmentsMissing)),
    pair('files at risk', figure(filesAtRisk), bad(filesAtRisk)),
    pair('files lost', figure(filesLost), bad(filesLost)),
    pair('slots not compared', figure(unknown), unknown === 0 ? undefined : 'warning'),
    pair('last compared', age(comparedAt, 'not all of it yet'), comparedAt === undefined ? 'warning' : undefined),
    pair('last scrubbed', age(scrubbedAt, 'not by every worker yet')),
  ]
}

function verdictLines(status: ClusterStatus): readonly StatusLine[] {
  const obstacles = obstaclesOf(status)
  const verdict = verdictOf(obstacles)
  const { comparedAt } = status.redundancy
  const asOf =
    comparedAt === undefined ? '' : `, as of a comparison that began ${describeAge(ageMs(status, comparedAt))}`
  const lines: StatusLine[] = [{ text: `Redundancy: ${verdictTexts[verdict]}${asOf}`, level: verdictLevels[verdict] }]
  // Bad news may be worse than it looks: it says so where not all of it is known.
  if (verdict !== 'unknown' && obstacles.some(({ kind }) => kind === 'unknown')) {
    lines.push({ text: 'Not everything is known: it may be worse.', level: 'warning' })
  }
  return lines
}

function lostLines({ lostFiles, filesLost }: RedundancyStatus): readonly StatusLine[] {
  const shown = lostFiles.slice(0, lostShownMax)
  const more = Math.max(filesLost ?? 0, lostFiles.length) - shown.length
  const lines = shown.map((file) => ({ text: `  ${lostName(file)}`, level: 'bad' as const }))
  return more > 0 ? [...lines, { text: `  and ${more.toLocaleString('en-US')} more`, level: 'bad' }] : lines
}

function lostName({ name, bucket }: LostFile): string {
  return escapeText(bucket === 'default' ? name : `${name} (bucket ${bucket})`)
}

function workLines(status: ClusterStatus, timeLeft: string | undefined): readonly StatusLine[] {
  const { healing, workers } = status
  const lines: StatusLine[] = [...moveLines(healing)]
  if (healing.slotsToMove > 0) {
    const without = healing.slotsWithoutSpare
    const remedy = without === 0 ? '' : `; ${without.toLocaleString('en-US')} without a worker to go to: add one`
    lines.push(
      pair('still to move', `${countOf(healing.slotsToMove, 'slot')}${remedy}`, without > 0 ? 'bad' : undefined),
    )
  }
  if (healing.queued > 0) lines.push(pair('repairs queued', healing.queued.toLocaleString('en-US')))
  const scrubbing = workers.flatMap(({ scrub }) => (scrub?.runningFull === true ? [scrub] : []))
  if (scrubbing.length > 0) {
    const done = scrubbing.reduce((sum, { doneBytes }) => sum + doneBytes, 0)
    const total = scrubbing.reduce((sum, { totalBytes }) => sum + totalBytes, 0)
    const bytes = `${describeBytes(done)} of ${describeBytes(total)}`
    lines.push(pair('scrubbing', `${countOf(scrubbing.length, 'worker')}, ${bytes}`))
  }
  if (timeLeft === undefined && lines.length === 0) return []
  if (healing.rebuiltFragments > 0) {
    const { rebuiltFragments, writtenBytes, readBytes } = healing
    const bytes = `${describeBytes(writtenBytes)} written, ${describeBytes(readBytes)} read`
    lines.push(pair('rebuilt so far', `${countOf(rebuiltFragments, 'fragment')}: ${bytes}`))
  }
  if (healing.bytesPerSecond > 0) lines.push(pair('limit', `${describeBytes(healing.bytesPerSecond)}/s`))
  if (timeLeft !== undefined) lines.push(pair('time left', timeLeft))
  return lines
}

function moveLines({ moves }: HealingStatus): readonly StatusLine[] {
  if (moves.length === 0) return []
  const copied = moves.reduce((sum, move) => sum + move.copied, 0)
  const shown = moves.slice(0, movesShownMax).map(({ group, slot, from, to, copied: count }) => ({
    text: escapeText(`    group ${group} slot ${slot}: ${from} → ${to}, ${countOf(count, 'fragment')}`),
  }))
  const more = moves.length - shown.length
  return [
    pair('moving', `${countOf(moves.length, 'slot')}, ${countOf(copied, 'fragment')} so far`),
    ...shown,
    ...(more > 0 ? [{ text: `    and ${more.toLocaleString('en-US')} more` }] : []),
  ]
}

function culpritLine({ worker, level, text }: Culprit): StatusLine {
  return { text: escapeText(`  ${worker.id} (${worker.address}) ${text}`), level }
}

const columns = [
  { heading: 'WORKER' },
  { heading: 'STATE' },
  { heading: 'ADDRESS' },
  { heading: 'ZONE' },
  { heading: 'SLOTS', align: 'right' },
  { heading: 'USED', align: 'right' },
  { heading: 'CAPACITY', align: 'right' },
  { heading: 'FULL', align: 'right' },
  { heading: 'DISK', align: 'right' },
  { heading: 'SCRUBBED' },
] as const

function workerLines(status: ClusterStatus, culprits: readonly Culprit[]): readonly StatusLine[] {
  const { workers } = status
  const table = formatTable(
    columns,
    workers.map((worker) => workerCells(status, worker).map(escapeText)),
  )
  const [heading = '', ...rows] = table.trimEnd().split('\n')
  return [
    { text: heading },
    ...rows.map((text, index) => ({ text, level: culprits.find(({ worker }) => worker === workers[index])?.level })),
  ]
}

function workerCells(status: ClusterStatus, worker: WorkerStatus): readonly string[] {
  const { id, state, failing, address, zone, slots, usedBytes, capacityBytes, oldestDiskOperationMs, diskLatencyMs } =
    worker
  return [
    id,
    failing ? `${state}, failing` : state,
    address,
    zone ?? '-',
    slots.toLocaleString('en-US'),
    describeBytes(usedBytes),
    describeBytes(capacityBytes),
    capacityBytes > 0 ? `${Math.round((usedBytes / capacityBytes) * 100)} %` : '',
    `${Math.round(Math.max(oldestDiskOperationMs, diskLatencyMs))} ms`,
    scrubCell(status, worker),
  ]
}

function scrubCell(status: ClusterStatus, { scrub }: WorkerStatus): string {
  if (scrub === undefined) return 'unknown'
  const { runningFull, doneBytes, totalBytes, lastFinishedAt } = scrub
  if (runningFull) return `${totalBytes === 0 ? 0 : Math.floor((doneBytes / totalBytes) * 100)} % done`
  return lastFinishedAt === undefined ? 'never' : describeAge(ageMs(status, lastFinishedAt))
}
