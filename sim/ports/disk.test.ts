import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SeededRandom } from '../../src/base/random.ts'
import { alignmentBytes, type Disk } from '../../src/ports/disk.ts'
import { assertAppendFails, diskConformance } from '../../test/conformance/disk.ts'
import { SimulatedDisk } from './disk.ts'
import { SimulatedFaults } from './faults.ts'
import { SimulatedMedium } from './medium.ts'
import { PowerSwitch } from './power.ts'

diskConformance('SimulatedDisk', () => {
  const medium = new SimulatedMedium()
  return Promise.resolve({ open: () => new SimulatedDisk({ medium }), cleanUp: () => Promise.resolve() })
})

const page = new Uint8Array(alignmentBytes).fill(1)

/** What is left of a file after a power loss at some step of `work`, over many seeds: the lengths of its intact prefix. */
async function survivors(
  work: (disk: Disk) => Promise<void>,
  name: string,
  faults = new SimulatedFaults(),
): Promise<Set<number>> {
  const seen = new Set<number>()
  for (let seed = 1; seed <= 60; seed++) {
    const medium = new SimulatedMedium()
    await work(new SimulatedDisk({ medium, faults }))
    medium.losePower(new SeededRandom(seed))
    const bytes = (await new SimulatedDisk({ medium }).readSmall(name)) ?? new Uint8Array(0)
    const damaged = bytes.findIndex((byte) => byte !== 1)
    seen.add(damaged < 0 ? bytes.length : damaged)
  }
  return seen
}

async function createSynced(disk: Disk): Promise<void> {
  const file = await disk.create('a')
  await file.append([page])
  await disk.syncDirectory('')
}

describe('SimulatedDisk', () => {
  test('what was synced, with its name, survives every power loss', async () => {
    assert.deepEqual(await survivors(createSynced, 'a'), new Set([alignmentBytes]))
  })

  test('without the sync of the directory the name can be lost', async () => {
    const faults = new SimulatedFaults()
    faults.plant('disk.skip-directory-sync')
    assert.deepEqual(await survivors(createSynced, 'a', faults), new Set([0, alignmentBytes]))
  })

  test('without the sync of the file its bytes can be lost or torn', async () => {
    const faults = new SimulatedFaults()
    faults.plant('disk.skip-sync')
    const seen = await survivors(createSynced, 'a', faults)
    assert.ok(seen.has(0) && seen.has(alignmentBytes) && seen.size > 4, [...seen].join(' '))
  })

  test('a small file is replaced or not, never half, at any step of a power loss', async () => {
    for (let cutAtStep = 1; cutAtStep <= 12; cutAtStep++) {
      const medium = new SimulatedMedium()
      await new SimulatedDisk({ medium }).writeSmall('a', page)
      const power = new PowerSwitch({ cutAtStep })
      const disk = new SimulatedDisk({ medium, power })
      const write = disk.writeSmall('a', new Uint8Array(2 * alignmentBytes).fill(2))
      await Promise.race([write, power.off])
      medium.losePower(new SeededRandom(cutAtStep))
      const bytes = (await new SimulatedDisk({ medium }).readSmall('a')) ?? new Uint8Array(0)
      const isOld = bytes.length === alignmentBytes && bytes.every((byte) => byte === 1)
      const isNew = bytes.length === 2 * alignmentBytes && bytes.every((byte) => byte === 2)
      assert.ok(isOld || isNew, `step ${cutAtStep}`)
    }
  })

  test('after a failed sync the page cache shows what the medium may not have', async () => {
    const medium = new SimulatedMedium()
    medium.faults = { append: (_, offset) => (offset > 0 ? 'sync-fails' : undefined) }
    const disk = new SimulatedDisk({ medium, random: new SeededRandom(5) })
    const file = await disk.create('a')
    await file.append([page])
    await assertAppendFails(file, 'disk-failed')
    const reader = await disk.open('a')
    assert.ok(reader !== undefined)
    const cached = new Uint8Array(2 * alignmentBytes)
    assert.equal(await reader.read(cached, 0), cached.length)
    const before = medium.find('a')?.medium.slice(0, 3 * alignmentBytes)
    await reader.read(new Uint8Array(alignmentBytes), 0, { uncached: true })
    assert.deepEqual(medium.find('a')?.medium.slice(0, 3 * alignmentBytes), before)
  })

  test('a misdirected write lands elsewhere, a lost one nowhere, and both were reported durable', async () => {
    const medium = new SimulatedMedium()
    const disk = new SimulatedDisk({ medium })
    const file = await disk.create('a')
    await file.append([page])
    medium.faults = { append: () => ({ misdirectedBy: -alignmentBytes }) }
    await file.append([page.map(() => 2)])
    medium.faults = { append: () => 'lost' }
    await file.append([page])
    await disk.syncDirectory('')
    medium.losePower(new SeededRandom(1))
    const bytes = await disk.readSmall('a')
    assert.equal(bytes?.length, 3 * alignmentBytes)
    assert.deepEqual([bytes?.[0], bytes?.[alignmentBytes], bytes?.[2 * alignmentBytes]], [2, 0, 0])
  })

  test('a full disk refuses appends, reserves and small files, until there is room', async () => {
    const medium = new SimulatedMedium({ capacityBytes: 3 * alignmentBytes })
    const disk = new SimulatedDisk({ medium })
    await disk.writeSmall('a', page)
    await disk.reserve('ballast', 2 * alignmentBytes)
    await assertAppendFails(await disk.create('b'), 'insufficient-storage')
    await assert.rejects(disk.writeSmall('a', page), { code: 'insufficient-storage' })
    await assert.rejects(disk.reserve('more', 1), { code: 'insufficient-storage' })
    await disk.reserve('ballast', 0)
    await disk.writeSmall('a', page)
    assert.equal((await disk.space()).freeBytes < 3 * alignmentBytes, true)
  })

  test('a flipped bit, a cut end and a planted read error are seen by readers', async () => {
    const medium = new SimulatedMedium()
    const disk = new SimulatedDisk({ medium })
    await createSynced(disk)
    medium.flipBit('a', 5, 3)
    assert.equal((await disk.readSmall('a'))?.[5], 1 ^ 8)
    medium.truncate('a', 4)
    assert.equal((await disk.readSmall('a'))?.length, 4)
    medium.faults = { read: (name) => name === 'a' }
    await assert.rejects(disk.readSmall('a'), { code: 'disk-failed' })
  })

  test('nothing is answered once the power is off', async () => {
    const power = new PowerSwitch({ cutAtStep: 3 })
    const disk = new SimulatedDisk({ medium: new SimulatedMedium(), power })
    let answers = 0
    const run = async (): Promise<void> => {
      for (;;) {
        await disk.space()
        answers++
      }
    }
    await Promise.race([run(), power.off])
    assert.equal(answers, 2)
  })
})
