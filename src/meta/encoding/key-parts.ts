// Order-preserving parts of keys, as byte strings: numbers big-endian, ids as their bytes, text as its UTF-8.

import { assert } from '../../base/assert.ts'
import { parseDataId, parseGroupId } from '../../base/ids.ts'
import type { DataId, GroupId } from '../../base/ids.ts'
import type { ByteString } from '../../ports/key-value.ts'
import { corrupt } from './row-reader.ts'

/** Four bytes, highest first. */
export function uint32Part(value: number): ByteString {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, 'a number of 32 bits')
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

/** Seven bytes, highest first: any whole number that is exact. */
export function numberPart(value: number): ByteString {
  assert(Number.isSafeInteger(value) && value >= 0, 'a whole number')
  const high = Math.floor(value / 2 ** 32)
  return String.fromCharCode((high >>> 16) & 0xff, (high >>> 8) & 0xff, high & 0xff) + uint32Part(value >>> 0)
}

/** Hex digits as half as many bytes. */
export function hexPart(digits: string): ByteString {
  return Buffer.from(digits, 'hex').toString('latin1')
}

/** The UTF-8 of a text. */
export function textPart(text: string): ByteString {
  assert(text.isWellFormed(), 'text of a key is well-formed')
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** The text whose UTF-8 the part is. */
export function partText(part: ByteString): string {
  return isAscii(part) ? part : Buffer.from(part, 'latin1').toString('utf8')
}

export function readUint32(key: ByteString, at: number): number {
  if (at + 4 > key.length) throw corrupt('a key is too short')
  return readBytes(key, at, 4)
}

export function readNumber(key: ByteString, at: number): number {
  if (at + 7 > key.length) throw corrupt('a key is too short')
  return readBytes(key, at, 7)
}

export function readHex(key: ByteString, at: number, digits: number): string {
  return Buffer.from(key.slice(at, at + digits / 2), 'latin1').toString('hex')
}

export function readGroup(key: ByteString, at: number): GroupId {
  const group = parseGroupId(readUint32(key, at))
  if (group === undefined) throw corrupt('a key has no group')
  return group
}

export function readDataId(key: ByteString, at: number): DataId {
  const dataId = parseDataId(readHex(key, at, 32))
  if (dataId === undefined) throw corrupt('a key has no data id')
  return dataId
}

/** The first key that is above every key starting with `prefix`, which has a byte below 255. */
export function afterPrefix(prefix: ByteString): ByteString {
  let length = prefix.length
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length -= 1
  assert(length > 0, 'a prefix has a byte below 255')
  return prefix.slice(0, length - 1) + String.fromCharCode(prefix.charCodeAt(length - 1) + 1)
}

function readBytes(key: ByteString, at: number, count: number): number {
  let value = 0
  for (let index = at; index < at + count; index++) value = value * 256 + key.charCodeAt(index)
  return value
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return false
  }
  return true
}
