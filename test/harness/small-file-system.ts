// A file system of a given size for tests of a full disk: ext4 in an image file, mounted over a loop device, where this user may do
// that (root, with mkfs.ext4).

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { MIB } from '../../src/base/units.ts'

const run = promisify(execFile)

export class SmallFileSystem {
  readonly directory: string
  readonly #parent: string

  private constructor(parent: string, directory: string) {
    this.#parent = parent
    this.directory = directory
  }

  /** `undefined`: not possible here, and why is printed. */
  static async make(bytes: number): Promise<SmallFileSystem | undefined> {
    const parent = await mkdtemp(join(tmpdir(), 'frostbyte-mount-'))
    const directory = join(parent, 'mount')
    const image = join(parent, 'image')
    try {
      await mkdir(directory)
      const file = await open(image, 'w')
      await file.truncate(bytes)
      await file.close()
      // No blocks kept for root: as root, the test would not meet the limit.
      await run('mkfs.ext4', ['-q', '-m', '0', image])
      await run('mount', ['-o', 'loop', image, directory])
      return new SmallFileSystem(parent, directory)
    } catch (error) {
      console.log(`No file system of its own can be mounted: ${error instanceof Error ? error.message : String(error)}`)
      await rm(parent, { recursive: true, force: true })
      return undefined
    }
  }

  /** Nobody may use it any more. */
  async remove(): Promise<void> {
    await run('umount', [this.directory])
    await rm(this.#parent, { recursive: true, force: true })
  }
}

/** Somebody else who takes every byte of a file system, also those that come free meanwhile, until it is stopped. */
export class DiskFiller {
  readonly #path: string
  readonly #filled: Promise<void>
  readonly #filling: Promise<void>
  #isStopped = false

  constructor(small: SmallFileSystem) {
    this.#path = join(small.directory, 'filler')
    this.#filled = fillUp(this.#path)
    this.#filling = this.#keepFull()
    this.#filling.catch(() => undefined)
  }

  /** Resolves when there is no room any more. */
  async filled(): Promise<void> {
    await this.#filled
  }

  /** Gives everything back. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#filling
    await rm(this.#path)
  }

  async #keepFull(): Promise<void> {
    await this.#filled
    while (!this.#isStopped) {
      await sleep(200)
      await fillUp(this.#path)
    }
  }
}

/** Grows the file until its file system gives nothing any more. */
export async function fillUp(path: string): Promise<void> {
  const file = await open(path, 'a')
  try {
    for (const bytes of [MIB, 4096]) await appendUntilFull(file, Buffer.alloc(bytes, 0x5a))
  } finally {
    await file.close()
  }
}

async function appendUntilFull(file: FileHandle, piece: Uint8Array): Promise<void> {
  try {
    for (;;) await file.appendFile(piece)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}
