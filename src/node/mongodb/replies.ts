// Answers of the server to raw commands, as far as they are looked at: parsed, because the driver types them as anything.

import { FrostError } from '../../base/errors.ts'

export type Reply = Readonly<Record<string, unknown>>

export interface CursorReply {
  readonly documents: readonly Reply[]
  /** Decimal; `0`: there is nothing more. */
  readonly id: string
  /** The time that was read. */
  readonly atClusterTime: unknown
}

/** Of `find` and `getMore`. */
export function readCursor(reply: Reply): CursorReply {
  const { cursor } = reply
  if (!isReply(cursor)) throw unexpected()
  const documents = cursor['firstBatch'] ?? cursor['nextBatch']
  if (!Array.isArray(documents) || !documents.every(isReply)) throw unexpected()
  return { documents, id: String(cursor['id']), atClusterTime: cursor['atClusterTime'] }
}

export interface WriteReply {
  /** Matched and made documents. */
  readonly count: number
  readonly failure: { readonly code: unknown; readonly message: string } | undefined
}

export function readWrite(reply: Reply): WriteReply {
  const { writeErrors } = reply
  const first: unknown = Array.isArray(writeErrors) ? writeErrors[0] : undefined
  const failure = isReply(first) ? { code: first['code'], message: String(first['errmsg']) } : undefined
  return { count: Number(reply['n']), failure }
}

/** A part of an answer that should be a document. */
export function readDocument(reply: Reply, name: string): Reply {
  const value = reply[name]
  if (!isReply(value)) throw unexpected()
  return value
}

function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null
}

function unexpected(): FrostError {
  return new FrostError('internal', 'MongoDB gave an answer that is not understood.')
}
