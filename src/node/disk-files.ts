// The two kinds of open file behind the Disk port: one that grows at its end and syncs every append, and one that is read at
// any place. Callbacks instead of `FileHandle`: a third of the CPU time per operation.

import { close, constants, fdatasync, fstat, fsync, open, read, write, writev, writevSync } from 'node:fs'

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { Histogram } from '../base/histogram.ts'
import { alignmentBytes, type AppendFile, type ReadFile } from '../ports/disk.ts'
import type { Faults } from '../ports/faults.ts'
import { AlignedMemory, isAligned } from './aligned-memory.ts'

/** What a system call takes at most (IOV_MAX on Linux and macOS). */
const buffersMax = 1024
const bounceBytes = 1024 * 1024
/**
 * A write of so little to the page cache is a copy of microseconds, for which a trip to the thread pool and back (two wake-ups, two
 * switches) costs several times as much. What can take long is the sync after it, which goes there.
 */
const writtenAtOnceMax = 256 * 1024

/** Where `O_DIRECT` does not exist, direct files are buffered ones. */
const directFlag = constants.O_DIRECT ?? 0

export interface AppendFileOptions {
  readonly name: string
  readonly direct: boolean
  readonly faults: Faults
  /** Told how long each sync took, in seconds. */
  readonly syncTimes: Histogram | undefined
}

/** @throws FrostError. A name that exists is refused with `disk-failed`. */
export async function createAppendFile(path: string, options: AppendFileOptions): Promise<AppendFile> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  if (options.direct && directFlag !== 0) {
    try {
      return new NodeAppendFile(path, await openFile(path, flags | directFlag), { ...options, direct: true })
    } catch (error) {
      // tmpfs and others without O_DIRECT. The file may have been made by the failed call.
      if (!isInvalid(error)) throw error
      const descriptor = await openFile(path, constants.O_WRONLY | constants.O_CREAT)
      return new NodeAppendFile(path, descriptor, { ...options, direct: false })
    }
  }
  return new NodeAppendFile(path, await openFile(path, flags), { ...options, direct: false })
}

/** `undefined` where there is no such file. */
export async function openReadFile(path: string, name: string, faults: Faults): Promise<ReadFile | undefined> {
  try {
    return new NodeReadFile(path, name, await openFile(path, constants.O_RDONLY), faults)
  } catch (error) {
    if (error instanceof FrostError && errnoCode(error.cause) === 'ENOENT') return undefined
    throw error
  }
}

class NodeAppendFile implements AppendFile {
  readonly name: string
  readonly #path: string
  readonly #faults: Faults
  readonly #syncTimes: Histogram | undefined
  #descriptor: number | undefined
  #direct: boolean
  #sizeBytes = 0
  #isBusy = false
  #isBroken = false
  /** For callers whose memory is not aligned. */
  #bounce: Uint8Array<ArrayBuffer> | undefined

