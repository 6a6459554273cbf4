// Which stored bytes a range of an encrypted object needs: one run, from the first segment that it touches to the last, and the
// salts that lie between.

import { defined } from '../../base/assert.ts'
import {
  saltBytes,
  sealedSegmentBytes,
  segmentBytes,
  segmentCount,
  storedSizeOfPart,
  storedSizeOfWhole,
  tagBytes,
} from './stream-format.ts'
import type { PlainLayout } from './stream-format.ts'

export interface SegmentRun {
  readonly storedOffset: number
  readonly storedBytes: number
  /** Where the salt of the first stream lies, if the run begins after it. */
  readonly saltOffset: number | undefined
  /** Those that the range touches. */
  readonly streams: readonly RunStream[]
  /** Of the first stream, where the run begins. */
  readonly firstSegment: number
  /** Of the first segment, before the range. */
  readonly skipBytes: number
  /** Length of the range. */
  readonly plainBytes: number
}

export class RunStream {
  /** 0: the object was put at once. */
  readonly part: number
  readonly segments: number
  readonly #length: number

  constructor(part: number, length: number) {
    this.part = part
    this.#length = length
    this.segments = segmentCount(length)
  }

  plainBytesOf(segment: number): number {
    return Math.min(segmentBytes, this.#length - segment * segmentBytes)
  }
}

interface Place {
  readonly stream: RunStream
  readonly length: number
  readonly plainStart: number
  readonly storedStart: number
}

/** `offset` and `length` lie within the object. */
export function planRun(layout: PlainLayout, offset: number, length: number): SegmentRun {
  const places = length === 0 ? [] : touched(layout, offset, offset + length)
  const [first] = places
  if (first === undefined) {
    return {
      storedOffset: 0,
      storedBytes: 0,
      saltOffset: undefined,
      streams: [],
      firstSegment: 0,
      skipBytes: 0,
      plainBytes: 0,
    }
  }
  const last = defined(places.at(-1), 'a last place')
  const firstSegment = Math.floor((offset - first.plainStart) / segmentBytes)
  const lastSegment = Math.floor((offset + length - 1 - last.plainStart) / segmentBytes)
  const hasSalt = first.stream.part !== 0
  const storedOffset = firstSegment === 0 ? first.storedStart : segmentStart(first, firstSegment)
  const storedEnd = segmentStart(last, lastSegment) + last.stream.plainBytesOf(lastSegment) + tagBytes
  return {
    storedOffset,
    storedBytes: storedEnd - storedOffset,
    saltOffset: hasSalt && firstSegment > 0 ? first.storedStart : undefined,
    streams: places.map(({ stream }) => stream),
    firstSegment,
    skipBytes: offset - first.plainStart - firstSegment * segmentBytes,
    plainBytes: length,
  }
}

function segmentStart({ stream, storedStart }: Place, segment: number): number {
  return storedStart + (stream.part === 0 ? 0 : saltBytes) + segment * sealedSegmentBytes
}

/** The streams that bytes `start` to `end - 1` touch, and the empty ones between them, which lie in the run as well. */
function touched(layout: PlainLayout, start: number, end: number): Place[] {
  const places: Place[] = []
  let [plainStart, storedStart] = [0, 0]
  const streams = layout.kind === 'whole' ? [{ number: 0, length: layout.length }] : layout.parts
  for (const { number, length } of streams) {
    if (plainStart >= end) break
    if (plainStart + length > start) {
      places.push({ stream: new RunStream(number, length), length, plainStart, storedStart })
    }
    plainStart += length
    storedStart += number === 0 ? storedSizeOfWhole(length) : storedSizeOfPart(length)
  }
  return places
}
