// Reads everything that is stored, again and again, so that what the disk has lost is found while others still have it: at the latest
// within one cycle. A cycle goes through the segments in the order of their numbers, up to those that were there when it began. What is
// newer was checked when it was put, or when compaction copied it.
//
// The pace is such that a cycle takes as long as it is set, and at least one segment a day; one read at a time. A cycle that somebody
// asked for goes at a pace of its own, which still leaves others room. Where it is lies in the file `scrub`, at most ten seconds old, so
// a restart goes on from there. Without the file a new cycle begins, and nothing is said of the ones before.

import { errorCode } from '../base/errors.ts'
import { DAY_MS, HOUR_MS, MIB, SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk } from '../ports/disk.ts'
import type { Log } from '../ports/log.ts'
import type { ScrubStatus } from './contract.ts'
import type { Ledger } from './ledger.ts'
import { decodeScrubState, encodeScrubState, type ScrubState } from './scrub-state.ts'
import type { SegmentScrub } from './segment-scrub.ts'

const fileName = 'scrub'
const saveEveryMs = 10 * SECOND_MS
const fullBytesPerSecond = 128 * MIB
/** A little faster than need be, because reading takes time too. */
const haste = 1.1
/** A small store is not read all the time. */
const cyclesEveryMs = HOUR_MS
const retryMs = 10 * SECOND_MS

export interface ScrubberPorts {
  readonly clock: Clock
  readonly disk: Disk
  readonly log: Log
  readonly ledger: Ledger
  readonly segmentScrub: SegmentScrub
}

export interface ScrubberSettings {
  readonly scrubCycleMs: number
  readonly segmentBytesMax: number
}

/** Times are on this process's monotonic clock, also those before its start. */
interface Cycle {
  readonly isFull: boolean
  readonly startedMs: number
  readonly endSegment: number
  readonly totalBytes: number
  segment: number
  offset: number
  doneBytes: number
}

export class Scrubber {
  readonly #ports: ScrubberPorts
  readonly #settings: ScrubberSettings
  readonly #stop = new AbortController()
  /** Aborts when a cycle is asked for. */
  #asked = new AbortController()
  #cycle: Cycle | undefined
  #finishedStartedMs: number | undefined
  #savedMs = -Infinity
  #running: Promise<void> | undefined

  constructor(ports: ScrubberPorts, settings: ScrubberSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  /** Reads where the last process was. */
  async open(): Promise<void> {
    const { clock } = this.#ports
    const state = await this.#load()
    if (state === undefined) return
    const nowMs = clock.monotonicMs()
    const wallMs = clock.wallMs()
    // A clock that went back would make an old cycle a new one: then nothing is known of it.
    if (state.finishedWallMs !== undefined && state.finishedWallMs <= wallMs) {
      this.#finishedStartedMs = nowMs - (wallMs - state.finishedWallMs)
    }
    if (state.cycle === undefined || state.cycle.startedWallMs > wallMs) return
    const { startedWallMs, ...cycle } = state.cycle
    this.#cycle = { ...cycle, startedMs: nowMs - (wallMs - startedWallMs) }
  }

  /** Goes on in the background until `stop`. */
  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.#save()
  }

  /** A new cycle, from now on and at full pace; after the one under way, where that was asked for too. */
  startFull(): void {
    this.#asked.abort()
  }

