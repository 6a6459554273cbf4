// The Disk port over a directory of the local file system. What each call makes durable is the port's contract
// (src/ports/disk.ts); how the system calls give it:
// - an append is one `writev` and one `fdatasync`, which also makes the grown size durable;
// - a name is durable after `fsync` of its folder, and the folder's own name after `fsync` of the directory above;
// - a small file is replaced through a temporary one: write, sync, rename, sync of the directory.

import { constants } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { Histogram } from '../base/histogram.ts'
import { MIB } from '../base/units.ts'
import type { AppendFile, Disk, DiskSpace, ReadFile } from '../ports/disk.ts'
import type { Faults } from '../ports/faults.ts'
import { AlignedMemory } from './aligned-memory.ts'
import { lockDirectory, lockFileName, type DirectoryLock } from './directory-lock.ts'
import { claimSpace } from './space-claim.ts'
import { createAppendFile, delayBy, diskError, errnoCode, openReadFile, syncFolder } from './disk-files.ts'

const smallBytesMax = MIB
const temporaryEnding = '.tmp'

export class NodeDisk implements Disk {
  readonly #directory: string
  readonly #faults: Faults
  readonly #syncTimes: Histogram | undefined
  readonly #memory = new AlignedMemory()
  /** Folders known to exist durably ('' is the directory itself). */
  readonly #folders = new Set<string>()
  #lock: DirectoryLock | undefined

  /** `directory` is made on the first use. `syncTimes`: told how long each `fdatasync` of an append took, in seconds. */
  constructor(options: { readonly directory: string; readonly faults: Faults; readonly syncTimes?: Histogram }) {
    this.#directory = resolve(options.directory)
    this.#faults = options.faults
    this.#syncTimes = options.syncTimes
  }

  async create(name: string, options?: { readonly direct?: boolean }): Promise<AppendFile> {
    await this.#makeFolder(folderOf(name))
    const { direct = false } = options ?? {}
    return createAppendFile(this.#path(name), {
      name,
      direct,
      faults: this.#faults,
      syncTimes: this.#syncTimes,
    })
  }

  open(name: string): Promise<ReadFile | undefined> {
    return openReadFile(this.#path(name), name, this.#faults)
  }

  async list(folder: string): Promise<readonly string[]> {
    try {
      const entries = await readdir(join(this.#directory, folder), { withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile() && entry.name !== lockFileName)
        .map((entry) => entry.name)
        .toSorted()
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return []
      throw diskError(error, folder)
    }
  }

  async contents(): Promise<readonly string[]> {
    return attempt('the data directory', async () => {
      const entries = await readdir(this.#directory, { withFileTypes: true })
      const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      return names.filter((name) => name !== lockFileName).toSorted()
    })
  }

  async remove(name: string): Promise<void> {
    await attempt(name, async () => {
      await unlink(this.#path(name)).catch(ignoreMissing)
    })
  }

  async syncDirectory(folder: string): Promise<void> {
    if (this.#faults.has('disk.skip-directory-sync')) return
    await attempt(folder, async () => {
      await syncFolder(join(this.#directory, folder)).catch(ignoreMissing)
    })
  }

  async readSmall(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#path(name))
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined
      throw diskError(error, name)
    }
  }

  async writeSmall(name: string, bytes: Uint8Array): Promise<void> {
    assert(bytes.length <= smallBytesMax, `${name} has ${bytes.length} bytes`)
    await this.#makeFolder(folderOf(name))
    await delayBy(this.#faults)
    if (this.#faults.has('disk.full')) throw new FrostError('insufficient-storage', `${name}: planted ENOSPC.`)
    const path = this.#path(name)
    await attempt(name, async () => {
      const file = await open(path + temporaryEnding, 'w')
      try {
        await file.writeFile(bytes)
        if (!this.#faults.has('disk.skip-sync')) await file.datasync()
      } finally {
        await file.close()
      }
      await rename(path + temporaryEnding, path)
    })
    await this.syncDirectory(folderOf(name))
  }

  async lock(): Promise<void> {
    assert(this.#lock === undefined, 'the directory is not locked yet')
    await this.#makeFolder('').catch((error: unknown) => {
      throw unusable(this.#directory, error)
    })
    this.#lock = await lockDirectory(this.#directory)
  }

  async space(): Promise<DiskSpace> {
    return attempt('the data directory', async () => {
      const [space, stats] = await Promise.all([statfs(this.#directory), stat(this.#directory)])
      return {
        totalBytes: space.blocks * space.bsize,
        freeBytes: space.bavail * space.bsize,
        fileSystem: `device-${stats.dev}`,
      }
    })
  }

  async claimSpace(): Promise<(() => void) | undefined> {
    return await claimSpace((await this.space()).fileSystem)
  }

  async reserve(name: string, bytes: number): Promise<void> {
    await this.remove(name)
    if (bytes > 0) await this.#fill(name, bytes)
    await this.syncDirectory(folderOf(name))
  }

  allocateAligned(bytes: number): Uint8Array<ArrayBuffer> {
    return this.#memory.allocate(bytes)
  }

  close(): Promise<void> {
    this.#lock?.release()
    this.#lock = undefined
    return Promise.resolve()
  }

  /** Real bytes that differ, so that a file system that compresses or leaves holes takes real space too. */
  async #fill(name: string, bytes: number): Promise<void> {
    const piece = new Uint32Array(MIB / 4)
    for (let index = 0; index < piece.length; index++) piece[index] = Math.imul(index + 1, 0x9e37_79b1)
    try {
      await attempt(name, async () => {
        const file = await open(this.#path(name), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC)
        try {
          for (let left = bytes; left > 0; left -= MIB) {
            await file.writeFile(new Uint8Array(piece.buffer, 0, Math.min(left, MIB)))
          }
          await file.sync()
        } finally {
          await file.close()
        }
      })
    } catch (error) {
      await this.remove(name)
      throw error
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return
    const path = join(this.#directory, folder)
    await attempt(folder, async () => {
      const first = await mkdir(path, { recursive: true })
      // Each new folder's name is durable once the one above it is synced, up to the first that was there before.
      if (first === undefined || this.#faults.has('disk.skip-directory-sync')) return
      for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
    })
    this.#folders.add(folder)
  }

  #path(name: string): string {
    assert(/^(?:[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/.test(name) && name !== lockFileName, `file name ${name}`)
    return join(this.#directory, name)
  }
}

/** The error of a path at which no directory can be. */
function unusable(directory: string, error: unknown): unknown {
  const code = error instanceof FrostError ? errnoCode(error.cause) : undefined
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    const remedy = 'Give another directory with --data.'
    return new FrostError('directory-foreign', `${directory} is a file, not a directory.`, { cause: error, remedy })
  }
  const remedy = 'Give this user the right to write there, or give another directory with --data.'
  return new FrostError('disk-failed', `The data directory ${directory} cannot be made.`, { cause: error, remedy })
}

function folderOf(name: string): string {
  const slash = name.indexOf('/')
  return slash < 0 ? '' : name.slice(0, slash)
}

function ignoreMissing(error: unknown): void {
  const cause = error instanceof FrostError ? error.cause : error
  if (errnoCode(cause) !== 'ENOENT') throw error
}

/** Does `work`; what it throws leaves as a FrostError. */
async function attempt<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof FrostError ? error : diskError(error, name)
  }
}
