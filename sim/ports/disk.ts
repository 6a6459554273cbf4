// The Disk port over a simulated medium: everything in memory, every operation some steps at each of which the power can be
// cut, faults as the medium plants them. Steps of one operation: an append writes, then syncs, then answers; so a
// power loss can come before, between and after.

import { assert } from '../../src/base/assert.ts'
import { FrostError } from '../../src/base/errors.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { AppendFile, Disk, DiskSpace, ReadFile } from '../../src/ports/disk.ts'
import { alignmentBytes } from '../../src/ports/disk.ts'
import type { Faults } from '../../src/ports/faults.ts'
import { folderOf, type MediumFile, type SimulatedMedium } from './medium.ts'
import { PowerSwitch } from './power.ts'

export interface SimulatedDiskOptions {
  readonly medium: SimulatedMedium
  readonly power?: PowerSwitch
  readonly faults?: Faults
  /** What failed syncs leave behind. */
  readonly random?: SeededRandom
}

/** What the open files of a disk share. */
interface Machine {
  readonly medium: SimulatedMedium
  readonly power: PowerSwitch
  readonly faults: Faults | undefined
  readonly random: SeededRandom
}

export class SimulatedDisk implements Disk {
  readonly #machine: Machine
  readonly #medium: SimulatedMedium
  readonly #power: PowerSwitch

  constructor(options: SimulatedDiskOptions) {
    this.#medium = options.medium
    this.#power = options.power ?? new PowerSwitch()
    const random = options.random ?? new SeededRandom(1)
    this.#machine = { medium: this.#medium, power: this.#power, faults: options.faults, random }
  }

  async create(name: string, options?: { readonly direct?: boolean }): Promise<AppendFile> {
    checkName(name)
    await this.#power.step()
    if (this.#medium.find(name) !== undefined) throw new FrostError('disk-failed', `${name} exists.`)
    return new SimulatedAppendFile(this.#machine, {
      name,
      file: this.#medium.create(name),
      direct: options?.direct === true,
    })
  }