  status(): ScrubStatus {
    const finishedMs = this.#finishedStartedMs
    const totalBytes = this.#cycle?.totalBytes ?? this.#ports.ledger.liveBytes
    return {
      runningFull: this.#cycle?.isFull === true || this.#asked.signal.aborted,
      doneBytes: Math.min(this.#cycle?.doneBytes ?? 0, totalBytes),
      totalBytes,
      ...(finishedMs === undefined ? {} : { lastFinishedAgoMs: this.#ports.clock.monotonicMs() - finishedMs }),
    }
  }

  /** A whole new cycle without pauses. Not while it runs by itself. */
  async cycleOnce(): Promise<void> {
    this.startFull()
    this.#cycle = undefined
    await this.#runCycle()
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#ports
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const startedMs = await this.#runCycle()
        const restMs = Math.min(cyclesEveryMs, this.#settings.scrubCycleMs)
        await this.#sleep(startedMs + restMs - clock.monotonicMs())
      } catch (error) {
        if (signal.aborted) return
        if (errorCode(error) === undefined) throw error
        log.warn('The scrubber was held up; it goes on from where it was.', { code: errorCode(error) })
        await clock.sleep(retryMs, signal).catch(() => undefined)
      }
    }
  }

  /** The rest of the cycle under way, or a new one; its start. */
  async #runCycle(): Promise<number> {
    const { ledger, segmentScrub } = this.#ports
    for (;;) {
      const cycle = this.#currentCycle()
      const next = ledger.segments
        .all()
        .find(({ segment }) => segment >= cycle.segment && segment < cycle.endSegment)?.segment
      if (next === undefined) return await this.#finish(cycle)
      if (next > cycle.segment) cycle.offset = 0
      cycle.segment = next
      for await (const { bytes, offset } of segmentScrub.run(next, cycle.offset, this.#stop.signal)) {
        cycle.doneBytes += bytes
        cycle.offset = offset
        if (this.#ports.clock.monotonicMs() - this.#savedMs >= saveEveryMs) await this.#save()
        if (this.#running !== undefined) await this.#sleep((bytes / this.#bytesPerSecond(cycle)) * SECOND_MS)
        if (this.#currentCycle() !== cycle) break
      }
      if (this.#cycle === cycle) {
        cycle.segment = next + 1
        cycle.offset = 0
      }
    }
  }

  /** The one under way, unless there is none or somebody asked for a new one. */
  #currentCycle(): Cycle {
    const isAsked = this.#asked.signal.aborted && this.#cycle?.isFull !== true
    if (this.#cycle !== undefined && !isAsked) return this.#cycle
    if (isAsked) this.#asked = new AbortController()
    const { ledger, clock } = this.#ports
    this.#cycle = {
      isFull: isAsked,
      startedMs: clock.monotonicMs(),
      endSegment: ledger.segments.nextNumber,
      totalBytes: ledger.segments.all().reduce((sum, { liveBytes }) => sum + liveBytes, 0),
      segment: 0,
      offset: 0,
      doneBytes: 0,
    }
    return this.#cycle
  }

  async #finish(cycle: Cycle): Promise<number> {
    this.#finishedStartedMs = cycle.startedMs
    this.#cycle = undefined
    this.#ports.log.info('Everything that is stored was read and checked.', {
      bytes: cycle.doneBytes,
      tookMs: Math.round(this.#ports.clock.monotonicMs() - cycle.startedMs),
    })
    await this.#save()
    return cycle.startedMs
  }

  #bytesPerSecond(cycle: Cycle): number {
    if (cycle.isFull) return fullBytesPerSecond
    const { scrubCycleMs, segmentBytesMax } = this.#settings
    const live = Math.max(cycle.totalBytes, this.#ports.ledger.liveBytes)
    return haste * Math.max((live / scrubCycleMs) * SECOND_MS, (segmentBytesMax / DAY_MS) * SECOND_MS)
  }

  /** Ends early when a cycle is asked for, unless one is under way that was. */
  async #sleep(delayMs: number): Promise<void> {
    const { signal } = this.#stop
    if (delayMs <= 0) return
    const either = this.#cycle?.isFull === true ? signal : AbortSignal.any([signal, this.#asked.signal])
    await this.#ports.clock.sleep(delayMs, either).catch(() => signal.throwIfAborted())
  }

  /** What cannot be read is as good as not there. */
  async #load(): Promise<ScrubState | undefined> {
    const { disk, log } = this.#ports
    try {
      const bytes = await disk.readSmall(fileName)
      return bytes === undefined ? undefined : decodeScrubState(bytes)
    } catch (error) {
      if (errorCode(error) === undefined) throw error
      log.warn('Where the scrubber was cannot be read; it begins anew.', { code: errorCode(error) })
      return undefined
    }
  }

  /** What cannot be stored now is stored another time. */
  async #save(): Promise<void> {
    const { clock, disk, log } = this.#ports
    const nowMs = clock.monotonicMs()
    const wallOf = (monotonicMs: number): number => Math.max(0, Math.round(clock.wallMs() - (nowMs - monotonicMs)))
    const cycle = this.#cycle
    const finishedMs = this.#finishedStartedMs
    this.#savedMs = nowMs
    const state = encodeScrubState({
      cycle: cycle === undefined ? undefined : { ...cycle, startedWallMs: wallOf(cycle.startedMs) },
      finishedWallMs: finishedMs === undefined ? undefined : wallOf(finishedMs),
    })
    try {
      await disk.writeSmall(fileName, state)
    } catch (error) {
      if (errorCode(error) === undefined) throw error
      log.debug('Where the scrubber is could not be stored.', { code: errorCode(error) })
    }
  }
}
