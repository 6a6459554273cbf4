// The pages of a segment that are no batches: its header page (first), and, once it is sealed, the pages of its key table
// and its trailer page (last). docs/design/store-format.md has every byte. Little-endian.
//
// Header page
//  0 u32 magic "FBS1"   4 u16 version   6 u8 log kind   7 u8 0   8 [8] salt   16 u32 segment   20 u32 claims
// 24 [8] worker id   32 u64 number of its first batch   40 u64 sequence counter when it was made   48 [12] 0
// 60 u32 CRC-32 of the page without these 4 bytes   64 claims: u32 segment, u32 end
//
// Table page
//  0 up to 85 entries of 48 bytes (log-entry.ts)   4080 u32 index of the page   4084 u32 entries   4088 [4] start of the salt
// 4092 u32 CRC-32 of [0, 4092)
//
// Trailer page
//  0 u32 magic "FBT1"   4 u16 version   6 u8 log kind   7 u8 0   8 [8] salt   16 u32 segment   20 u32 entries
// 24 u32 table offset   28 u32 end of the batches   32 u64 first batch   40 u64 number after the last batch
// 48 u64 sequence counter when it was made   56 u64 sequence counter when it was sealed   64 [4028] 0   4092 u32 CRC-32 of [0, 4092)

import { assert } from '../base/assert.ts'
import { workerIdFromBytes, writeHex, type WorkerId } from '../base/ids.ts'
import type { Compute } from '../ports/compute.ts'
import { alignmentBytes } from '../ports/disk.ts'
import { kindNumber, kindOfNumber, type LogKind } from './batch-format.ts'
import { entryBytes, readEntry, readUint48, writeEntry, writeUint48, type LogEntry } from './log-entry.ts'

const headerMagic = 0x3153_4246 // "FBS1"
const trailerMagic = 0x3154_4246 // "FBT1"
const version = 1
const headerChecksumAt = 60
const claimsAt = 64
const claimsMax = (alignmentBytes - claimsAt) / 8
export const saltBytes = 8
const pageChecksumAt = alignmentBytes - 4
const entriesPerPage = 85
const tableTailAt = entriesPerPage * entryBytes

/** Says where an older segment of the log ends: what lies behind was judged, and what was good of it stands after this. */
export interface Claim {
  readonly segment: number
  readonly end: number
}

export interface SegmentHeader {
  readonly kind: LogKind
  readonly salt: Uint8Array<ArrayBuffer>
  readonly segment: number
  readonly worker: WorkerId
  readonly firstBatch: number
  readonly firstSequence: number
  readonly claims: readonly Claim[]
}

export interface SegmentTrailer {
  readonly kind: LogKind
  readonly salt: Uint8Array<ArrayBuffer>
  readonly segment: number
  readonly entryCount: number
  readonly tableOffset: number
  readonly batchesEnd: number
  readonly firstBatch: number
  readonly nextBatch: number
  readonly firstSequence: number
  readonly nextSequence: number
}

export function encodeSegmentHeader(compute: Compute, header: SegmentHeader): Uint8Array<ArrayBuffer> {
  assert(header.claims.length <= claimsMax, `${header.claims.length} claims`)
  const bytes = new Uint8Array(alignmentBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, headerMagic, true)
  view.setUint16(4, version, true)
  view.setUint8(6, kindNumber(header.kind))
  bytes.set(header.salt, 8)
  view.setUint32(16, header.segment, true)
  view.setUint32(20, header.claims.length, true)
  writeHex(header.worker, bytes, 24)
  writeUint48(view, 32, header.firstBatch)
  writeUint48(view, 40, header.firstSequence)
  for (const [index, claim] of header.claims.entries()) {
    view.setUint32(claimsAt + index * 8, claim.segment, true)
    view.setUint32(claimsAt + index * 8 + 4, claim.end, true)
  }
  view.setUint32(headerChecksumAt, headerChecksum(compute, bytes), true)
  return bytes
}

/** `undefined`: not an intact header page. */
export function decodeSegmentHeader(compute: Compute, bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < alignmentBytes) return undefined
  const page = bytes.subarray(0, alignmentBytes)
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  const kind = kindOfNumber(view.getUint8(6))
  const claimCount = view.getUint32(20, true)
  const isIntact =
    view.getUint32(0, true) === headerMagic &&
    view.getUint16(4, true) === version &&
    view.getUint32(headerChecksumAt, true) === headerChecksum(compute, page)
  if (!isIntact || kind === undefined || claimCount > claimsMax) return undefined
  const claims = Array.from({ length: claimCount }, (_, index) => ({
    segment: view.getUint32(claimsAt + index * 8, true),
    end: view.getUint32(claimsAt + index * 8 + 4, true),
  }))
  return {
    kind,
    salt: page.slice(8, 8 + saltBytes),
    segment: view.getUint32(16, true),
    worker: workerIdFromBytes(page.subarray(24, 32)),
    firstBatch: readUint48(view, 32),
    firstSequence: readUint48(view, 40),
    claims,
  }
}

