// The extension area of a request: a typed map, so that a node can carry what only others understand. An entry is a u16 tag,
// a u8 type (1 bytes, 2 UTF-8 text), a u16 length and the value; ascending tags, each once. What a node does not know it
// keeps as it came.

import { FrostError } from '../base/errors.ts'
import { fromHex, toHex } from '../base/ids.ts'
import { extensionBytesMax } from './frame.ts'
import { WireReader, WireWriter } from './wire.ts'

/** Travels with each request. What a node does not know, it keeps, so that it can pass it on. */
export interface RpcExtension {
  /** W3C trace context: 16 bytes of trace id, 8 of parent span id, 1 of flags, as 50 hex digits. */
  readonly trace?: string
  /** The id that the public face gave the request; at most 64 bytes. */
  readonly requestId?: string
  /** On whose behalf; at most 256 bytes. */
  readonly principal?: string
  /** Entries that this version does not know, with tags from 4 on. */
  readonly unknown?: readonly UnknownExtension[]
}

export interface UnknownExtension {
  readonly tag: number
  readonly type: number
  readonly bytes: Uint8Array
}

const tags = { trace: 1, requestId: 2, principal: 3 } as const
const types = { bytes: 1, text: 2 } as const
/** Tag, type and length of an entry. */
const entryHeadBytes = 5
const traceBytes = 25
const requestIdBytesMax = 64
const principalBytesMax = 256

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws FrostError `bad-request` where a value is longer than allowed, or all together are. */
export function encodeExtension(extension: RpcExtension): Uint8Array {
  const { trace, requestId, principal, unknown = [] } = extension
  const entries: UnknownExtension[] = []
  if (trace !== undefined) entries.push({ tag: tags.trace, type: types.bytes, bytes: fromHex(trace) })
  if (requestId !== undefined) entries.push({ tag: tags.requestId, type: types.text, bytes: encoder.encode(requestId) })
  if (principal !== undefined) entries.push({ tag: tags.principal, type: types.text, bytes: encoder.encode(principal) })
  entries.push(...unknown.toSorted((left, right) => left.tag - right.tag))
  const writer = new WireWriter('request extension', extensionBytesMax)
  try {
    for (const { tag, type, bytes } of entries) {
      assertFits(tag, bytes)
      writer.u16(tag).u8(type).u16(bytes.length).raw(bytes)
    }
  } catch (cause) {
    throw new FrostError('bad-request', `The extension of a request is over ${extensionBytesMax} bytes.`, { cause })
  }
  return writer.finish()
}

/** As `encodeExtension({ requestId })`, for an id of 1 to 64 ASCII characters: made for each request of a client. */
export function encodeRequestId(requestId: string): Uint8Array {
  const { length } = requestId
  const bytes = new Uint8Array(entryHeadBytes + length)
  bytes[0] = tags.requestId // both numbers are small: their upper bytes are 0
  bytes[2] = types.text
  bytes[3] = length
  for (let index = 0; index < length; index++) bytes[entryHeadBytes + index] = requestId.charCodeAt(index)
  return bytes
}

/** @throws FrostError `protocol-error`. The result refers to `bytes`. */
export function decodeExtension(bytes: Uint8Array): RpcExtension {
  const reader = new WireReader('request extension', bytes)
  const values: { trace?: string; requestId?: string; principal?: string } = {}
  const unknown: UnknownExtension[] = []
  let previousTag = -1
  while (reader.remaining > 0) {
    const tag = reader.u16()
    if (tag <= previousTag) throw reader.wrong('tags that do not ascend')
    previousTag = tag
    const type = reader.u8()
    const value = reader.raw(reader.u16())
    if (tag === tags.trace) values.trace = readTrace(reader, type, value)
    else if (tag === tags.requestId) values.requestId = readText(reader, type, value, requestIdBytesMax)
    else if (tag === tags.principal) values.principal = readText(reader, type, value, principalBytesMax)
    else unknown.push({ tag, type, bytes: value })
  }
  return unknown.length > 0 ? { ...values, unknown } : values
}

function assertFits(tag: number, bytes: Uint8Array): void {
  const max =
    tag === tags.requestId ? requestIdBytesMax : tag === tags.principal ? principalBytesMax : extensionBytesMax
  if (bytes.length > max || (tag === tags.trace && bytes.length !== traceBytes)) {
    throw new FrostError('bad-request', `Extension ${tag} of a request has ${bytes.length} bytes.`)
  }
}

function readTrace(reader: WireReader, type: number, value: Uint8Array): string {
  if (type !== types.bytes || value.length !== traceBytes) throw reader.wrong('a trace that is none')
  return toHex(value)
}

function readText(reader: WireReader, type: number, value: Uint8Array, bytesMax: number): string {
  if (type !== types.text || value.length > bytesMax)
    throw reader.wrong(`a text of type ${type}, ${value.length} bytes`)
  try {
    return decoder.decode(value)
  } catch (cause) {
    throw reader.wrong('text that is not UTF-8', cause)
  }
}
