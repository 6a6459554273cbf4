// Whole records for the store's tests: scheme 1+1, so that the payload of both columns is the block's data.

import { defined } from '../../base/assert.ts'
import { makeDataId, parseGroupId } from '../../base/ids.ts'
import type { DataId, GroupId } from '../../base/ids.ts'
import { SeededRandom } from '../../base/random.ts'
import { maskedTable, plainChecks } from '../../codec/check-table.ts'
import { BlockGeometry } from '../../codec/geometry.ts'
import { encodeHeaders, recordLengths } from '../../codec/record.ts'
import { SimulatedCompute } from '../../../sim/ports/compute.ts'
import type { FragmentKey } from '../contract.ts'

const compute = new SimulatedCompute()

export interface RecordOptions {
  readonly group?: number
  readonly dataId: DataId
  readonly block?: number
  readonly column?: number
  /** Default 1,000. */
  readonly payloadBytes?: number
  readonly chunkSizeBytes?: number
  /** Which content; default 1. */
  readonly seed?: number
  readonly manifestBytes?: number
}

export function groupId(value: number): GroupId {
  return defined(parseGroupId(value), 'a group')
}

/** The data id number `value`: they sort as their numbers. */
export function dataIdNumber(value: number): DataId {
  return makeDataId(1_700_000_000_000 + value, new Uint8Array(10).fill(value & 0xff))
}

export function keyOf(options: RecordOptions): FragmentKey {
  const { group = 1, dataId, block = 0, column = 0 } = options
  return { group: groupId(group), dataId, block, column }
}

export function payloadOf(options: RecordOptions): Uint8Array<ArrayBuffer> {
  const { payloadBytes = 1000, seed = 1 } = options
  const bytes = new Uint8Array(payloadBytes)
  const pattern = new SeededRandom(seed).bytes(257)
  for (let at = 0; at < payloadBytes; at += pattern.length) {
    bytes.set(pattern.subarray(0, Math.min(pattern.length, payloadBytes - at)), at)
  }
  return bytes
}

export function makeRecord(options: RecordOptions): Uint8Array<ArrayBuffer> {
  const { payloadBytes = 1000, chunkSizeBytes = 10_240, manifestBytes = 0 } = options
  const { group, dataId, block, column } = keyOf(options)
  const payload = payloadOf(options)
  const geometry = new BlockGeometry({ dataColumns: 1, parityColumns: 1 }, chunkSizeBytes, payloadBytes)
  const checkTable = maskedTable(geometry, { dataId, block }, plainChecks(compute, geometry, [payload, payload]))
  const manifest = new Uint8Array(manifestBytes).fill(77)
  const content = { group, dataId, block, geometry, checkTable, manifest, isLastBlock: manifestBytes > 0 }
  const header = defined(encodeHeaders(compute, content, [column])[0], 'a header')
  const record = new Uint8Array(recordLengths(geometry, column, manifestBytes).recordBytes)
  record.set(header)
  record.set(payload, header.length)
  return record
}
