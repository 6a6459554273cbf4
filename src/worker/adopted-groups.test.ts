import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SimulatedDisk } from '../../sim/ports/disk.ts'
import { SimulatedMedium } from '../../sim/ports/medium.ts'
import { PowerSwitch } from '../../sim/ports/power.ts'
import { defined } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { parseEpoch, parseGroupId, parseWorkerId } from '../base/ids.ts'
import type { Epoch, GroupId } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { defaultScheme } from '../base/scheme.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { AdoptedGroups } from './adopted-groups.ts'

const worker = defined(parseWorkerId('b'.repeat(16)), 'worker')
const groupId = (number: number): GroupId => defined(parseGroupId(number), 'group')
const epochOf = (number: number): Epoch => defined(parseEpoch(number), 'epoch')

function group(number: number, epoch: number, state: PlacementGroup['state'] = 'writable'): PlacementGroup {
  return {
    group: groupId(number),
    epoch: epochOf(epoch),
    scheme: defaultScheme,
    slots: [{ worker, holderSinceEpoch: epochOf(1) }],
    state,
  }
}

async function open(medium: SimulatedMedium, power = new PowerSwitch()): Promise<AdoptedGroups> {
  const groups = new AdoptedGroups(new SimulatedDisk({ medium, power }))
  await groups.open()
  return groups
}

/** What a put under `epoch` meets. */
function verdict(groups: AdoptedGroups, number: number, epoch: number, standIn = false): string {
  try {
    groups.check(groupId(number), epochOf(epoch), { standIn })
    return 'taken'
  } catch (error) {
    return errorCode(error) ?? 'no FrostError'
  }
}

describe('adopted groups', () => {
  test('let in what was decided under their epoch only', async () => {
    const groups = await open(new SimulatedMedium())
    assert.equal(verdict(groups, 1, 1), 'group-not-adopted')
    await groups.adopt([group(1, 2)])
    assert.deepEqual(
      [1, 2, 3].map((epoch) => verdict(groups, 1, epoch)),
      ['epoch-stale', 'taken', 'group-not-adopted'],
    )
    assert.deepEqual(
      [1, 2, 3].map((epoch) => verdict(groups, 1, epoch, true)),
      ['epoch-stale', 'taken', 'taken'],
    )
  })

  test('are adopted once nothing is under way that was let in under an older epoch', async () => {
    const groups = await open(new SimulatedMedium())
    await groups.adopt([group(1, 1), group(2, 1)])
    const ends = new Map<number, () => void>()
    const change = async (number: number, epoch: number): Promise<void> =>
      await groups.admit({ group: groupId(number), epoch: epochOf(epoch), standIn: true }, async () => {
        const { promise, resolve } = Promise.withResolvers<void>()
        ends.set(number, resolve)
        await promise
      })
    const changes = [change(1, 1), change(2, 1)]
    const done: string[] = []
    const first = groups.adopt([group(1, 2)]).then(() => done.push('first'))
    const again = groups.adopt([group(1, 2)]).then(() => done.push('again'))
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    await assert.rejects(change(1, 1), (error) => errorCode(error) === 'epoch-stale')
    assert.deepEqual(done, [])
    ends.get(1)?.()
    await Promise.all([first, again])
    ends.get(2)?.()
    await Promise.all(changes)
    await groups.adopt([group(2, 2)])
  })

  test('never go back to an older epoch', async () => {
    const groups = await open(new SimulatedMedium())
    await Promise.all([groups.adopt([group(1, 3)]), groups.adopt([group(1, 2)]), groups.adopt([group(1, 1)])])
    assert.equal(verdict(groups, 1, 3), 'taken')
  })

  test('are there again after a start, however many they are', async () => {
    const medium = new SimulatedMedium()
    const numbers = Array.from({ length: 300 }, (_, index) => index + 1)
    await (await open(medium)).adopt(numbers.map((number) => group(number, number)))
    const again = await open(medium)
    for (const number of numbers) assert.equal(verdict(again, number, number), 'taken')
  })

  test('survive a loss of power at every step of an adoption: either the old epoch or the new one', async () => {
    for (let cutAtStep = 1; cutAtStep < 30; cutAtStep++) {
      const medium = new SimulatedMedium()
      await (await open(medium)).adopt([group(1, 1), group(200, 1)])
      const power = new PowerSwitch({ cutAtStep })
      let adopted = false
      const adopting = (async () => {
        await (await open(medium, power)).adopt([group(1, 2), group(200, 2)])
        adopted = true
      })()
      await Promise.race([adopting, power.off])
      medium.losePower(new SeededRandom(cutAtStep))
      const again = await open(medium)
      for (const number of [1, 200]) {
        const old = verdict(again, number, 1)
        assert.ok(old === 'epoch-stale' || (!adopted && old === 'taken'), `${old} after step ${cutAtStep}`)
      }
      if (adopted) return
    }
    assert.fail('the adoption never ended')
  })

  test('that cannot be read stop the worker, and say what to do', async () => {
    const medium = new SimulatedMedium()
    await (await open(medium)).adopt([group(1, 1)])
    medium.flipBit('groups-0', 0)
    await assert.rejects(open(medium), (error) => errorCode(error) === 'store-corrupt')
  })

  test('are not adopted where they cannot be made durable', async () => {
    const medium = new SimulatedMedium()
    const groups = await open(medium)
    medium.faults = { append: () => 'sync-fails' }
    await assert.rejects(groups.adopt([group(1, 1)]), (error) => errorCode(error) === 'disk-failed')
    assert.equal(verdict(groups, 1, 1), 'group-not-adopted')
    medium.faults = {}
    await groups.adopt([group(1, 1)])
    assert.equal(verdict(groups, 1, 1), 'taken')
  })
})
