// Keeps room on the file system for what must go on when it is full: reads, deletes, compaction and checkpoints.
//
// Others fill it too, other workers on the same machine above all. So what was admitted counts until it is written and the file system
// was asked after that, and the less room there is, the sooner it is asked: stores that share it pass the reserve together by little.
//
// Puts are refused while the file system, which others may fill too, has less than the reserve free, or the segments
// hold the capacity. A ballast file of real bytes is given up at the first ENOSPC, so that tombstones, copies and
// checkpoints find room; it is taken back, and puts are accepted again, when there is room for it and the reserve. One for which there
// was no room at the start is taken then too.

import { unreachableRejection } from '../base/assert.ts'
import { errorCode, FrostError } from '../base/errors.ts'
import { MIB, SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk, DiskSpace } from '../ports/disk.ts'
import type { Log } from '../ports/log.ts'

export const ballastName = 'ballast'
/** The file system is asked again after so long, or so many bytes, or such a part of the room that it had. */
const freshMs = SECOND_MS
const freshBytes = 64 * MIB
const freshPart = 1 / 32
/** Of the reserve: what compaction leaves free. */
const keptPart = 1 / 4

export interface SpaceOptions {
  readonly capacityBytes: number
  readonly reserveBytes: number
  readonly ballastBytes: number
}

export interface SpacePorts {
  readonly disk: Pick<Disk, 'open' | 'space' | 'reserve'>
  readonly clock: Clock
  readonly log: Log
  /** Bytes of all segments. */
  segmentBytes(): number
  fullChanged(full: boolean): void
}

export class SpaceGuard {
  readonly #ports: SpacePorts
  readonly #options: SpaceOptions
  #space: DiskSpace = { totalBytes: 0, freeBytes: 0, fileSystem: '' }
  #askedAtMs = Number.NEGATIVE_INFINITY
  /** Admitted since the file system was asked. */
  #admittedBytes = 0
  /** Of all that was admitted: what is not written yet, and what was written since the file system was asked. */
  #pendingBytes = 0
  #writtenBytes = 0
  #asking: Promise<void> | undefined
  #hasBallast = false
  /** An ENOSPC came, and the ballast is not back yet. */
  #isFull = false

  constructor(ports: SpacePorts, options: SpaceOptions) {
    this.#ports = ports
    this.#options = options
  }

  /** Puts are refused because a disk operation found no space. */
  get isFull(): boolean {
    return this.#isFull
  }

  get fileSystem(): string {
    return this.#space.fileSystem
  }

  get capacityBytes(): number {
    const { freeBytes } = this.#space
    const possible = this.#ports.segmentBytes() + Math.max(0, freeBytes - this.#options.reserveBytes)
    return Math.min(this.#options.capacityBytes, possible)
  }

  /** What compaction may write now: the reserve too, but for a part that is kept for tombstones, indexes and metadata. */
  async askCopyRoom(): Promise<number> {
    // One at a time: what is asked now must not be overtaken by an older answer.
    await this.#asking
    await this.#startAsking()
    return Math.max(0, this.#space.freeBytes - this.#pendingBytes - this.#options.reserveBytes * keptPart)
  }

  /** What can be put before puts are refused. */
  get freeBytes(): number {
    if (this.#isFull) return 0
    const { capacityBytes, reserveBytes } = this.#options
    const onDisk = this.#space.freeBytes - reserveBytes - this.#pendingBytes - this.#writtenBytes
    return Math.max(0, Math.min(onDisk, capacityBytes - this.#ports.segmentBytes() - this.#pendingBytes))
  }

  async open(): Promise<void> {
    const { disk } = this.#ports
    const existing = await disk.open(ballastName)
    this.#hasBallast = existing !== undefined && (await existing.sizeBytes()) >= this.#options.ballastBytes
    await existing?.close()
    await this.#ask()
    if (!this.#hasBallast) await this.#takeBallast()
  }

  /**
   * Counts a put of `bytes`, until `settled`.
   * @throws FrostError `insufficient-storage`.
   */
  admit(bytes: number): void {
    this.refresh()
    if (bytes > this.freeBytes) {
      const reason = this.#isFull ? 'The disk is full' : 'The space for fragments is used up'
      throw new FrostError('insufficient-storage', `${reason}: a fragment of ${bytes} bytes is refused.`, {
        remedy: 'Delete files, add space, or add a worker.',
      })
    }
    this.#admittedBytes += bytes
    this.#pendingBytes += bytes
  }

  /** The admitted put was written, or was not and never will be. */
  settled(bytes: number): void {
    this.#pendingBytes -= bytes
    this.#writtenBytes += bytes
  }

  /** Asks the file system anew where it is time, without waiting. */
  refresh(): void {
    const room = Math.max(0, this.#space.freeBytes - this.#options.reserveBytes)
    const isFresh =
      this.#ports.clock.monotonicMs() - this.#askedAtMs < freshMs &&
      this.#admittedBytes <= Math.min(freshBytes, room * freshPart)
    if (!isFresh) this.#startAsking().catch(unreachableRejection)
  }

  /** A disk operation found no space: gives the ballast up. */
  async noSpace(): Promise<void> {
    // An older answer of the file system does not end what begins here, and a ballast that is just being taken is given up too.
    await this.#asking
    if (!this.#isFull) {
      this.#isFull = true
      this.#ports.fullChanged(true)
    }
    if (!this.#hasBallast) return
    this.#hasBallast = false
    await this.#ports.disk.reserve(ballastName, 0)
  }

  async idle(): Promise<void> {
    await this.#asking
  }

  /** Resolves when the running or a new question was answered; what goes wrong is logged. */
  #startAsking(): Promise<void> {
    this.#asking ??= this.#ask()
      .catch((error: unknown) => this.#ports.log.error('The free space cannot be read.', error))
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }

  async #ask(): Promise<void> {
    // What is admitted, or written, from here on is not in the answer.
    this.#admittedBytes = 0
    this.#writtenBytes = 0
    this.#askedAtMs = this.#ports.clock.monotonicMs()
    this.#space = await this.#ports.disk.space()
    await this.#recover()
  }

  /** Takes the ballast, where it is missing, and accepts puts again, once there is room. */
  async #recover(): Promise<void> {
    const { reserveBytes, ballastBytes } = this.#options
    if (!this.#isFull && (this.#hasBallast || ballastBytes === 0)) return
    if (this.#space.freeBytes < reserveBytes + (this.#hasBallast ? 0 : ballastBytes)) return
    if (!this.#hasBallast && !(await this.#takeBallast())) return
    if (!this.#isFull) return
    this.#isFull = false
    this.#ports.fullChanged(false)
  }

  /** False where there is no room for it. */
  async #takeBallast(): Promise<boolean> {
    const { ballastBytes } = this.#options
    if (ballastBytes === 0) return true
    try {
      await this.#ports.disk.reserve(ballastName, ballastBytes)
      this.#hasBallast = true
      return true
    } catch (error) {
      if (errorCode(error) !== 'insufficient-storage') throw error
      return false
    }
  }
}