  async open(name: string): Promise<ReadFile | undefined> {
    checkName(name)
    await this.#power.step()
    const file = this.#medium.find(name)
    return file === undefined ? undefined : new SimulatedReadFile(this.#machine, name, file)
  }

  async list(folder: string): Promise<readonly string[]> {
    await this.#power.step()
    const prefix = folder === '' ? '' : `${folder}/`
    const names = this.#medium.names().filter((name) => folderOf(name) === folder)
    return names.map((name) => name.slice(prefix.length))
  }

  async contents(): Promise<readonly string[]> {
    await this.#power.step()
    const names = this.#medium.names().map((name) => (name.includes('/') ? `${folderOf(name)}/` : name))
    return [...new Set(names)].toSorted()
  }

  async remove(name: string): Promise<void> {
    checkName(name)
    await this.#power.step()
    this.#medium.remove(name)
  }

  async syncDirectory(folder: string): Promise<void> {
    await this.#power.step()
    if (this.#machine.faults?.has('disk.skip-directory-sync') !== true) this.#medium.syncFolder(folder)
    await this.#power.step()
  }

  async readSmall(name: string): Promise<Uint8Array | undefined> {
    checkName(name)
    await this.#power.step()
    const file = this.#medium.find(name)
    if (file === undefined) return undefined
    failRead(this.#machine, name, { offset: 0, byteCount: file.cache.length })
    return file.cache.slice(0, file.cache.length)
  }

  async writeSmall(name: string, bytes: Uint8Array): Promise<void> {
    checkName(name)
    assert(bytes.length <= 1024 * 1024, `${name} has ${bytes.length} bytes`)
    await this.#power.step()
    const fault = this.#medium.faults.append?.(name, 0, bytes.length)
    if (fault === 'no-space' || isFull(this.#machine, bytes.length)) throw full(name)
    const temporary = `${name}.tmp`
    const file = this.#medium.create(temporary)
    file.write(bytes)
    await this.#power.step()
    if (fault !== undefined) throw new FrostError('disk-failed', `${name}: planted EIO.`)
    if (this.#machine.faults?.has('disk.skip-sync') !== true) file.sync()
    await this.#power.step()
    this.#medium.rename(temporary, name)
    await this.syncDirectory(folderOf(name))
  }

  async lock(): Promise<void> {
    await this.#power.step()
    if (this.#medium.lockHolder !== undefined) {
      throw new FrostError('directory-locked', 'Another process uses the simulated data directory.')
    }
    this.#medium.lockHolder = this
  }

  async space(): Promise<DiskSpace> {
    await this.#power.step()
    const { capacityBytes, usedBytes, fileSystem } = this.#medium
    const isPlanted = this.#machine.faults?.has('disk.full') === true
    return { totalBytes: capacityBytes, freeBytes: isPlanted ? 0 : Math.max(0, capacityBytes - usedBytes), fileSystem }
  }

  async claimSpace(): Promise<(() => void) | undefined> {
    await this.#power.step()
    const medium = this.#medium
    if (medium.spaceHolder !== undefined) return undefined
    const holder = {}
    medium.spaceHolder = holder
    return () => {
      if (medium.spaceHolder === holder) medium.spaceHolder = undefined
    }
  }

  async reserve(name: string, bytes: number): Promise<void> {
    checkName(name)
    await this.#power.step()
    this.#medium.remove(name)
    if (bytes > 0) {
      if (isFull(this.#machine, bytes)) throw full(name)
      const file = this.#medium.create(name)
      file.write(new Uint8Array(bytes))
      file.sync()
    }
    await this.syncDirectory(folderOf(name))
  }

  allocateAligned(bytes: number): Uint8Array<ArrayBuffer> {
    assert(Number.isInteger(bytes) && bytes > 0, `${bytes} bytes of aligned memory`)
    return new Uint8Array(bytes)
  }

  close(): Promise<void> {
    if (this.#medium.lockHolder === this) this.#medium.lockHolder = undefined
    return Promise.resolve()
  }
}

class SimulatedAppendFile implements AppendFile {
  readonly name: string
  readonly #machine: Machine
  readonly #file: MediumFile
  readonly #direct: boolean
  #state: 'ready' | 'busy' | 'closed' = 'ready'

  constructor(
    machine: Machine,
    options: { readonly name: string; readonly file: MediumFile; readonly direct: boolean },
  ) {
    this.#machine = machine
    this.name = options.name
    this.#file = options.file
    this.#direct = options.direct
  }

  get sizeBytes(): number {
    return this.#file.cache.length
  }

  async append(buffers: readonly Uint8Array[]): Promise<void> {
    assert(this.#state === 'ready', 'one append at a time, and none after a failure')
    this.#state = 'busy'
    const bytes = join(buffers)
    assert(!this.#direct || bytes.length % alignmentBytes === 0, 'a direct append is a multiple of the alignment')
    const { medium, power, faults, random } = this.#machine
    await power.step()
    const fault = medium.faults.append?.(this.name, this.sizeBytes, bytes.length)
    if (fault === 'no-space' || faults?.has('disk.full') === true || isFull(this.#machine, bytes.length)) {
      const room = Math.max(0, medium.capacityBytes - medium.usedBytes)
      this.#file.write(bytes.subarray(0, Math.min(room, random.below(bytes.length + 1))))
      throw full(this.name)
    }
    await this.#store(bytes, fault)
    await power.step()
    this.#state = 'ready'
  }

  close(): Promise<void> {
    this.#state = 'closed'
    return Promise.resolve()
  }

  async #store(bytes: Uint8Array, fault: AppendFaultOrNone): Promise<void> {
    const { power, faults, random } = this.#machine
    const file = this.#file
    const start = file.cache.length
    if (fault === 'write-fails') {
      file.write(bytes.subarray(0, random.below(bytes.length + 1)))
      throw new FrostError('disk-failed', `${this.name}: planted EIO at a write.`)
    }
    file.write(bytes)
    await power.step()
    if (fault === 'sync-fails') {
      file.syncPartly(random)
      file.cleanBytes = file.cache.length
      throw new FrostError('disk-failed', `${this.name}: planted EIO at a sync.`)
    }
    if (fault === 'lost' || typeof fault === 'object') {
      file.medium.extend(file.cache.length)
      if (typeof fault === 'object') file.medium.write(Math.max(0, start + fault.misdirectedBy), bytes)
      file.cleanBytes = file.cache.length
    } else if (faults?.has('disk.skip-sync') !== true) {
      file.sync()
    }
  }
}

type AppendFaultOrNone = ReturnType<NonNullable<SimulatedMedium['faults']['append']>>

class SimulatedReadFile implements ReadFile {
  readonly name: string
  readonly #machine: Machine
  readonly #file: MediumFile

  constructor(machine: Machine, name: string, file: MediumFile) {
    this.#machine = machine
    this.name = name
    this.#file = file
  }

  async sizeBytes(): Promise<number> {
    await this.#machine.power.step()
    return this.#file.cache.length
  }

  async read(into: Uint8Array, offset: number, options?: { readonly uncached?: boolean }): Promise<number> {
    await this.#machine.power.step()
    failRead(this.#machine, this.name, { offset, byteCount: into.length })
    if (options?.uncached !== true) return this.#file.cache.read(into, offset)
    assert(offset % alignmentBytes === 0 && into.length % alignmentBytes === 0, 'an uncached read is aligned')
    // The kernel writes what is dirty before it reads past the cache.
    if (this.#machine.faults?.has('disk.skip-sync') !== true) this.#file.sync()
    return this.#file.medium.read(into, offset)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function checkName(name: string): void {
  assert(/^(?:[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/.test(name) && name !== 'lock', `file name ${name}`)
}

function failRead(
  machine: Machine,
  name: string,
  range: { readonly offset: number; readonly byteCount: number },
): void {
  if (machine.medium.faults.read?.(name, range.offset, range.byteCount) === true) {
    throw new FrostError('disk-failed', `${name}: planted EIO at a read.`)
  }
}

function isFull(machine: Machine, bytes: number): boolean {
  return machine.medium.usedBytes + bytes > machine.medium.capacityBytes
}

function full(name: string): FrostError {
  return new FrostError('insufficient-storage', `The simulated file system of ${name} is full.`)
}

function join(buffers: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(buffers.reduce((sum, buffer) => sum + buffer.length, 0))
  let at = 0
  for (const buffer of buffers) {
    bytes.set(buffer, at)
    at += buffer.length
  }
  return bytes
}
