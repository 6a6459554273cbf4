// S3 beside REST: the same rows through both faces of one cluster, the digests that S3 demands in columns of their own. Pure.

import { cpuMsPerOperation, cpuPerGib, largeBytes } from '../../src/cli/bench/row.ts'
import type { RowResult } from '../../src/cli/bench/row.ts'
import { number } from '../../src/cli/bench/table.ts'
import type { Cells } from '../../src/cli/bench/table.ts'
import { digestFigure } from './digest-cost.ts'

/** `s3`: bodies are not signed, so that only MD5 is demanded; `s3-sha256`: uploads are signed with the SHA-256 of the body. */
export const faceNames = ['s3', 's3-sha256'] as const
export type FaceName = (typeof faceNames)[number]

/** How long the event loop of the master was held up while a row ran. */
export interface LoopDelay {
  readonly p99Ms: number
  readonly maxMs: number
}

export interface FaceFigures {
  readonly rows: readonly RowResult[]
  /** By `server row`. */
  readonly loopDelays: Readonly<Record<string, LoopDelay>>
  /** CPU-seconds for one body of that size, by `digest size`. */
  readonly digests: Readonly<Record<string, number>>
}

export interface FaceRow {
  readonly server: string
  readonly id: string
  readonly unit: string
  readonly rest: number
  readonly face: number
  readonly md5: number
  readonly sha256: number
  /** What is left without the digests, ÷ what REST costs. */
  readonly ratio: number
  readonly restDelay: LoopDelay | undefined
  readonly faceDelay: LoopDelay | undefined
}

export function compareFaces({ rows, loopDelays, digests }: FaceFigures): readonly FaceRow[] {
  return rows.flatMap((row) => {
    if (!faceNames.some((name) => name === row.server)) return []
    const twin = rows.find((one) => one.server === 'frostbyte' && one.id === row.id)
    const isByGib = row.sizeBytes >= largeBytes && row.operation !== 'range' && row.operation !== 'delete'
    const cost = isByGib ? cpuPerGib : cpuMsPerOperation
    const [rest, face] = [twin === undefined ? undefined : cost(twin), cost(row)]
    if (rest === undefined || face === undefined) return []
    const digest = (name: string): number =>
      row.operation === 'upload' ? digestFigure(digests[`${name} ${row.sizeBytes}`] ?? 0, row.sizeBytes, isByGib) : 0
    const md5 = digest('md5')
    const sha256 = row.server === 's3-sha256' ? digest('sha256') : 0
    return {
      server: row.server,
      id: row.id,
      unit: isByGib ? 'CPU-s/GiB' : 'CPU-ms',
      rest,
      face,
      md5,
      sha256,
      ratio: (face - md5 - sha256) / rest,
      restDelay: loopDelays[`frostbyte ${row.id}`],
      faceDelay: loopDelays[`${row.server} ${row.id}`],
    }
  })
}

export const faceHeadings: Cells = [
  'face',
  'row',
  'unit',
  'REST',
  'S3',
  'of it MD5',
  'of it SHA-256',
  'rest of S3 ÷ REST',
  'loop delay REST p99/max ms',
  'S3 p99/max ms',
]

export function faceCells(row: FaceRow): Cells {
  const { server, id, unit, rest, face, md5, sha256, ratio } = row
  const figures = [rest, face, md5, sha256, ratio].map(number)
  return [server, id, unit, ...figures, delay(row.restDelay), delay(row.faceDelay)]
}

function delay(of: LoopDelay | undefined): string {
  return of === undefined ? '' : `${number(of.p99Ms)} / ${number(of.maxMs)}`
}
