// An extensible map in bytes: `version u16 | fields`, each `tag u16 | type u8 | length u32 | value`, tags strictly ascending, so
// that one content has one form. What a tag or type means is its user's (manifest.ts). Numbers are u64, at most 2^53 - 1.

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
const plainTextUnitsMax = 128
const textEncoder = new TextEncoder()
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Writes fields one after the other, in the order of their tags, into memory that grows with them. */
export class FieldWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 2
  #lastTag = 0
  #count = 0

  constructor(version: number) {
    this.#view.setUint16(0, version, true)
  }

  text(tag: number, type: number, text: string): void {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    const start = this.#begin(tag, type, 3 * text.length)
    this.#end(start, this.#encodeText(start, text))
  }

  number(tag: number, type: number, value: number): void {
    const start = this.#begin(tag, type, 8)
    writeNumber(this.#view, start, value)
    this.#end(start, 8)
  }

  bytes(tag: number, type: number, value: Uint8Array): void {
    const start = this.#begin(tag, type, value.length)
    this.#bytes.set(value, start)
    this.#end(start, value.length)
  }

  /** Entries `length u32 | name | length u32 | text`, in the map's order. */
  textMap(tag: number, type: number, map: ReadonlyMap<string, string>): void {
    assert(map.size <= textMapEntriesMax, `${map.size} entries`)
    const texts = [...map].flat()
    const start = this.#begin(
      tag,
      type,
      texts.reduce((sum, text) => sum + 4 + 3 * text.length, 0),
    )
    let at = start
    for (const text of texts) {
      const written = this.#encodeText(at + 4, text)
      this.#view.setUint32(at, written, true)
      at += 4 + written
    }
    this.#end(start, at - start)
  }

  /** Everything written; the writer must not be used afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Makes room for a value of at most `valueBytes` and returns where it starts. */
  #begin(tag: number, type: number, valueBytes: number): number {
    assert(tag > this.#lastTag && tag <= 0xffff, 'tags in order', tag)
    assert(++this.#count <= fieldsMax, 'number of fields')
    this.#lastTag = tag
    const start = this.#length + fieldHeaderBytes
    if (start + valueBytes > this.#bytes.length) {
      const grown = new Uint8Array(2 * (start + valueBytes))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#view.setUint16(this.#length, tag, true)
    this.#view.setUint8(this.#length + 2, type)
    return start
  }

  #end(start: number, valueBytes: number): void {
    this.#view.setUint32(start - 4, valueBytes, true)
    this.#length = start + valueBytes
  }

  /** Short plain texts are the rule, and for them a call of the encoder costs more than the work. */
  #encodeText(at: number, text: string): number {
    const bytes = this.#bytes
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      if (unit >= 0x80 || index >= plainTextUnitsMax) return textEncoder.encodeInto(text, bytes.subarray(at)).written
      bytes[at + index] = unit
    }
    return text.length
  }
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
    if (fields.size > fieldsMax) throw new FrostError(code, 'number of fields')
  }
  return fields
}

/** @throws FrostError `code` */
export function decodeTextMap(bytes: Uint8Array, code: DamageCode): ReadonlyMap<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: string[] = []
  let at = 0
  while (at < bytes.length) {
    const end = at + 4 > bytes.length ? Infinity : at + 4 + view.getUint32(at, true)
    if (end > bytes.length || texts.length >= 2 * textMapEntriesMax) {
      throw new FrostError(code, 'a map of texts is malformed')
    }
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

export function writeNumber(view: DataView, at: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a number that can be stored', value)
  view.setUint32(at, value % 2 ** 32, true)
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
}

/** @throws FrostError `code` */
export function readNumber(view: DataView, at: number, code: DamageCode): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
  if (!Number.isSafeInteger(value)) throw new FrostError(code, 'a number is too large')
  return value
}
