// The uploads that this process has open, and the clock that makes their data ids (DESIGN: "Uploads in progress").
//
// Metadata knows, for each master process, one published time and a ceiling: no id that the process still makes or has open
// without an intent row is older than the published time or newer than the ceiling. Orphan collection relies on it. The id
// clock follows the wall clock but never goes back, never below what was published and never above the ceiling.

import { assert } from '../base/assert.ts'
import { dataIdTimeMs, makeDataId } from '../base/ids.ts'
import type { DataId, GroupId } from '../base/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'

export interface OpenDataId {
  readonly group: GroupId
  readonly dataId: DataId
}

interface OpenUpload {
  readonly sinceMs: number
  readonly ids: OpenDataId[]
  /** How many of `ids`, from the first, have a durable intent row. */
  intents: number
}

export interface UploadHandle {
  /** A new data id of this upload, known as open from now on. */
  add(group: GroupId): DataId
  readonly ids: readonly OpenDataId[]
  /** After the commit or the discard. Can be called twice. */
  close(): void
}

export interface PublishPlan {
  /** Intent rows to make durable first. */
  readonly intents: readonly OpenDataId[]
  readonly publishedTimeMs: number
  readonly ceilingMs: number
  /** Call when both are durable. */
  done(): void
}

export class OpenUploads {
  readonly #clock: Clock
  readonly #random: Random
  readonly #uploads = new Set<OpenUpload>()
  #lastTimeMs: number
  #ceilingMs: number

  /** `floorMs`, `ceilingMs`: as the registration of this process made them durable. */
  constructor(ports: { readonly clock: Clock; readonly random: Random }, floorMs: number, ceilingMs: number) {
    assert(floorMs <= ceilingMs, 'the id clock starts below its ceiling')
    this.#clock = ports.clock
    this.#random = ports.random
    this.#lastTimeMs = floorMs
    this.#ceilingMs = ceilingMs
  }

  get count(): number {
    return this.#uploads.size
  }

  /** The time of the id clock, for ids that are no data ids (versions, commands) too. */
  nextTimeMs(): number {
    this.#lastTimeMs = Math.min(Math.max(this.#clock.wallMs(), this.#lastTimeMs), this.#ceilingMs)
    return this.#lastTimeMs
  }

  open(): UploadHandle {
    const upload: OpenUpload = { sinceMs: this.#clock.monotonicMs(), ids: [], intents: 0 }
    this.#uploads.add(upload)
    return {
      ids: upload.ids,
      add: (group) => {
        assert(this.#uploads.has(upload), 'the upload is open')
        const dataId = makeDataId(this.nextTimeMs(), this.#random.bytes(10))
        upload.ids.push({ group, dataId })
        return dataId
      },
      close: () => void this.#uploads.delete(upload),
    }
  }

  /**
   * What to publish now: intents for uploads open longer than `intentAfterMs`, then a time that no other open id is older than.
   */
  plan(options: { readonly intentAfterMs: number; readonly ceilingAheadMs: number }): PublishPlan {
    const nowMs = this.#clock.monotonicMs()
    const intents: OpenDataId[] = []
    const covered: { upload: OpenUpload; count: number }[] = []
    let publishedTimeMs = this.nextTimeMs()
    for (const upload of this.#uploads) {
      const isLong = nowMs - upload.sinceMs >= options.intentAfterMs
      if (isLong) {
        intents.push(...upload.ids.slice(upload.intents))
        covered.push({ upload, count: upload.ids.length })
        continue
      }
      for (const id of upload.ids.slice(upload.intents)) publishedTimeMs = Math.min(publishedTimeMs, dataIdTimeMs(id.dataId))
    }
    const ceilingMs = Math.max(this.#ceilingMs, this.nextTimeMs() + options.ceilingAheadMs)
    return {
      intents,
      publishedTimeMs,
      ceilingMs,
      done: () => {
        for (const { upload, count } of covered) upload.intents = count
        this.#ceilingMs = Math.max(this.#ceilingMs, ceilingMs)
      },
    }
  }
}
