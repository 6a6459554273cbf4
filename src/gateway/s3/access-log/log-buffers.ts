// Lines that wait to be written, by bucket (and by day, where a target keeps days apart). Bounded as a whole: what comes beyond that is
// dropped and counted, since a target that cannot be written must not fill the memory of a process that serves.

import { DAY_MS, MIB } from '../../../base/units.ts'
import { isPartitionedByEvent } from './log-keys.ts'
import type { LoggingEnabled } from './log-keys.ts'

/** Of one object in the making: larger ones are written before their time. */
const objectBytesMax = MIB
const bytesMax = 16 * MIB

export interface LogBatch {
  readonly source: string
  /** As the latest line has it. */
  readonly setting: LoggingEnabled
  /** Of the first line. */
  readonly eventMs: number
  readonly lines: readonly string[]
  readonly bytes: number
}

interface Gathering extends LogBatch {
  setting: LoggingEnabled
  lines: string[]
  bytes: number
}

export class LogBuffers {
  readonly #bySource = new Map<string, Gathering>()
  #bytes = 0
  #dropped = 0

  /** True: there is enough for an object. */
  add(
    source: string,
    line: { readonly text: string; readonly atMs: number; readonly setting: LoggingEnabled },
  ): boolean {
    const { text, atMs, setting } = line
    const bytes = Buffer.byteLength(text) + 1
    if (this.#bytes + bytes > bytesMax) {
      this.#dropped++
      return false
    }
    const day = isPartitionedByEvent(setting) ? Math.floor(atMs / DAY_MS) : 0
    const name = `${source} ${day}`
    const known = this.#bySource.get(name)
    const gathering = known ?? { source, setting, eventMs: atMs, lines: [], bytes: 0 }
    if (known === undefined) this.#bySource.set(name, gathering)
    gathering.setting = setting
    gathering.lines.push(text)
    gathering.bytes += bytes
    this.#bytes += bytes
    return gathering.bytes >= objectBytesMax
  }

  /** All that has gathered; it is the caller's, and counts until `settle`. */
  take(): readonly LogBatch[] {
    const batches = [...this.#bySource.values()]
    this.#bySource.clear()
    return batches
  }

  /** A batch that was taken is written, or given up. */
  settle({ bytes }: LogBatch): void {
    this.#bytes -= bytes
  }

  /** A batch that was taken is to be tried again. */
  putBack(batch: LogBatch): void {
    this.#bytes -= batch.bytes
    for (const text of batch.lines) this.add(batch.source, { text, atMs: batch.eventMs, setting: batch.setting })
  }

  /** Since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped
    this.#dropped = 0
    return dropped
  }
}
