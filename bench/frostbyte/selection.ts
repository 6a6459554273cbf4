// What of everything a run measures: from --only and --quick to rows, yardsticks and other figures. Pure.

import { GIB, MIB } from '../../src/base/units.ts'
import { fullRows, planRows, quickRows, rowId, selectRows } from '../../src/cli/bench/row.ts'
import type { Row } from '../../src/cli/bench/row.ts'

import { faceNames } from './faces.ts'
import type { FaceName } from './faces.ts'

export const yardstickNames = ['floor', 'nginx', 'bare'] as const
export type YardstickName = (typeof yardstickNames)[number]
export const extraNames = ['commits', 'idle'] as const
export type ExtraName = (typeof extraNames)[number]

export interface Selection {
  readonly rows: readonly Row[]
  readonly yardsticks: ReadonlySet<YardstickName>
  /** Other ways into the same cluster, beside REST. */
  readonly faces: ReadonlySet<FaceName>
  readonly extras: ReadonlySet<ExtraName>
}

/** The rows that the bars are about. */
export const barRows = {
  uploadLarge: 'upload-256MiB-1',
  downloadLarge: 'download-256MiB-1',
  uploadSmall: 'upload-10KiB-64',
  downloadSmall: 'download-10KiB-64',
  list: 'list-16',
} as const

const shortNames: Readonly<Record<string, readonly string[]>> = {
  'upload-large': [barRows.uploadLarge],
  'download-large': [barRows.downloadLarge],
  'upload-small': [barRows.uploadSmall],
  'download-small': [barRows.downloadSmall],
  'list': [barRows.list],
  'faces': [...Object.values(barRows), ...faceNames],
  'bars': [...Object.values(barRows), 'commits', 'idle', 'floor', 'nginx'],
}

export interface SelectionRequest {
  readonly quick: boolean
  readonly only: readonly string[]
  readonly seconds: number | undefined
}

/** @throws Error for a name that selects nothing. */
export function select(request: SelectionRequest): Selection {
  const { quick, only, seconds } = request
  const timed = (row: Row): Row => (seconds === undefined ? row : { ...row, secondsMax: seconds })
  if (only.length === 0) {
    const rows = planRows(quick ? quickRows : fullRows).filter((row) => !quick || isQuick(row))
    const yardsticks = new Set<YardstickName>(quick ? ['floor', 'nginx'] : yardstickNames)
    return { rows: rows.map(timed), yardsticks, faces: new Set(), extras: new Set(extraNames) }
  }
  const names = only.flatMap((name) => (Object.hasOwn(shortNames, name) ? (shortNames[name] ?? []) : [name]))
  const yardsticks = new Set(yardstickNames.filter((name) => names.includes(name)))
  const extras = new Set(extraNames.filter((name) => names.includes(name)))
  const faces = new Set(faceNames.filter((name) => names.includes(name)))
  const reserved = [...yardstickNames, ...extraNames, ...faceNames]
  const others = names.filter((name) => !isOneOf(reserved, name))
  return { rows: selectRows(planRows(fullRows), others).map(timed), yardsticks, faces, extras }
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name)
}

/** The bars' rows and a few more that show the rest is not broken. */
function isQuick(row: Row): boolean {
  const id = rowId(row)
  if (isOneOf(Object.values(barRows), id)) return true
  if (row.operation === 'list') return row.clients === 64
  if (row.operation === 'first-download') return row.sizeBytes >= 64 * MIB
  if (row.sizeBytes >= 64 * MIB) return false
  return row.clients === 64 && (row.sizeBytes === MIB || row.operation === 'range' || row.operation === 'delete')
}

/** Whether a yardstick serves this row in the time and on the disk that there is. */
export function isForYardstick(row: Row, name: YardstickName, selection: Selection): boolean {
  if (!selection.yardsticks.has(name) || row.operation === 'list') return false
  if (name === 'floor') return row.sizeBytes >= 256 * MIB && row.clients === 1 && isEither(row.operation)
  return row.sizeBytes * row.clients <= 4 * GIB
}

/** Bodies are signed only where there are some. */
export function isForFace(row: Row, name: FaceName, selection: Selection): boolean {
  if (!selection.faces.has(name)) return false
  return name === 's3' ? row.sizeBytes * row.clients <= 4 * GIB : row.operation === 'upload' && row.clients <= 64
}

function isEither(operation: Row['operation']): boolean {
  return operation === 'upload' || operation === 'download'
}
