// Branded ids. Each is parsed once at the edge (wire, disk, flag) and trusted from there on.
//
// Data ids and version ids are 16 bytes: 48 bits of milliseconds since 1970, then 80 random bits. So they
// sort by time, and the random part spreads evenly. Inside the program both are strings, because they are
// keys of maps and of metadata: a data id is 32 lower-case hex digits; a version id is 26 characters of
// Crockford's base 32, so that nobody takes an ETag made from it for an MD5.

import { assert } from './assert.ts'

declare const brand: unique symbol
type Branded<T, Name> = T & { readonly [brand]: Name }

export type DataId = Branded<string, 'DataId'>
export type VersionId = Branded<string, 'VersionId'>
/** 16 lower-case hex digits; made once for a data directory. */
export type WorkerId = Branded<string, 'WorkerId'>
/** 32 lower-case hex digits. */
export type ClusterId = Branded<string, 'ClusterId'>
/** 16 lower-case hex digits; one for each start of a master process. */
export type ProcessId = Branded<string, 'ProcessId'>
/** 1 to 2^32 - 1. */
export type GroupId = Branded<number, 'GroupId'>
/** Counts the changes of one placement group; starts at 1. */
export type Epoch = Branded<number, 'Epoch'>

const crockford = '0123456789abcdefghjkmnpqrstvwxyz'

const hexPairs = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))

const noDigit = 0xff
/** By the code of a digit its value. */
const hexDigits = new Uint8Array(128).fill(noDigit)
for (let value = 0; value < 16; value++) hexDigits[value.toString(16).charCodeAt(0)] = value

/** Node.js 24 and older browsers have no `toHex` of their own, which takes a third of the time. */
const hasToHex = 'toHex' in Uint8Array.prototype

/** Lower-case digits, two a byte. */
export function toHex(bytes: Uint8Array): string {
  if (hasToHex) return bytes.toHex()
  let text = ''
  for (const byte of bytes) text += hexPairs[byte]
  return text
}

/** The inverse of `toHex`; the text must be hex digits, an even number of them. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2)
  writeHex(text, bytes, 0)
  return bytes
}

/** Writes the bytes that `text` spells into `target` from `offset`. */
export function writeHex(text: string, target: Uint8Array, offset: number): void {
  assert(text.length % 2 === 0, 'hex digits come in pairs')
  let all = 0
  for (let index = 0, at = offset; index < text.length; index += 2, at++) {
    const high = hexDigits[text.charCodeAt(index)] ?? noDigit
    const low = hexDigits[text.charCodeAt(index + 1)] ?? noDigit
    all |= high | low
    target[at] = (high << 4) | low
  }
  assert(all <= 15, 'only lower-case hex digits')
}

function isHex(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9a-f]*$/.test(text)
}

export function parseDataId(text: string): DataId | undefined {
  return isHex(text, 32) ? (text as DataId) : undefined
}

export function parseWorkerId(text: string): WorkerId | undefined {
  return isHex(text, 16) ? (text as WorkerId) : undefined
}

export function parseClusterId(text: string): ClusterId | undefined {
  return isHex(text, 32) ? (text as ClusterId) : undefined
}

export function parseProcessId(text: string): ProcessId | undefined {
  return isHex(text, 16) ? (text as ProcessId) : undefined
}

export function parseVersionId(text: string): VersionId | undefined {
  return /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text) ? (text as VersionId) : undefined
}

export function parseGroupId(value: number): GroupId | undefined {
  return Number.isInteger(value) && value >= 1 && value <= 0xffff_ffff ? (value as GroupId) : undefined
}

export function parseEpoch(value: number): Epoch | undefined {
  return Number.isSafeInteger(value) && value >= 1 ? (value as Epoch) : undefined
}

export function dataIdFromBytes(bytes: Uint8Array): DataId {
  assert(bytes.length === 16, 'a data id has 16 bytes')
  return toHex(bytes) as DataId
}

export function workerIdFromBytes(bytes: Uint8Array): WorkerId {
  assert(bytes.length === 8, 'a worker id has 8 bytes')
  return toHex(bytes) as WorkerId
}

export function clusterIdFromBytes(bytes: Uint8Array): ClusterId {
  assert(bytes.length === 16, 'a cluster id has 16 bytes')
  return toHex(bytes) as ClusterId
}

export function processIdFromBytes(bytes: Uint8Array): ProcessId {
  assert(bytes.length === 8, 'a process id has 8 bytes')
  return toHex(bytes) as ProcessId
}

/** Joins the two parts of a data id. `random` holds 10 bytes. */
export function makeDataId(timeMs: number, random: Uint8Array): DataId {
  assert(random.length === 10, 'the random part of a data id has 10 bytes')
  return (timeToHex(timeMs) + toHex(random)) as DataId
}

/** Milliseconds since 1970, as its maker's id clock stood. */
export function dataIdTimeMs(id: DataId): number {
  return Number.parseInt(id.slice(0, 12), 16)
}

/** The smallest id of that time: everything made before it sorts below. */
export function firstDataIdAt(timeMs: number): DataId {
  return (timeToHex(timeMs) + '0'.repeat(20)) as DataId
}

/** The id that is next below; there is none below the first. */
export function dataIdBefore(id: DataId): DataId | undefined {
  const value = BigInt(`0x${id}`)
  return value === 0n ? undefined : ((value - 1n).toString(16).padStart(32, '0') as DataId)
}

/** Joins the two parts of a version id. `random` holds 10 bytes. */
export function makeVersionId(timeMs: number, random: Uint8Array): VersionId {
  assert(random.length === 10, 'the random part of a version id has 10 bytes')
  // 130 bits: two zeros, 48 of time, 80 random; five a digit.
  const bytes = fromHex(timeToHex(timeMs))
  let text = ''
  let bits = 0
  let bitCount = 2
  for (let index = 0; index < 16; index++) {
    bits = ((bits << 8) | ((index < 6 ? bytes[index] : random[index - 6]) ?? 0)) & 0xfff
    for (bitCount += 8; bitCount >= 5; bitCount -= 5) text += crockford.charAt((bits >> (bitCount - 5)) & 31)
  }
  return text as VersionId
}

/** The version id of the same bytes: for a version that a command makes, which has an id of its own already. */
export function versionIdOf(id: DataId): VersionId {
  return makeVersionId(dataIdTimeMs(id), fromHex(id.slice(12)))
}

function timeToHex(timeMs: number): string {
  assert(Number.isInteger(timeMs) && timeMs >= 0 && timeMs < 2 ** 48, 'the time of an id has 48 bits')
  return timeMs.toString(16).padStart(12, '0')
}
