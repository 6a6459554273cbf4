// The planners together, as a lease holder runs them: new groups for workers that lack some, moves of slots, and data that is written
// meanwhile. Each must find rest beside the other.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { columnCount } from '../base/scheme.ts'
import { GIB } from '../base/units.ts'
import { planGroupChanges } from './plan-group-changes.ts'
import { planSlotMoves } from './plan-slot-moves.ts'
import { PlacementModel } from './testing/placement-model.ts'

const scheme = { dataColumns: 3, parityColumns: 2 }
const groupsPerWorker = 50
const bytesPerSlotMax = 32 * GIB

class GrowingCluster extends PlacementModel {
  /** One round of the task that creates and closes groups; returns how many it changed. */
  changeGroups(): number {
    const { create, close } = planGroupChanges({
      workers: this.workers.filter((worker) => worker.state === 'in' && worker.isReachable),
      writableGroups: this.writable().map(({ group, slots, bytesPerSlot }) => ({
        group,
        scheme,
        workers: slots.map(({ worker, pendingWorker }) => pendingWorker ?? worker),
        bytesPerSlot,
      })),
      scheme,
      groupsPerWorker,
      bytesPerSlotMax,
      below: (bound) => this.random.below(bound),
    })
    for (const workers of create) {
      for (const id of workers) assert.equal(this.workers.find((worker) => worker.id === id)?.state, 'in')
      this.addGroup(workers)
    }
    for (const group of this.groups) if (close.includes(group.group)) group.state = 'closed'
    return create.length + close.length
  }

  writable(): PlacementModel['groups'] {
    return this.groups.filter((group) => group.state === 'writable')
  }

  /** Spreads new bytes over the groups that take some, as uploads do. */
  write(bytesPerWorker: number): void {
    const writable = this.writable()
    const bytes = (bytesPerWorker * this.workers.length) / writable.length / columnCount(scheme)
    for (const group of writable) group.bytesPerSlot += Math.floor(bytes * (0.5 + this.random.float()))
  }

  /** Until neither planner has anything to do; `writes` are made between the first rounds. */
  settle(options: { readonly writes?: number; readonly bytesPerWrite?: number } = {}): void {
    const { writes = 0, bytesPerWrite = GIB } = options
    for (let round = 0; round < 2000; round++) {
      if (round < writes) this.write(bytesPerWrite)
      const changes = this.changeGroups()
      this.begin(planSlotMoves(this.input()))
      if (round >= writes && changes === 0 && this.pendingCount === 0) return
      this.finish(1 + this.random.below(this.movesAtOnceMax))
    }
    assert.fail('the planners come to no end')
  }
}

const capacityBytes = 100_000 * GIB

function cluster(workers: number, seed: number): GrowingCluster {
  const model = new GrowingCluster(seed)
  model.movesAtOnceMax = 16
  model.addWorkers(workers, { capacityBytes })
  model.settle()
  return model
}

/** Groups that so many workers need, with what comes of making them while slots are on their way. */
const groupsMax = (workers: number): number => (1.1 * groupsPerWorker * workers) / columnCount(scheme)

describe('growth', () => {
  for (const added of [1, 2, 3]) {
    test(`${added} more than five workers get groups and bytes, and there are not more groups than they need`, () => {
      fc.assert(
        fc.property(fc.nat(), fc.integer({ min: 0, max: 60 }), fc.boolean(), (seed, written, writesMeanwhile) => {
          const model = cluster(5, seed)
          for (let index = 0; index < written; index++) {
            model.write(50 * GIB)
            model.changeGroups()
          }
          model.addWorkers(added, { capacityBytes })
          model.settle({ writes: writesMeanwhile ? 100 : 0 })
          assert.ok(model.writable().length <= groupsMax(model.workers.length), `${model.writable().length} groups`)
          const counts = model.workers.map((worker) => model.slotCount(worker.id, 'writable'))
          assert.ok(counts.filter((count) => count < groupsPerWorker).length < columnCount(scheme) || added === 1)
          assert.ok(Math.min(...counts) >= 0.8 * groupsPerWorker, counts.join(' '))
          if (written > 0) assert.ok(model.worstOff() <= 0.075, `${model.worstOff()} off`)
          // At rest is at rest.
          const { movedSlots, groups } = model
          const before = groups.length
          model.settle()
          assert.deepEqual([model.movedSlots, groups.length], [movedSlots, before])
        }),
        { numRuns: 8 },
      )
    })
  }

  test('whatever comes and goes, the planners find rest, and groups do not pile up', () => {
    const event = fc.record({
      kind: fc.constantFrom('add', 'drain', 'lose', 'return', 'write'),
      at: fc.nat(),
    })
    fc.assert(
      fc.property(fc.nat(), fc.array(event, { minLength: 1, maxLength: 12 }), (seed, events) => {
        const model = cluster(6, seed)
        for (const { kind, at } of events) {
          const number = 1 + (at % model.workers.length)
          const inCount = model.workers.filter((worker) => worker.state === 'in').length
          if (kind === 'add' && model.workers.length < 10) model.addWorkers(1, { capacityBytes })
          else if (kind === 'drain' && inCount > 5) model.changeWorker(number, { state: 'draining' })
          else if (kind === 'lose' && inCount > 5) model.changeWorker(number, { state: 'out', isReachable: false })
          else if (kind === 'return') model.changeWorker(number, { state: 'in', isReachable: true })
          const writable = model.writable().length
          model.settle({ writes: kind === 'write' ? 40 : 10, bytesPerWrite: 20 * GIB })
          for (const worker of model.workers) {
            if (worker.state !== 'in') assert.equal(model.slotCount(worker.id), 0)
          }
          assert.ok(model.writable().length <= Math.max(writable, groupsMax(model.workers.length)))
        }
      }),
      { numRuns: 15 },
    )
  })

  test('a group that has lost a worker without a spare takes new data, and no new group takes the lost worker', () => {
    const model = cluster(5, 1)
    model.changeWorker(3, { state: 'out', isReachable: false })
    const before = model.groups.length
    model.settle({ writes: 40, bytesPerWrite: 50 * GIB })
    assert.equal(model.groups.length, before)
    assert.equal(model.writable().length, before)
    model.addWorkers(1, { capacityBytes })
    model.settle()
    assert.ok(model.writable().every(({ slots }) => slots.every((slot) => slot.worker !== model.workers[2]?.id)))
    assert.ok(model.writable().length >= before)
  })
})
