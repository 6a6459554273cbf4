// What a simulated machine's file system holds: for every file what the page cache shows and what the medium has, and for
// every directory the names that are there and those that would be there after a power loss. It outlives the disks
// (disk.ts) that processes open on it, and it is where tests do damage.
//
// The model is as unkind as POSIX allows: what was not synced may be gone after a power loss, or there, sector by sector; a
// name that was not synced may be gone, its synced content with it, and a removed one may be back; after a failed sync the
// page cache shows what the medium does not have, and no later sync brings it there.

import { assert } from '../../src/base/assert.ts'
import type { SeededRandom } from '../../src/base/random.ts'
import { GrowingBytes } from './growing-bytes.ts'

/** The unit that a power loss leaves whole. */
const sectorBytes = 512

/** What a test plants into one append. */
export type AppendFault =
  /** The call fails, and some of the bytes are there. */
  | 'write-fails'
  /** The sync fails: the page cache shows the bytes, of the medium nothing is known. */
  | 'sync-fails'
  | 'no-space'
  /** Reported durable, yet the medium never has the bytes. */
  | 'lost'
  /** Reported durable, yet written so many bytes away (a multiple of 4 KiB), over what was there. */
  | { readonly misdirectedBy: number }

/** Asked at each operation. */
export interface MediumFaults {
  append?(name: string, offset: number, byteCount: number): AppendFault | undefined
  /** True: the read fails with EIO. */
  read?(name: string, offset: number, byteCount: number): boolean
}

/** One file. `cache`: what reads show; `medium`: what is left without power. */
export class MediumFile {
  readonly cache = new GrowingBytes()
  readonly medium = new GrowingBytes()
  /** Up to here the page cache has nothing left to write, whether or not the medium has it. */
  cleanBytes = 0

  /** Writes at the end, into the page cache only. */
  write(bytes: Uint8Array): void {
    this.cache.write(this.cache.length, bytes)
  }

  /** What fsync does when it works. */
  sync(): void {
    this.medium.write(this.cleanBytes, this.cache.slice(this.cleanBytes, this.cache.length))
    this.cleanBytes = this.cache.length
  }

  /** Some of what is not synced reaches the medium: each sector or not, with a chance of its own for this time. */
  syncPartly(random: SeededRandom): void {
    const chance = random.below(3) === 0 ? random.below(2) : random.float()
    for (let from = this.cleanBytes; from < this.cache.length; from += sectorBytes) {
      const end = Math.min(from + sectorBytes, this.cache.length)
      if (random.float() < chance) this.medium.write(from, this.cache.slice(from, end))
    }
    // The size may have grown though no byte came.
    if (random.below(2) === 0) this.medium.extend(this.cache.length)
  }

  /** Forgets the page cache. */
  dropCache(): void {
    this.cache.replace(this.medium)
    this.cleanBytes = this.cache.length
  }
}

export class SimulatedMedium {
  /** Equal for media that share space. */
  readonly fileSystem: string
  /** Bytes of all files together; may be changed at any time. */
  capacityBytes: number
  faults: MediumFaults = {}
  /** Whoever holds the directory. */
  lockHolder: object | undefined
  /** Whoever has the claim on the last space. */
  spaceHolder: object | undefined
  readonly #names = new Map<string, MediumFile>()
  readonly #durableNames = new Map<string, MediumFile>()

  constructor(options: { readonly capacityBytes?: number; readonly fileSystem?: string } = {}) {
    this.capacityBytes = options.capacityBytes ?? 1024 ** 4
    this.fileSystem = options.fileSystem ?? 'simulated'
  }

  get usedBytes(): number {
    let bytes = 0
    for (const file of this.#names.values()) bytes += file.cache.length
    return bytes
  }

  names(): readonly string[] {
    return [...this.#names.keys()].toSorted()
  }

  find(name: string): MediumFile | undefined {
    return this.#names.get(name)
  }

  create(name: string): MediumFile {
    const file = new MediumFile()
    this.#names.set(name, file)
    return file
  }

  remove(name: string): void {
    this.#names.delete(name)
  }

  rename(from: string, to: string): void {
    const file = this.#names.get(from)
    assert(file !== undefined, `${from} is there`)
    this.#names.delete(from)
    this.#names.set(to, file)
  }

  /** Makes creations, renames and removals in `folder` durable. */
  syncFolder(folder: string): void {
    for (const name of this.#changedNames()) {
      if (folderOf(name) === folder) this.#settle(name, true)
    }
  }

  /** The power goes: of what was not synced, chance decides. */
  losePower(random: SeededRandom): void {
    for (const name of this.#changedNames()) this.#settle(name, random.below(2) === 0)
    this.#names.clear()
    for (const [name, file] of this.#durableNames) {
      this.#names.set(name, file)
      file.syncPartly(random)
      file.dropCache()
    }
    this.killProcess()
  }

  /** The process goes, the machine stays. */
  killProcess(): void {
    this.lockHolder = undefined
    this.spaceHolder = undefined
  }

  /** Bit rot. */
  flipBit(name: string, offset: number, bit = 0): void {
    this.#damage(name, (bytes) => {
      const old = bytes.slice(offset, offset + 1)
      assert(old.length === 1, `${name} has a byte ${offset}`)
      bytes.write(offset, Uint8Array.of((old[0] ?? 0) ^ (1 << bit)))
    })
  }

  truncate(name: string, length: number): void {
    this.#damage(name, (bytes) => bytes.truncate(length))
  }

  overwrite(name: string, offset: number, content: Uint8Array): void {
    this.#damage(name, (bytes) => bytes.write(offset, content))
  }

  /** Removes a file as a user would: durably. */
  lose(name: string): void {
    this.#names.delete(name)
    this.#durableNames.delete(name)
  }

  #damage(name: string, change: (bytes: GrowingBytes) => void): void {
    const file = this.#names.get(name)
    assert(file !== undefined, `${name} is there`)
    change(file.cache)
    change(file.medium)
    file.cleanBytes = Math.min(file.cleanBytes, file.cache.length)
  }

  #changedNames(): readonly string[] {
    const all = new Set([...this.#names.keys(), ...this.#durableNames.keys()])
    return [...all].filter((name) => this.#names.get(name) !== this.#durableNames.get(name)).toSorted()
  }

  #settle(name: string, changed: boolean): void {
    const file = this.#names.get(name)
    if (!changed) return
    if (file === undefined) this.#durableNames.delete(name)
    else this.#durableNames.set(name, file)
  }
}

export function folderOf(name: string): string {
  const slash = name.indexOf('/')
  return slash < 0 ? '' : name.slice(0, slash)
}
