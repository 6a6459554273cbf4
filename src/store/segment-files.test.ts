import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { Disk, ReadFile } from '../ports/disk.ts'
import { SimulatedDisk } from '../../sim/ports/disk.ts'
import { SimulatedMedium } from '../../sim/ports/medium.ts'
import { SegmentFiles } from './segment-files.ts'
import { segmentFileName } from './segment-writer.ts'

/** A disk with segments 1 to `count`, that counts the files that are open for reading. */
function countingDisk(count: number): { readonly disk: Disk; readonly openNow: () => number } {
  const medium = new SimulatedMedium()
  for (let segment = 1; segment <= count; segment++) medium.create(segmentFileName('small', segment))
  let open = 0
  const disk = new SimulatedDisk({ medium })
  const openFile = disk.open.bind(disk)
  disk.open = async (name: string): Promise<ReadFile | undefined> => {
    const file = await openFile(name)
    if (file === undefined) return undefined
    open++
    const close = file.close.bind(file)
    file.close = async () => {
      open--
      await close()
    }
    return file
  }
  return { disk, openNow: () => open }
}

describe('Segments open for reading', () => {
  test('are no more than allowed, unless more are in use at once', async () => {
    const { disk, openNow } = countingDisk(10)
    const files = new SegmentFiles(disk, 3)
    for (let round = 0; round < 30; round++) {
      await files.use('small', 1 + ((round * 3) % 10), (file) => Promise.resolve(assert.ok(file !== undefined)))
      assert.ok(openNow() <= 3)
    }
    await files.close()
    assert.equal(openNow(), 0)
  })

  test('a segment that is retired while it is read stays open until then', async () => {
    const { disk, openNow } = countingDisk(1)
    const files = new SegmentFiles(disk, 2)
    let finish: () => void = () => undefined
    const reading = files.use(
      'small',
      1,
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    await files.use('small', 1, () => Promise.resolve())
    await files.retire(1)
    assert.equal(openNow(), 1)
    finish()
    await reading
    assert.equal(openNow(), 0)
  })

  test('one that is not there is asked for anew each time', async () => {
    const { disk } = countingDisk(0)
    const files = new SegmentFiles(disk, 2)
    const found = await files.use('small', 5, (file) => Promise.resolve(file))
    assert.equal(found, undefined)
    const file = await disk.create(segmentFileName('small', 5))
    await file.close()
    assert.ok((await files.use('small', 5, (opened) => Promise.resolve(opened))) !== undefined)
  })
})
