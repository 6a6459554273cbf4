// The row of a data id. Its commit's version, sequence and time stay after the last reference is gone, so that a repeat
// of the commit can still be answered.
//
// u8 format 1 · u8 state (1 live · 2 dead, never committed · 3 dead, was committed; with 4: its version goes by its id) · varint number of
// the purge entry (0: none); 1 and 3 go on: u8 k · u8 m · varint chunk size, length, references (0 when dead) · 26 version id · varint
// sequence, modifiedMs

import type { DataRef } from '../contract/conventions.ts'
import type { DataRow, LiveDataRow } from '../contract/data-metadata.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'
import { readVersionId } from './extent-encoding.ts'

export type StoredData = DiscardedData | CommittedData

/** An upload that was given up before it was committed. */
export interface DiscardedData {
  readonly state: 'discarded'
  /** The number under which it was put into the purge queue; 0: it was not. */
  readonly purge: number
}

/** What a commit made. */
export interface CommittedData extends Omit<LiveDataRow, 'state' | keyof DataRef> {
  /** `gone`: the last reference is gone, and `references` is 0. */
  readonly state: 'live' | 'gone'
  readonly purge: number
  /** What the commit gave its version. */
  readonly sequence: number
  readonly modifiedMs: number
  readonly versioned?: true
}

const format = 1
const states = { live: 1, discarded: 2, gone: 3 } as const
const versionedFlag = 4
const scratch = new RowWriter()

export function encodeData(row: StoredData): Uint8Array<ArrayBuffer> {
  const isVersioned = row.state !== 'discarded' && row.versioned === true
  const writer = scratch.clear().byte(format)
  writer.byte(states[row.state] | (isVersioned ? versionedFlag : 0)).number(row.purge)
  if (row.state === 'discarded') return writer.finish()
  const { scheme, chunkSizeBytes, lengthBytes, references, version, sequence, modifiedMs } = row
  return writer
    .byte(scheme.dataColumns)
    .byte(scheme.parityColumns)
    .number(chunkSizeBytes)
    .number(lengthBytes)
    .number(references)
    .fixed(version)
    .number(sequence)
    .number(modifiedMs)
    .finish()
}

export function decodeData(bytes: Uint8Array): StoredData {
  const reader = new RowReader(bytes)
  const found = reader.byte()
  if (found !== format) throw corrupt(`format ${found} of a data row`)
  const marked = reader.byte()
  const kind = marked & ~versionedFlag
  const purge = reader.number()
  if (kind === states.discarded) {
    reader.end()
    return { state: 'discarded', purge }
  }
  const row = {
    state: kind === states.live ? ('live' as const) : ('gone' as const),
    purge,
    scheme: { dataColumns: reader.byte(), parityColumns: reader.byte() },
    chunkSizeBytes: reader.number(),
    lengthBytes: reader.number(),
    references: reader.number(),
    version: readVersionId(reader),
    sequence: reader.number(),
    modifiedMs: reader.number(),
    ...(marked & versionedFlag ? { versioned: true as const } : {}),
  }
  reader.end()
  if (kind !== (row.references > 0 ? states.live : states.gone)) throw corrupt('the state of a data row')
  return row
}

export function toDataRow(ref: DataRef, stored: StoredData): DataRow {
  const { group, dataId } = ref
  if (stored.state !== 'live') {
    const { state, purge } = stored
    return {
      group,
      dataId,
      state: 'dead',
      committed: state === 'gone',
      ...(purge === 0 ? {} : { purgeSequence: purge }),
    }
  }
  const { scheme, chunkSizeBytes, lengthBytes, references, version } = stored
  return { group, dataId, state: 'live', scheme, chunkSizeBytes, lengthBytes, references, version }
}
