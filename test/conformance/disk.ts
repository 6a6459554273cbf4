// What every Disk must do. Run against a real directory and the simulated one. What a power loss may take is not here, because
// no real disk can be asked to lose power: the simulated one's tests and the store's crash suite have it.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { alignmentBytes, type AppendFile, type Disk, type ReadFile } from '../../src/ports/disk.ts'

export interface DiskUnderTest {
  /** Another Disk over the same directory, as another process would have it. */
  readonly open: () => Disk
  readonly cleanUp: () => Promise<void>
}

function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++) bytes[index] = (index * 7 + (index >>> 8) + seed) & 0xff
  return bytes
}

function aligned(disk: Disk, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = disk.allocateAligned(content.length)
  bytes.set(content)
  return bytes
}

async function readAll(file: ReadFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.sizeBytes())
  assert.equal(await file.read(bytes, 0), bytes.length)
  return bytes
}

async function openThere(disk: Disk, name: string): Promise<ReadFile> {
  const file = await disk.open(name)
  assert.ok(file !== undefined)
  return file
}

async function createWith(disk: Disk, name: string, content: Uint8Array): Promise<void> {
  const file = await disk.create(name)
  await file.append([content])
  await file.close()
}

/** `make` gives an empty directory. */
export function diskConformance(name: string, make: () => Promise<DiskUnderTest>): void {
  const withDisk = async (work: (disk: Disk, another: () => Disk) => Promise<void>): Promise<void> => {
    const { open, cleanUp } = await make()
    const disk = open()
    try {
      await disk.lock()
      await work(disk, open)
    } finally {
      await disk.close()
      await cleanUp()
    }
  }

  describe(`${name} as Disk`, () => {
    describeFiles(withDisk)
    describeDirectory(withDisk)
  })
}

type WithDisk = (work: (disk: Disk, another: () => Disk) => Promise<void>) => Promise<void>

function describeFiles(withDisk: WithDisk): void {
  for (const direct of [false, true]) {
    test(`appends follow one another, ${direct ? 'direct' : 'buffered'}`, () =>
      withDisk(async (disk) => {
        const file = await disk.create('small/00000001.seg', { direct })
        assert.equal(file.name, 'small/00000001.seg')
        const first = aligned(disk, pattern(3 * alignmentBytes))
        const second = aligned(disk, pattern(alignmentBytes, 2))
        await file.append([first])
        await file.append([second, first])
        assert.equal(file.sizeBytes, 7 * alignmentBytes)
        const reader = await openThere(disk, 'small/00000001.seg')
        assert.deepEqual(await readAll(reader), Uint8Array.from([...first, ...second, ...first]))
        await file.close()
        await file.close()
        await reader.close()
        await reader.close()
      }))
  }

  test('a direct append takes memory that is not aligned', () =>
    withDisk(async (disk) => {
      const file = await disk.create('a', { direct: true })
      const content = pattern(2 * alignmentBytes + 300 * alignmentBytes)
      await file.append([content.subarray(0, 100), content.subarray(100)])
      const reader = await openThere(disk, 'a')
      assert.deepEqual(await readAll(reader), content)
      await file.close()
      await reader.close()
    }))

  test('a buffered append takes any length and thousands of buffers', () =>
    withDisk(async (disk) => {
      const file = await disk.create('a')
      const content = pattern(5001)
      await file.append([new Uint8Array(0), ...Array.from(content, (_, index) => content.subarray(index, index + 1))])
      const reader = await openThere(disk, 'a')
      assert.deepEqual(await readAll(reader), content)
      await file.close()
      await reader.close()
    }))

  test('a reader sees what is appended after it was opened', () =>
    withDisk(async (disk) => {
      const file = await disk.create('a')
      const reader = await openThere(disk, 'a')
      assert.equal(await reader.sizeBytes(), 0)
      await file.append([pattern(10)])
      assert.equal(await reader.sizeBytes(), 10)
      await file.close()
      await reader.close()
    }))

  test('a read ends at the end of the file', () =>
    withDisk(async (disk) => {
      await createWith(disk, 'a', pattern(1000))
      const reader = await openThere(disk, 'a')
      const into = new Uint8Array(100)
      assert.equal(await reader.read(into, 950), 50)
      assert.deepEqual(into.subarray(0, 50), pattern(1000).subarray(950))
      assert.equal(await reader.read(into, 1000), 0)
      assert.equal(await reader.read(into, 5000), 0)
      await reader.close()
    }))

  test('an uncached read gives what was synced', () =>
    withDisk(async (disk) => {
      const content = pattern(4 * alignmentBytes)
      await createWith(disk, 'a', content)
      const reader = await openThere(disk, 'a')
      const into = disk.allocateAligned(2 * alignmentBytes)
      assert.equal(await reader.read(into, alignmentBytes, { uncached: true }), into.length)
      assert.deepEqual(into, content.slice(alignmentBytes, 3 * alignmentBytes))
      assert.equal(await reader.read(into, 3 * alignmentBytes, { uncached: true }), alignmentBytes)
      await reader.close()
    }))

  test('many reads run at once', () =>
    withDisk(async (disk) => {
      const content = pattern(65_536)
      await createWith(disk, 'a', content)
      const reader = await openThere(disk, 'a')
      const reads = Array.from({ length: 64 }, async (_, index) => {
        const into = new Uint8Array(1024)
        await reader.read(into, index * 1024)
        assert.deepEqual(into, content.slice(index * 1024, (index + 1) * 1024))
      })
      await Promise.all(reads)
      await reader.close()
    }))

  test('an open file can be read after its name was removed', () =>
    withDisk(async (disk) => {
      await createWith(disk, 'a', pattern(10))
      const reader = await openThere(disk, 'a')
      await disk.remove('a')
      assert.equal(await disk.open('a'), undefined)
      assert.deepEqual(await readAll(reader), pattern(10))
      await reader.close()
    }))

  test('aligned memory is zeroed, apart, and of the length that was asked for', () =>
    withDisk((disk) => {
      const pieces = [1, 4096, 5000, 3_000_000, 9_000_000, 64].map((length) => {
        const piece = disk.allocateAligned(length)
        assert.equal(piece.length, length)
        assert.ok(piece.every((byte) => byte === 0))
        return piece
      })
      for (const [index, piece] of pieces.entries()) piece.fill(index + 1)
      for (const [index, piece] of pieces.entries()) assert.ok(piece.every((byte) => byte === index + 1))
      return Promise.resolve()
    }))
}