  constructor(path: string, descriptor: number, options: AppendFileOptions) {
    this.#path = path
    this.#descriptor = descriptor
    this.name = options.name
    this.#direct = options.direct
    this.#faults = options.faults
    this.#syncTimes = options.syncTimes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async append(buffers: readonly Uint8Array[]): Promise<void> {
    assert(!this.#isBusy && !this.#isBroken, 'one append at a time, and none after a failure')
    this.#isBusy = true
    // Only a success clears it: after a failure the file is never written again.
    this.#isBroken = true
    if (this.#faults.delayMs('disk.slow') > 0) await delayBy(this.#faults)
    if (this.#faults.has('disk.full')) throw new FrostError('insufficient-storage', `${this.name}: planted ENOSPC.`)
    const rest = this.#writeAtOnce(buffers)
    if (rest.length > 0) await this.#write(rest)
    if (!this.#faults.has('disk.skip-sync')) await this.#sync()
    this.#isBroken = false
    this.#isBusy = false
  }

  async close(): Promise<void> {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) await closeFile(descriptor, this.name)
  }

  async #sync(): Promise<void> {
    const startedMs = performance.now()
    await syncData(this.#open(), this.name)
    this.#syncTimes?.observe((performance.now() - startedMs) / 1000)
  }

  /** Writes a little to the page cache in this very call. Returns what is left to write: most times nothing. @throws FrostError. */
  #writeAtOnce(buffers: readonly Uint8Array[]): readonly Uint8Array[] {
    if (this.#direct || buffers.length > buffersMax) return buffers
    let bytes = 0
    for (const buffer of buffers) bytes += buffer.length
    if (bytes > writtenAtOnceMax) return buffers
    try {
      const written = writevSync(this.#open(), buffers, this.#sizeBytes)
      this.#sizeBytes += written
      return dropFront(buffers, written)
    } catch (error) {
      throw diskError(error, 'append')
    }
  }

  async #write(buffers: readonly Uint8Array[]): Promise<void> {
    if (!this.#direct) return this.#writeAll(buffers)
    if (!buffers.every(isAligned)) return this.#writeBounced(buffers)
    try {
      await this.#writeAll(buffers)
    } catch (error) {
      // Opened with O_DIRECT, yet refused by the first write: nothing was written; go on through the page cache.
      if (!isInvalid(error) || this.#sizeBytes > 0) throw error
      await this.close()
      this.#direct = false
      this.#descriptor = await openFile(this.#path, constants.O_WRONLY)
      await this.#writeAll(buffers)
    }
  }

  /** Copies into aligned memory first. The lengths together are aligned, single ones need not be. */
  async #writeBounced(buffers: readonly Uint8Array[]): Promise<void> {
    this.#bounce ??= new AlignedMemory().allocate(bounceBytes)
    const bounce = this.#bounce
    let filled = 0
    for (const buffer of buffers) {
      for (let from = 0; from < buffer.length;) {
        const count = Math.min(bounce.length - filled, buffer.length - from)
        bounce.set(buffer.subarray(from, from + count), filled)
        from += count
        filled += count
        if (filled < bounce.length) continue
        await this.#write([bounce])
        filled = 0
      }
    }
    assert(filled % alignmentBytes === 0, 'a direct append is a multiple of the alignment')
    if (filled > 0) await this.#write([bounce.subarray(0, filled)])
  }

  async #writeAll(buffers: readonly Uint8Array[]): Promise<void> {
    const descriptor = this.#open()
    for (let first = 0; first < buffers.length; first += buffersMax) {
      let rest = buffers.slice(first, first + buffersMax)
      while (rest.length > 0) {
        const written = await writeSome(descriptor, rest, this.#sizeBytes)
        this.#sizeBytes += written
        rest = dropFront(rest, written)
      }
    }
  }

  #open(): number {
    assert(this.#descriptor !== undefined, 'the file is open')
    return this.#descriptor
  }
}

class NodeReadFile implements ReadFile {
  readonly name: string
  readonly #path: string
  readonly #faults: Faults
  #descriptor: number | undefined
  /** `undefined`: not opened yet. */
  #uncached: Promise<number> | undefined

  constructor(path: string, name: string, descriptor: number, faults: Faults) {
    this.#path = path
    this.name = name
    this.#descriptor = descriptor
    this.#faults = faults
  }

  sizeBytes(): Promise<number> {
    const descriptor = this.#open()
    return new Promise((resolve, reject) => {
      fstat(descriptor, (error, stats) => (error === null ? resolve(stats.size) : reject(diskError(error, this.name))))
    })
  }

  async read(into: Uint8Array, offset: number, options?: { readonly uncached?: boolean }): Promise<number> {
    await delayBy(this.#faults)
    let descriptor = this.#open()
    if (options?.uncached === true) {
      const aligned = isAligned(into) && offset % alignmentBytes === 0
      assert(aligned, 'an uncached read is aligned in memory, offset and length')
      this.#uncached ??= openUncached(this.#path)
      descriptor = await this.#uncached
    }
    let count = 0
    while (count < into.length) {
      const got = await readSome(descriptor, into.subarray(count), { offset: offset + count, name: this.name })
      count += got
      // With O_DIRECT a short read is the end of the file, and a further one would not be aligned.
      if (got === 0 || (options?.uncached === true && count % alignmentBytes !== 0)) break
    }
    return count
  }

  async close(): Promise<void> {
    const descriptor = this.#descriptor
    const uncached = this.#uncached
    this.#descriptor = undefined
    this.#uncached = undefined
    if (descriptor !== undefined) await closeFile(descriptor, this.name)
    if (uncached !== undefined) await closeFile(await uncached, this.name)
  }

  #open(): number {
    assert(this.#descriptor !== undefined, 'the file is open')
    return this.#descriptor
  }
}

/** Without `O_DIRECT` (tmpfs has no medium below its cache) an ordinary read is the best there is. */
async function openUncached(path: string): Promise<number> {
  if (directFlag === 0) return openFile(path, constants.O_RDONLY)
  try {
    return await openFile(path, constants.O_RDONLY | directFlag)
  } catch (error) {
    if (!isInvalid(error)) throw error
    return openFile(path, constants.O_RDONLY)
  }
}

function openFile(path: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, flags, 0o644, (error, descriptor) => {
      if (error === null) resolve(descriptor)
      else reject(diskError(error, path))
    })
  })
}

function closeFile(descriptor: number, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    close(descriptor, (error) => (error instanceof Error ? reject(diskError(error, name)) : resolve()))
  })
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const descriptor = await openFile(path, constants.O_RDONLY)
  try {
    await new Promise<void>((resolve, reject) => {
      fsync(descriptor, (error) => (error === null ? resolve() : reject(diskError(error, path))))
    })
  } finally {
    await closeFile(descriptor, path)
  }
}