function headerChecksum(compute: Compute, page: Uint8Array): number {
  return compute.crc32(page.subarray(claimsAt), compute.crc32(page.subarray(0, headerChecksumAt)))
}

/** Collects the entries of a segment while it is written: 48 bytes each. */
export class TableBuilder {
  readonly #pages: Uint8Array<ArrayBuffer>[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Bytes of the table so far. */
  get bytes(): number {
    return this.#pages.length * alignmentBytes
  }

  /** `offset`: of the record in the segment. */
  add(entry: LogEntry, offset: number): void {
    const at = this.#count % entriesPerPage
    if (at === 0) this.#pages.push(new Uint8Array(alignmentBytes))
    const page = this.#pages.at(-1)
    assert(page !== undefined, 'a page was added')
    writeEntry(new DataView(page.buffer), at * entryBytes, entry, offset)
    this.#count++
  }

  /** The finished pages; nothing is added afterwards. */
  finish(compute: Compute, salt: Uint8Array): readonly Uint8Array<ArrayBuffer>[] {
    for (const [index, page] of this.#pages.entries()) {
      const view = new DataView(page.buffer)
      const isLast = index === this.#pages.length - 1
      view.setUint32(tableTailAt, index, true)
      view.setUint32(tableTailAt + 4, isLast ? this.#count - index * entriesPerPage : entriesPerPage, true)
      page.set(salt.subarray(0, 4), tableTailAt + 8)
      view.setUint32(pageChecksumAt, compute.crc32(page.subarray(0, pageChecksumAt)), true)
    }
    return this.#pages
  }
}

/** Bytes of a table with so many entries. */
export function tableBytes(entryCount: number): number {
  return Math.ceil(entryCount / entriesPerPage) * alignmentBytes
}

/** `undefined`: not the intact page `index` of the table of the segment with this salt. */
export function decodeTablePage(
  compute: Compute,
  page: Uint8Array,
  expected: { readonly salt: Uint8Array; readonly index: number },
): readonly LogEntry[] | undefined {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  const count = view.getUint32(tableTailAt + 4, true)
  const isIntact =
    view.getUint32(tableTailAt, true) === expected.index &&
    count <= entriesPerPage &&
    [0, 1, 2, 3].every((byte) => page[tableTailAt + 8 + byte] === expected.salt[byte]) &&
    view.getUint32(pageChecksumAt, true) === compute.crc32(page.subarray(0, pageChecksumAt))
  if (!isIntact) return undefined
  const entries: LogEntry[] = []
  for (let index = 0; index < count; index++) {
    const entry = readEntry(view, index * entryBytes, 0)
    if (entry === undefined) return undefined
    entries.push(entry)
  }
  return entries
}

export function encodeTrailer(compute: Compute, trailer: SegmentTrailer): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(alignmentBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, trailerMagic, true)
  view.setUint16(4, version, true)
  view.setUint8(6, kindNumber(trailer.kind))
  bytes.set(trailer.salt, 8)
  view.setUint32(16, trailer.segment, true)
  view.setUint32(20, trailer.entryCount, true)
  view.setUint32(24, trailer.tableOffset, true)
  view.setUint32(28, trailer.batchesEnd, true)
  writeUint48(view, 32, trailer.firstBatch)
  writeUint48(view, 40, trailer.nextBatch)
  writeUint48(view, 48, trailer.firstSequence)
  writeUint48(view, 56, trailer.nextSequence)
  view.setUint32(pageChecksumAt, compute.crc32(bytes.subarray(0, pageChecksumAt)), true)
  return bytes
}

/** `undefined`: not the intact trailer of segment `segment`. */
export function decodeTrailer(compute: Compute, page: Uint8Array, segment: number): SegmentTrailer | undefined {
  if (page.length < alignmentBytes) return undefined
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  const kind = kindOfNumber(view.getUint8(6))
  const isIntact =
    view.getUint32(0, true) === trailerMagic &&
    view.getUint16(4, true) === version &&
    view.getUint32(16, true) === segment &&
    view.getUint32(pageChecksumAt, true) === compute.crc32(page.subarray(0, pageChecksumAt))
  if (!isIntact || kind === undefined) return undefined
  return {
    kind,
    salt: page.slice(8, 8 + saltBytes),
    segment,
    entryCount: view.getUint32(20, true),
    tableOffset: view.getUint32(24, true),
    batchesEnd: view.getUint32(28, true),
    firstBatch: readUint48(view, 32),
    nextBatch: readUint48(view, 40),
    firstSequence: readUint48(view, 48),
    nextSequence: readUint48(view, 56),
  }
}
