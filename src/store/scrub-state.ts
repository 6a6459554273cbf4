// How far the scrubber is, as the file `scrub` keeps it over restarts: it is replaced atomically, and one that is damaged only costs a new
// cycle. Little-endian:
//
//  0 u32 magic "FBC1"   4 u16 version   6 u16 flags (1: a cycle is under way, 2: it was asked for, 4: one was finished)
//  8 u32 segment   12 u32 offset   16 u32 end segment   20 u32 0   24 u64 start of the cycle   32 u64 bytes done
// 40 u64 bytes in all   48 u64 start of the last finished cycle   56 u32 0   60 u32 CRC-32 of [0, 60)
//
// Both starts are milliseconds since 1970 on this machine's clock.

import { crc32Short } from '../codec/crc32.ts'
import { readUint48, writeUint48 } from './log-entry.ts'

export interface ScrubState {
  readonly cycle: ScrubCycleState | undefined
  /** Start of the last cycle that was finished. */
  readonly finishedWallMs: number | undefined
}

export interface ScrubCycleState {
  /** It was asked for: at full pace. */
  readonly isFull: boolean
  readonly startedWallMs: number
  /** Everything before this place was read. */
  readonly segment: number
  readonly offset: number
  /** Segments from here on are newer than the cycle. */
  readonly endSegment: number
  readonly doneBytes: number
  readonly totalBytes: number
}

const magic = 0x3143_4246 // "FBC1"
const version = 1
const flagCycle = 1
const flagFull = 2
const flagFinished = 4
const stateBytes = 64
const checksumAt = 60

export function encodeScrubState({ cycle, finishedWallMs }: ScrubState): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(stateBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint16(4, version, true)
  const cycleFlags = cycle === undefined ? 0 : flagCycle | (cycle.isFull ? flagFull : 0)
  view.setUint16(6, cycleFlags | (finishedWallMs === undefined ? 0 : flagFinished), true)
  if (cycle !== undefined) {
    view.setUint32(8, cycle.segment, true)
    view.setUint32(12, cycle.offset, true)
    view.setUint32(16, cycle.endSegment, true)
    writeUint48(view, 24, cycle.startedWallMs)
    writeUint48(view, 32, cycle.doneBytes)
    writeUint48(view, 40, cycle.totalBytes)
  }
  if (finishedWallMs !== undefined) writeUint48(view, 48, finishedWallMs)
  view.setUint32(checksumAt, crc32Short(bytes, 0, checksumAt), true)
  return bytes
}

/** `undefined`: damaged, or of another version. */
export function decodeScrubState(bytes: Uint8Array): ScrubState | undefined {
  if (bytes.length !== stateBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(checksumAt, true) !== crc32Short(bytes, 0, checksumAt)) return undefined
  if (view.getUint32(0, true) !== magic || view.getUint16(4, true) !== version) return undefined
  const flags = view.getUint16(6, true)
  const cycle = {
    isFull: (flags & flagFull) !== 0,
    startedWallMs: readUint48(view, 24),
    segment: view.getUint32(8, true),
    offset: view.getUint32(12, true),
    endSegment: view.getUint32(16, true),
    doneBytes: readUint48(view, 32),
    totalBytes: readUint48(view, 40),
  }
  return {
    cycle: (flags & flagCycle) === 0 ? undefined : cycle,
    finishedWallMs: (flags & flagFinished) === 0 ? undefined : readUint48(view, 48),
  }
}