/** Makes the bytes of a file durable, and of its metadata what is needed to read them. */
function syncData(descriptor: number, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => (error === null ? resolve() : reject(diskError(error, name))))
  })
}

function writeSome(descriptor: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, written: number): void => {
      if (error !== null) reject(diskError(error, 'append'))
      else if (written === 0) reject(new FrostError('disk-failed', 'A write wrote nothing.'))
      else resolve(written)
    }
    const [only] = buffers
    if (buffers.length === 1 && only !== undefined) write(descriptor, only, 0, only.length, position, settle)
    else writev(descriptor, [...buffers], position, settle)
  })
}

function readSome(
  descriptor: number,
  into: Uint8Array,
  from: { readonly offset: number; readonly name: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, into, 0, into.length, from.offset, (error, count) => {
      if (error === null) resolve(count)
      else reject(diskError(error, from.name))
    })
  })
}

/** `buffers` without their first `count` bytes; the same array where that is all or nothing of them. */
function dropFront(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let rest = count
  const left: Uint8Array[] = []
  for (const buffer of buffers) {
    if (rest >= buffer.length) rest -= buffer.length
    else {
      left.push(rest === 0 ? buffer : buffer.subarray(rest))
      rest = 0
    }
  }
  return left
}

export async function delayBy(faults: Faults): Promise<void> {
  const delayMs = faults.delayMs('disk.slow')
  if (delayMs > 0) {
    await new Promise((resolve) => {
      setTimeout(resolve, delayMs)
    })
  }
}

export function errnoCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function isInvalid(error: unknown): boolean {
  return error instanceof FrostError && errnoCode(error.cause) === 'EINVAL'
}

/** The error of a system call in the store's words. */
export function diskError(error: unknown, name: string): FrostError {
  const code = errnoCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new FrostError('insufficient-storage', `The file system of ${name} is full (${code}).`, { cause: error })
  }
  return new FrostError('disk-failed', `A disk operation on ${name} failed (${code ?? 'unknown error'}).`, {
    cause: error,
  })
}
