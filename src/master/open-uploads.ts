// The uploads and commands that this process has open, and the clock that makes their ids (DESIGN: "Uploads in progress").
//
// Metadata knows, for each master process, one published time and a ceiling: no id that the process still makes or has open
// without an intent row is older than the published time or newer than the ceiling. Orphan collection relies on it. The id
// clock follows the wall clock but never goes back, never below what was published and never above the ceiling. Where it is ahead of the
// wall clock, which somebody set back, it and the ceiling go on at half the speed of time until they meet the wall clock: if they stood
// still, so would the horizon, and nothing would be collected for as long as the calendar was wrong.
//
// Each publishing moves the id clock up to the highest ceiling, so a ceiling is reckoned from the wall clock and from the ceiling before,
// never from the id clock: else each would lift the other, and ids would run away from time. It is ahead by a ceiling's reach at most.

import { assert } from '../base/assert.ts'
import { dataIdTimeMs, makeDataId } from '../base/ids.ts'
import type { DataId, GroupId } from '../base/ids.ts'
import type { CommandId, DataRef } from '../meta/contract/conventions.ts'
import type { ProcessRow, Published } from '../meta/contract/process-metadata.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'

interface OpenUpload {
  readonly sinceMs: number
  readonly refs: DataRef[]
  /** How many of `refs`, from the first, have a durable intent row. */
  intents: number
  /** How many may have one, because it was asked for. */
  intentsAsked: number
}

export interface UploadHandle {
  /** A new data id of this upload, known as open from now on. */
  add(group: GroupId, wanted?: WantedTurn): DataId
  readonly refs: readonly DataRef[]
  /** After the commit or the discard. Its intent rows go with one of the next publishings. Can be called twice. */
  close(): void
}

export interface PublishPlan {
  /** Intent rows to make durable first. */
  readonly intents: readonly DataRef[]
  readonly publishedMs: number
  readonly ceilingMs: number
  /** Intent rows of uploads that have ended: to be removed. */
  readonly ended: readonly DataRef[]
  /** Call when intents and publishing are durable. */
  done(published: Published): void
  /** Call when the ended ones are removed. */
  removed(): void
}

/** By how many of the group's slots the id's blocks are to be turned: its last byte modulo `slots`. */
export interface WantedTurn {
  readonly turn: number
  readonly slots: number
}

/** The random part of a data id, changed in its last byte as little as it takes. */
export function turnedRandom(random: Uint8Array, { turn, slots }: WantedTurn): Uint8Array {
  const last = random.length - 1
  const byte = random[last] ?? 0
  const turned = byte - (byte % slots) + turn
  random[last] = turned > 0xff ? turned - slots : turned
  return random
}

export class OpenUploads {
  readonly #clock: Clock
  readonly #random: Random
  readonly #uploads = new Set<OpenUpload>()
  readonly #commands = new Map<CommandId, number>()
  /** Of uploads that have ended: they may have intent rows. */
  #ended: readonly DataRef[] = []
  #lastTimeMs: number
  /** On the monotonic clock: when `#lastTimeMs` was reached. */
  #lastTimeSinceMs: number
  #ceilingMs: number
  /** On the monotonic clock: when the publishing was planned that `#ceilingMs` came with. */
  #ceilingSinceMs: number

  constructor(ports: { readonly clock: Clock; readonly random: Random }, row: ProcessRow) {
    this.#clock = ports.clock
    this.#random = ports.random
    this.#lastTimeMs = row.publishedMs
    this.#lastTimeSinceMs = ports.clock.monotonicMs()
    this.#ceilingMs = row.ceilingMs
    this.#ceilingSinceMs = ports.clock.monotonicMs()
  }

  get count(): number {
    return this.#uploads.size
  }

  /** The time of the id clock, for version ids too. */
  nextTimeMs(): number {
    this.#moveTo(Math.min(this.#unboundedTimeMs(), this.#ceilingMs))
    return this.#lastTimeMs
  }

  /** What it would say if the ceiling were higher. */
  #unboundedTimeMs(): number {
    const passedMs = this.#clock.monotonicMs() - this.#lastTimeSinceMs
    return Math.max(this.#clock.wallMs(), this.#lastTimeMs + Math.floor(passedMs / 2))
  }

  #moveTo(timeMs: number): void {
    if (timeMs <= this.#lastTimeMs) return
    this.#lastTimeMs = timeMs
    this.#lastTimeSinceMs = this.#clock.monotonicMs()
  }

  open(): UploadHandle {
    const upload: OpenUpload = { sinceMs: this.#clock.monotonicMs(), refs: [], intents: 0, intentsAsked: 0 }
    this.#uploads.add(upload)
    return {
      refs: upload.refs,
      add: (group, wanted) => {
        assert(this.#uploads.has(upload), 'the upload is open')
        const random = this.#random.bytes(10)
        const dataId = makeDataId(this.nextTimeMs(), wanted === undefined ? random : turnedRandom(random, wanted))
        upload.refs.push({ group, dataId })
        return dataId
      },
      close: () => {
        if (!this.#uploads.delete(upload) || upload.intentsAsked === 0) return
        this.#ended = [...this.#ended, ...upload.refs.slice(0, upload.intentsAsked)]
      },
    }
  }

  /** Runs a command that carries an id, and holds the published time below the id until the command is settled. */
  async command<T>(run: (id: CommandId) => Promise<T>): Promise<T> {
    const timeMs = this.nextTimeMs()
    const id = makeDataId(timeMs, this.#random.bytes(10))
    this.#commands.set(id, timeMs)
    try {
      return await run(id)
    } finally {
      this.#commands.delete(id)
    }
  }

  /**
   * What to publish now: intents for uploads open longer than `intentAfterMs`, then a time that no other open id is older than. One
   * plan at a time: an intent that is being added while its upload ends is removed by a later one.
   */
  plan(options: { readonly intentAfterMs: number; readonly ceilingAheadMs: number }): PublishPlan {
    const nowMs = this.#clock.monotonicMs()
    const intents: DataRef[] = []
    const covered: { upload: OpenUpload; count: number }[] = []
    let publishedMs = this.nextTimeMs()
    for (const timeMs of this.#commands.values()) publishedMs = Math.min(publishedMs, timeMs)
    for (const upload of this.#uploads) {
      const uncovered = upload.refs.slice(upload.intents)
      if (nowMs - upload.sinceMs >= options.intentAfterMs) {
        intents.push(...uncovered)
        covered.push({ upload, count: upload.refs.length })
        upload.intentsAsked = upload.refs.length
        continue
      }
      for (const ref of uncovered) publishedMs = Math.min(publishedMs, dataIdTimeMs(ref.dataId))
    }
    const ended = this.#ended
    return {
      intents,
      ended,
      publishedMs,
      ceilingMs: Math.max(
        this.#ceilingMs + Math.floor((nowMs - this.#ceilingSinceMs) / 2),
        this.#clock.wallMs() + options.ceilingAheadMs,
      ),
      done: (published) => {
        for (const { upload, count } of covered) upload.intents = count
        this.#moveTo(published.idFloorMs)
        this.#ceilingMs = published.ceilingMs
        this.#ceilingSinceMs = nowMs
      },
      removed: () => {
        this.#ended = this.#ended.slice(ended.length)
      },
    }
  }
}
