// The redundancy scheme and the geometry that follows from it (docs/design/data-path.md).

import { assert } from './assert.ts'

/** `dataColumns` + `parityColumns`: k+m. 1 ≤ k, 1 ≤ m, k+m ≤ 16. */
export interface Scheme {
  readonly dataColumns: number
  readonly parityColumns: number
}

export const defaultScheme: Scheme = { dataColumns: 3, parityColumns: 2 }
export const columnsMax = 16
export const stripesPerBlock = 100
export const defaultChunkSizeBytes = 10 * 1024
/** A stored chunk size outside these bounds is refused. */
export const chunkSizeBytesMin = 64
export const chunkSizeBytesMax = 1024 * 1024

export function assertScheme(scheme: Scheme): void {
  const { dataColumns: k, parityColumns: m } = scheme
  assert(Number.isInteger(k) && k >= 1 && Number.isInteger(m) && m >= 1 && k + m <= columnsMax, 'a scheme', k + m)
}

export function columnCount(scheme: Scheme): number {
  return scheme.dataColumns + scheme.parityColumns
}
