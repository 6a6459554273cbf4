// An extensible map in bytes: `version u16 | fields`, each `tag u16 | type u8 | length u32 | value`, tags strictly ascending, so
// that one content has one form. What a tag or type means is its user's (manifest.ts).

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { DamageCode } from './record.ts'

export interface Field {
  /** 1 to 65,535. */
  readonly tag: number
  readonly type: number
  readonly value: Uint8Array
}

const fieldsMax = 64
const textMapEntriesMax = 1024
const fieldHeaderBytes = 7

/** `fields` in any order; no tag twice. */
export function encodeFields(version: number, fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  assert(fields.length <= fieldsMax, `${fields.length} fields`)
  const sorted = fields.toSorted((left, right) => left.tag - right.tag)
  const length = sorted.reduce((sum, field) => sum + fieldHeaderBytes + field.value.length, 2)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, version, true)
  let at = 2
  let before = 0
  for (const { tag, type, value } of sorted) {
    assert(tag > before && tag <= 0xffff, `tag ${tag}`)
    before = tag
    view.setUint16(at, tag, true)
    view.setUint8(at + 2, type)
    view.setUint32(at + 3, value.length, true)
    bytes.set(value, at + fieldHeaderBytes)
    at += fieldHeaderBytes + value.length
  }
  return bytes
}

/**
 * By tag; values are views of `bytes`.
 * @throws FrostError `code`
 */
export function decodeFields(version: number, bytes: Uint8Array, code: DamageCode): ReadonlyMap<number, Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 2 || view.getUint16(0, true) !== version) throw new FrostError(code, 'fields of another version')
  const fields = new Map<number, Field>()
  let at = 2
  let before = 0
  while (at < bytes.length) {
    if (at + fieldHeaderBytes > bytes.length) throw new FrostError(code, 'a field ends early')
    const tag = view.getUint16(at, true)
    const type = view.getUint8(at + 2)
    const start = at + fieldHeaderBytes
    at = start + view.getUint32(at + 3, true)
    if (at > bytes.length) throw new FrostError(code, `field ${tag} ends early`)
    if (tag <= before) throw new FrostError(code, `field ${tag} is not in order`)
    before = tag
    fields.set(tag, { tag, type, value: bytes.subarray(start, at) })
    if (fields.size > fieldsMax) throw new FrostError(code, `more than ${fieldsMax} fields`)
  }
  return fields
}

const textEncoder = new TextEncoder()
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Entries `length u32 | name | length u32 | text`, in the map's order. */
export function encodeTextMap(map: ReadonlyMap<string, string>): Uint8Array {
  assert(map.size <= textMapEntriesMax, `${map.size} entries`)
  const texts = [...map].flat().map(encodeText)
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 4 + text.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const text of texts) {
    view.setUint32(at, text.length, true)
    bytes.set(text, at + 4)
    at += 4 + text.length
  }
  return bytes
}

/** @throws FrostError `code` */
export function decodeTextMap(bytes: Uint8Array, code: DamageCode): ReadonlyMap<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: string[] = []
  let at = 0
  while (at < bytes.length) {
    const end = at + 4 > bytes.length ? Infinity : at + 4 + view.getUint32(at, true)
    if (end > bytes.length || texts.length >= 2 * textMapEntriesMax)
      throw new FrostError(code, 'a map of texts is malformed')
    texts.push(decodeText(bytes.subarray(at + 4, end), code))
    at = end
  }
  const map = new Map<string, string>()
  for (let index = 0; index < texts.length; index += 2) {
    const name = texts[index] ?? ''
    const text = texts[index + 1]
    if (text === undefined || map.has(name)) throw new FrostError(code, 'a map of texts is malformed')
    map.set(name, text)
  }
  return map
}

/** @throws FrostError `code` where the bytes are not UTF-8 */
export function decodeText(bytes: Uint8Array, code: DamageCode): string {
  try {
    return textDecoder.decode(bytes)
  } catch (cause) {
    throw new FrostError(code, 'a text is not UTF-8', { cause })
  }
}

export function encodeText(text: string): Uint8Array {
  return textEncoder.encode(text)
}
