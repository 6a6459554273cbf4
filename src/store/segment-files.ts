// Segments open for reading: at most so many at once, the one that was unused for longest is closed first.

import { assert } from '../base/assert.ts'
import type { Disk, ReadFile } from '../ports/disk.ts'
import { segmentFileName } from './segment-writer.ts'
import type { LogKind } from './batch-format.ts'

interface OpenFile {
  readonly file: Promise<ReadFile | undefined>
  users: number
  /** To be closed by the last user. */
  isRetired: boolean
}

export class SegmentFiles {
  readonly #disk: Disk
  readonly #openMax: number
  /** In the order of their last use. */
  readonly #files = new Map<number, OpenFile>()

  constructor(disk: Disk, openMax: number) {
    assert(openMax >= 1, 'at least one file is open')
    this.#disk = disk
    this.#openMax = openMax
  }

  /** Calls `use` with the segment's file, which stays open meanwhile; `undefined` where there is none. */
  async use<T>(kind: LogKind, segment: number, use: (file: ReadFile | undefined) => Promise<T>): Promise<T> {
    const open = this.#take(kind, segment)
    try {
      return await use(await open.file)
    } finally {
      open.users--
      if (open.users === 0 && open.isRetired) await close(open)
    }
  }

  /** Closes the segment as soon as nobody uses it. */
  async retire(segment: number): Promise<void> {
    const open = this.#files.get(segment)
    if (open === undefined) return
    this.#files.delete(segment)
    open.isRetired = true
    if (open.users === 0) await close(open)
  }

  async close(): Promise<void> {
    for (const segment of this.#files.keys()) await this.retire(segment)
  }

  #take(kind: LogKind, segment: number): OpenFile {
    let open = this.#files.get(segment)
    if (open === undefined) {
      open = { file: this.#open(kind, segment), users: 0, isRetired: false }
      this.#evict()
    } else {
      this.#files.delete(segment)
    }
    this.#files.set(segment, open)
    open.users++
    return open
  }

  async #open(kind: LogKind, segment: number): Promise<ReadFile | undefined> {
    try {
      const file = await this.#disk.open(segmentFileName(kind, segment))
      if (file === undefined) this.#files.delete(segment)
      return file
    } catch (error) {
      this.#files.delete(segment)
      throw error
    }
  }

  #evict(): void {
    if (this.#files.size < this.#openMax) return
    for (const [segment, open] of this.#files) {
      if (open.users > 0) continue
      this.#files.delete(segment)
      // Nothing waits for it: the descriptor is only read from.
      close(open).catch(() => undefined)
      return
    }
  }
}

async function close(open: OpenFile): Promise<void> {
  const file = await open.file
  await file?.close()
}