function describeDirectory(withDisk: WithDisk): void {
  test('a name that exists is refused, and one that does not is undefined', () =>
    withDisk(async (disk) => {
      await createWith(disk, 'a', pattern(10))
      await assert.rejects(disk.create('a'), { code: 'disk-failed' })
      await assert.rejects(disk.create('a', { direct: true }), { code: 'disk-failed' })
      assert.equal(await disk.open('b'), undefined)
      assert.equal(await disk.readSmall('b'), undefined)
    }))

  test('a folder lists its files in order, and not the lock', () =>
    withDisk(async (disk) => {
      assert.deepEqual(await disk.list(''), [])
      assert.deepEqual(await disk.list('large'), [])
      for (const file of ['b', 'a', 'large/2', 'large/1']) await createWith(disk, file, pattern(1))
      await disk.syncDirectory('large')
      await disk.syncDirectory('')
      assert.deepEqual(await disk.list(''), ['a', 'b'])
      assert.deepEqual(await disk.list('large'), ['1', '2'])
      assert.deepEqual(await disk.contents(), ['a', 'b', 'large/'])
      await disk.remove('large/1')
      await disk.remove('never-there')
      await disk.remove('nowhere/never')
      assert.deepEqual(await disk.list('large'), ['2'])
    }))

  test('a small file is replaced whole', () =>
    withDisk(async (disk) => {
      await disk.writeSmall('identity', pattern(100))
      await disk.writeSmall('identity', pattern(7, 3))
      assert.deepEqual(Uint8Array.from((await disk.readSmall('identity')) ?? []), pattern(7, 3))
      await disk.writeSmall('folder/state', pattern(9))
      assert.deepEqual(await disk.list('folder'), ['state'])
      assert.deepEqual(await disk.list(''), ['identity'])
    }))

  test('space is reserved, replaced and given back', () =>
    withDisk(async (disk) => {
      await disk.reserve('ballast', 2_500_000)
      assert.equal(await openAndSize(disk, 'ballast'), 2_500_000)
      await disk.reserve('ballast', 1000)
      assert.equal(await openAndSize(disk, 'ballast'), 1000)
      await disk.reserve('ballast', 0)
      assert.deepEqual(await disk.list(''), [])
    }))

  test('space is told for the whole file system', () =>
    withDisk(async (disk, another) => {
      const space = await disk.space()
      assert.ok(space.totalBytes > 0 && space.freeBytes > 0 && space.freeBytes <= space.totalBytes)
      assert.equal((await another().space()).fileSystem, space.fileSystem)
    }))

  test('the claim on the last space is given to one at a time', () =>
    withDisk(async (disk, another) => {
      const release = await disk.claimSpace()
      assert.ok(release !== undefined)
      assert.equal(await another().claimSpace(), undefined)
      release()
      release()
      const next = await another().claimSpace()
      assert.ok(next !== undefined)
      next()
    }))

  test('a second one cannot lock the directory until the first is closed', () =>
    withDisk(async (disk, another) => {
      const second = another()
      await assert.rejects(second.lock(), { code: 'directory-locked' })
      await disk.close()
      await disk.close()
      const third = another()
      await third.lock()
      await third.close()
    }))
}

async function openAndSize(disk: Disk, name: string): Promise<number> {
  const reader = await openThere(disk, name)
  const size = await reader.sizeBytes()
  await reader.close()
  return size
}

/** A planted fault that every Disk takes: an append fails as a full disk does, and the file takes no further append. */
export async function assertAppendFails(file: AppendFile, code: string): Promise<void> {
  await assert.rejects(file.append([new Uint8Array(alignmentBytes)]), { code })
  await assert.rejects(file.append([new Uint8Array(alignmentBytes)]), /none after a failure/)
}
