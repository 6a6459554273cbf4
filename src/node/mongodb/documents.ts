// Rows and the guard as documents of one collection.
//
//   {_id: key, v: row | crc32}       a row. The key as a string whose characters 0 to 255 are the key's bytes: MongoDB compares
//                                    strings by their UTF-8, which keeps the order of code points, so documents sort as keys do
//   {_id: '', format: 1, number, commit, state, instances: [{id, number, session}]}     the guard, before all rows
//   {_id: 0, INSTANCE: number, …}                         who waits to commit, by the guard's number since when

import { FrostError } from '../../base/errors.ts'
import type { ByteString } from '../../ports/key-value.ts'
import { checkRow, encodeRow } from '../row-check.ts'
import type { Guard, InstanceMark, Queue, StoreState } from './row-server.ts'

export const guardId = ''
/** A number, which is no key: ranges of strings pass it by. */
export const queueId = 0
/** Of the documents; the rows have a version of their own, in the cluster's row. */
const format = 1

export interface RowDocument {
  readonly _id: string
  readonly v: Buffer
}

export function rowDocument(key: ByteString, row: Uint8Array): RowDocument {
  return { _id: key, v: encodeRow(key, row) }
}

/** @throws FrostError `store-corrupt`. */
export function readRow(document: Readonly<Record<string, unknown>>): readonly [ByteString, Uint8Array] {
  const { _id: key, v: value } = document
  const bytes = bytesOf(value)
  if (typeof key !== 'string' || bytes === undefined) throw corrupt()
  return [key, checkRow(key, bytes)]
}

export function readKey({ _id: key }: Readonly<Record<string, unknown>>): ByteString {
  if (typeof key !== 'string') throw corrupt()
  return key
}

export function guardDocument(guard: Guard): Readonly<Record<string, unknown>> {
  const { number, commit, state } = guard
  const instances = [...guard.instances].map(([id, mark]) => ({ id, ...mark }))
  return { _id: guardId, format, number, commit, state, instances }
}

/** @throws FrostError `format-unsupported`, `store-corrupt`. */
export function readGuard(document: Readonly<Record<string, unknown>>): Guard {
  const { number, commit, state, instances } = document
  if (document['format'] !== format)
    throw new FrostError('format-unsupported', `The metadata in MongoDB has format ${String(document['format'])}.`, {
      remedy: `This version of FrostByte knows format ${format}. Start the version that wrote it, or a newer one.`,
    })
  if (typeof number !== 'number' || typeof commit !== 'string' || !isState(state) || !Array.isArray(instances))
    throw corrupt()
  return { number, commit, state, instances: new Map(instances.map(readMark)) }
}

/** What does not look like an entry is none: the queue is for fairness only. */
export function readQueue(document: Readonly<Record<string, unknown>>): Queue {
  const entries = Object.entries(document).filter(([name]) => name !== '_id')
  return new Map(entries.flatMap(([id, number]) => (typeof number === 'number' ? [[id, number] as const] : [])))
}

function readMark(value: unknown): [string, InstanceMark] {
  if (typeof value !== 'object' || value === null) throw corrupt()
  const { id, number, session } = value as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' || typeof number !== 'number' || typeof session !== 'string') throw corrupt()
  return [id, { number, session }]
}

function isState(value: unknown): value is StoreState {
  return value === 'open' || value === 'importing' || value === 'moved'
}

/** The driver gives binary values as its own class, over a part of a larger buffer. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'object' || value === null || !('buffer' in value) || !('position' in value)) return undefined
  const { buffer, position } = value
  return buffer instanceof Uint8Array && typeof position === 'number' ? buffer.subarray(0, position) : undefined
}

function corrupt(): FrostError {
  return new FrostError('store-corrupt', 'A document of the metadata is not one of FrostByte.', {
    remedy: 'Nothing but FrostByte may write to its database.',
  })
}
