import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { defined } from '../base/assert.ts'
import { GIB, KIB, MIB } from '../base/units.ts'
import { planGroups } from './plan-groups.ts'
import { groupsWithoutSpare, planSlotMoves, strandedMoves } from './plan-slot-moves.ts'
import type { SlotMove } from './slot-move.ts'
import { PlacementModel, groupId, workerId } from './testing/placement-model.ts'
import type { ModelWorker } from './testing/placement-model.ts'

const scheme = { dataColumns: 3, parityColumns: 2 }

/** Workers with groups as the cluster makes them, each with bytes of its own between half and one and a half of `bytesPerSlot`. */
function filled(options: {
  readonly workers: number
  readonly seed?: number
  readonly bytesPerSlot?: number
  readonly groupsPerWorker?: number
  readonly zones?: number
}): PlacementModel {
  const { workers, seed = 1, bytesPerSlot = GIB, groupsPerWorker = 50, zones } = options
  const model = new PlacementModel(seed)
  for (let index = 0; index < workers; index++)
    model.addWorkers(1, zones === undefined ? {} : { zone: `zone ${index % zones}` })
  const groups = planGroups({
    workers: model.workers,
    writableGroups: [],
    scheme,
    groupsPerWorker,
    below: (bound) => model.random.below(bound),
  })
  for (const slots of groups)
    model.addGroup(slots, { bytesPerSlot: Math.floor(bytesPerSlot * (0.5 + model.random.float())) })
  return model
}

function zonesOf(model: PlacementModel, holders: readonly string[]): number {
  const zones = new Map<string, string | undefined>(model.workers.map((worker) => [worker.id, worker.zone]))
  return new Set(holders.map((holder) => zones.get(holder) ?? `worker ${holder}`)).size
}

/** What holds of every plan, whatever it is for. */
function checkPlan(model: PlacementModel, moves: readonly SlotMove[]): void {
  const isWhole = moves.every((move) => move.reason === 'rebalance')
  assert.ok(moves.length === 0 || moves.length + model.pendingCount <= model.movesAtOnceMax, 'moves at once')
  assert.ok(isWhole || moves.every((move) => move.reason !== 'rebalance'), 'no balance while there is better to do')
  const workers = new Map(model.workers.map((worker) => [worker.id, worker]))
  const members = new Map(
    model.groups.map(({ group, slots }) => [
      group,
      slots.flatMap(({ worker, pendingWorker }) => (pendingWorker === undefined ? [worker] : [worker, pendingWorker])),
    ]),
  )
  for (const { group, slot, from, to, reason } of moves) {
    const row = defined(model.groups[group - 1], 'group')
    const held = defined(members.get(group), 'group')
    assert.equal(row.slots[slot]?.worker, from)
    assert.equal(row.slots[slot].pendingWorker, undefined)
    assert.ok(!held.includes(to), 'a worker holds one slot of a group')
    assert.equal(workers.get(to)?.state, 'in')
    assert.equal(workers.get(to)?.isReachable, true)
    held.push(to)
    const outCount = row.slots.filter(({ worker }) => workers.get(worker)?.state === 'out').length
    assert.ok(held.length === row.slots.length + 1 || outCount >= 2, 'a group has one move at a time')
    const before = row.slots.map(({ worker, pendingWorker }) => pendingWorker ?? worker)
    if (reason === 'rebalance') assert.ok(zonesOf(model, before.with(slot, to)) >= zonesOf(model, before))
  }
}

/** Plans and applies until nothing is left to do; `atOnce`: each plan is done before the next. */
function settle(model: PlacementModel, options: { readonly atOnce?: boolean; readonly plansMax?: number } = {}): void {
  const { atOnce = false, plansMax = 1000 } = options
  for (let plans = 0; plans < plansMax; plans++) {
    const moves = planSlotMoves(model.input())
    checkPlan(model, moves)
    model.begin(moves)
    if (model.pendingCount === 0) return
    model.finish(atOnce ? model.pendingCount : 1 + model.random.below(Math.max(1, model.pendingCount - 1)))
    for (const { slots } of model.groups) assert.equal(new Set(slots.map((slot) => slot.worker)).size, slots.length)
  }
  assert.fail('the plans come to no end')
}

function totalBytes(model: PlacementModel): number {
  return model.workers.reduce((sum, worker) => sum + model.usedBytes(worker.id), 0)
}

/** What the workers that are in lack of their shares. */
function idealBytes(model: PlacementModel, share: (worker: ModelWorker) => number = () => 1): number {
  const members = model.workers.filter((worker) => worker.state === 'in')
  const shares = members.reduce((sum, worker) => sum + share(worker), 0)
  const total = totalBytes(model)
  return members.reduce((sum, worker) => {
    return sum + Math.max(0, (total * share(worker)) / shares - model.usedBytes(worker.id))
  }, 0)
}

const seeds = fc.record({ seed: fc.nat(), atOnce: fc.boolean(), movesAtOnceMax: fc.integer({ min: 1, max: 40 }) })

describe('planning moves for the balance', () => {
  for (const [before, added] of [
    [5, 1],
    [5, 3],
    [8, 1],
    [20, 2],
  ] as const) {
    test(`${before} workers become ${before + added}: each has its share, and little more than that was moved`, () => {
      fc.assert(
        fc.property(seeds, ({ seed, atOnce, movesAtOnceMax }) => {
          const model = filled({ workers: before, seed })
          model.movesAtOnceMax = movesAtOnceMax
          model.addWorkers(added)
          const ideal = idealBytes(model)
          settle(model, { atOnce })
          // A run that rests between its plans ends where none would begin.
          assert.ok(model.worstOff() <= (atOnce || movesAtOnceMax === 1 ? 0.075 : 0.055), `${model.worstOff()} off`)
          assert.ok(model.movedBytes <= 1.2 * ideal, `${model.movedBytes / ideal} times the ideal`)
        }),
        { numRuns: 30 },
      )
    })
  }

  test('what is at rest stays so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 12 }), fc.nat(), (workers, seed) => {
        const model = filled({ workers, seed })
        settle(model)
        const { movedSlots } = model
        for (let plans = 0; plans < 5; plans++) assert.deepEqual(planSlotMoves(model.input()), [])
        settle(model)
        assert.equal(model.movedSlots, movedSlots)
      }),
      { numRuns: 30 },
    )
  })

  test('few heavy slots are spread as far as they can be', () => {
    const model = filled({ workers: 5, groupsPerWorker: 4 })
    for (const group of model.groups) group.bytesPerSlot = GIB
    model.addWorkers(1)
    settle(model)
    const counts = model.workers.map((worker) => model.slotCount(worker.id)).toSorted((left, right) => left - right)
    assert.deepEqual(counts, [3, 3, 3, 3, 4, 4])
    assert.ok(model.movedSlots <= 4)
  })

  test('slots of empty groups spread too', () => {
    const model = filled({ workers: 5, bytesPerSlot: 0 })
    model.addWorkers(1)
    settle(model)
    for (const worker of model.workers) assert.ok(model.slotCount(worker.id) >= 39, `${model.slotCount(worker.id)}`)
  })

  test('a new worker gets writable groups as well as full ones', () => {
    const model = filled({ workers: 5, bytesPerSlot: MIB })
    for (let index = 0; index < 50; index++)
      model.addGroup(
        model.workers.map((worker) => worker.id),
        { state: 'closed', bytesPerSlot: 32 * GIB },
      )
    model.addWorkers(1)
    for (const worker of model.workers)
      model.changeWorker(Number.parseInt(worker.id, 16), { capacityBytes: 9000 * GIB })
    settle(model)
    assert.ok(model.worstOff() <= 0.055)
    const added = workerId(6)
    assert.ok(model.slotCount(added, 'writable') >= 35, `${model.slotCount(added, 'writable')}`)
    assert.ok(model.slotCount(added, 'writable') <= 50, `${model.slotCount(added, 'writable')}`)
  })

  test('one heavy group does not drag all light ones to the worker that cannot take it', () => {
    const model = filled({ workers: 5, bytesPerSlot: 0 })
    defined(model.groups[0], 'group').bytesPerSlot = 300 * MIB
    model.addWorkers(1)
    settle(model)
    const counts = model.workers.map((worker) => model.slotCount(worker.id))
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 13, counts.join(' '))
  })

  test('goes by the part of the capacity where capacities differ', () => {
    fc.assert(
      fc.property(seeds, ({ seed, movesAtOnceMax }) => {
        const model = filled({ workers: 8, seed })
        model.movesAtOnceMax = movesAtOnceMax
        for (const number of [1, 2, 3]) model.changeWorker(number, { capacityBytes: 2000 * GIB })
        const share = (worker: ModelWorker): number => worker.capacityBytes
        const ideal = idealBytes(model, share)
        settle(model)
        assert.ok(model.worstOff(share) <= (movesAtOnceMax === 1 ? 0.075 : 0.055), `${model.worstOff(share)} off`)
        assert.ok(model.movedBytes <= 1.2 * ideal, `${model.movedBytes / ideal} times the ideal`)
      }),
      { numRuns: 30 },
    )
  })

  test('workers that share a disk get equal shares, although the fuller ones report more capacity', () => {
    const model = filled({ workers: 5 })
    model.addWorkers(1)
    const freeBytes = 10 * GIB
    const { workers, ...rest } = model.input()
    model.movesAtOnceMax = 400
    const sharing = {
      ...rest,
      movesAtOnceMax: 400,
      workers: workers.map((worker) => ({ ...worker, capacityBytes: worker.usedBytes + freeBytes, freeBytes })),
    }
    const moves = planSlotMoves(sharing)
    const bytes = moves.reduce((sum, { group }) => sum + defined(model.groups[group - 1], 'group').bytesPerSlot, 0)
    // There is room for 10 GiB less the margin; without the limit of the disk it would be 41.
    assert.ok(bytes > 8 * GIB && bytes <= 9.5 * GIB, `${bytes / GIB} GiB`)
    assert.ok(moves.every(({ to }) => to === workerId(6)))
  })

  test('goes on with a rebalance under way although nobody is 7 % off any more', () => {
    const model = new PlacementModel()
    model.addWorkers(6)
    const ids = model.workers.map((worker) => worker.id)
    for (let index = 0; index < 102; index++)
      model.addGroup([...ids.slice(index % 6), ...ids.slice(0, index % 6)].slice(0, 5), { bytesPerSlot: GIB })
    for (let index = 0; index < 7; index++) model.addGroup(ids.slice(0, 5), { bytesPerSlot: GIB })
    assert.ok(model.worstOff() > 0.06)
    assert.deepEqual(planSlotMoves(model.input()), [])
    model.begin([{ group: groupId(109), slot: 0, from: workerId(1), to: workerId(6), reason: 'rebalance' }])
    assert.ok(planSlotMoves(model.input()).length > 0)
  })

  test('never brings a group into fewer zones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.nat(), (zones, seed) => {
        const model = filled({ workers: 10, seed, zones })
        model.addWorkers(2, { zone: 'zone 0' })
        settle(model)
        for (const { slots } of model.groups) {
          const reached = zonesOf(
            model,
            slots.map((slot) => slot.worker),
          )
          assert.equal(reached, Math.min(zones, 5))
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('planning moves away from workers that are out', () => {
  test('fills a spare worker with all slots of a lost one, and nothing is moved twice', () => {
    fc.assert(
      fc.property(seeds, ({ seed, atOnce, movesAtOnceMax }) => {
        const model = filled({ workers: 5, seed })
        model.movesAtOnceMax = movesAtOnceMax
        model.changeWorker(2, { state: 'out', isReachable: false })
        assert.equal(groupsWithoutSpare(model.input()), model.groups.length)
        assert.deepEqual(planSlotMoves(model.input()), [])
        const lost = model.usedBytes(workerId(2))
        model.addWorkers(1)
        assert.equal(groupsWithoutSpare(model.input()), 0)
        settle(model, { atOnce })
        assert.equal(model.slotCount(workerId(2)), 0)
        assert.equal(model.movedBytes, lost)
      }),
      { numRuns: 20 },
    )
  })

  test('begins with the groups that have lost most, all of whose slots move at once', () => {
    const model = filled({ workers: 10 })
    for (const number of [1, 2]) model.changeWorker(number, { state: 'out', isReachable: false })
    const lostOf = (move: SlotMove): number =>
      defined(model.groups[move.group - 1], 'group').slots.filter(({ worker }) =>
        [workerId(1), workerId(2)].includes(worker),
      ).length
    const endangered = model.groups.filter(({ slots }) =>
      [1, 2].every((number) => slots.some((slot) => slot.worker === workerId(number))),
    ).length
    model.movesAtOnceMax = 2 * endangered + 3
    const moves = planSlotMoves(model.input())
    checkPlan(model, moves)
    assert.deepEqual(moves.map(lostOf), [...Array<number>(2 * endangered).fill(2), 1, 1, 1])
    assert.equal(new Set(moves.slice(0, 2 * endangered).map((move) => move.group)).size, endangered)
  })

  test('spreads the slots of a lost worker over all others', () => {
    const model = filled({ workers: 10 })
    model.changeWorker(1, { state: 'out', isReachable: false })
    model.movesAtOnceMax = 100
    const targets = new Map<string, number>()
    for (const { to } of planSlotMoves(model.input())) targets.set(to, (targets.get(to) ?? 0) + 1)
    assert.equal(targets.size, 9)
    assert.ok(Math.max(...targets.values()) <= 12)
  })

  test('does not leave the whole rebuild to one new worker, although that is the emptiest', () => {
    const model = filled({ workers: 10 })
    model.addWorkers(1)
    model.changeWorker(1, { state: 'out', isReachable: false })
    model.movesAtOnceMax = 20
    const toNew = planSlotMoves(model.input()).filter(({ to }) => to === workerId(11))
    assert.ok(toNew.length >= 2 && toNew.length <= 4, `${toNew.length} of 20`)
  })

  test('takes a worker in a used zone only when no other can take the slot', () => {
    const model = new PlacementModel()
    for (const zone of ['a', 'b', 'c', 'd', 'e', 'a', 'e']) model.addWorkers(1, { zone })
    model.addGroup([1, 2, 3, 4, 5].map(workerId), { bytesPerSlot: GIB })
    model.changeWorker(5, { state: 'out', isReachable: false })
    const targetNow = (): readonly string[] => planSlotMoves(model.input()).map((move) => move.to)
    assert.deepEqual(targetNow(), [workerId(7)])
    model.changeWorker(7, { isReachable: false })
    assert.deepEqual(targetNow(), [workerId(6)])
  })

  test('leaves a worker alone that has no room for the slot and a margin', () => {
    const model = new PlacementModel()
    model.addWorkers(5)
    model.addGroup([1, 2, 3, 4, 5].map(workerId), { bytesPerSlot: 32 * GIB })
    model.addGroup([1, 2, 3, 4, 5].map(workerId), { bytesPerSlot: 32 * GIB })
    model.changeWorker(1, { state: 'out' })
    model.addWorkers(1, { capacityBytes: 32 * GIB })
    assert.equal(groupsWithoutSpare(model.input()), 2)
    assert.deepEqual(planSlotMoves(model.input()), [])
    model.changeWorker(6, { capacityBytes: 40 * GIB })
    // What is on its way to it counts too.
    assert.equal(planSlotMoves(model.input()).length, 1)
    model.begin(planSlotMoves(model.input()))
    assert.deepEqual(planSlotMoves(model.input()), [])
  })

  test('a worker that nobody knows any more counts as out', () => {
    const model = filled({ workers: 6 })
    model.workers.splice(2, 1)
    settle(model)
    assert.equal(model.slotCount(workerId(3)), 0)
  })

  test('waits for a move of the same group that is under way', () => {
    const model = new PlacementModel()
    model.addWorkers(8)
    model.addGroup([1, 2, 3, 4, 5].map(workerId), { bytesPerSlot: GIB })
    model.begin([{ group: groupId(1), slot: 0, from: workerId(1), to: workerId(6), reason: 'drain' }])
    model.changeWorker(2, { state: 'out' })
    assert.deepEqual(planSlotMoves(model.input()), [])
    model.changeWorker(3, { state: 'out' })
    const moves = planSlotMoves(model.input())
    assert.deepEqual(
      moves.map(({ slot, reason }) => [slot, reason]),
      [
        [1, 'out'],
        [2, 'out'],
      ],
    )
    assert.deepEqual(new Set(moves.map(({ to }) => to)), new Set([workerId(7), workerId(8)]))
  })

  test('a move to a worker that is out or draining by now is to be taken back', () => {
    const model = new PlacementModel()
    model.addWorkers(7)
    model.addGroup([1, 2, 3, 4, 5].map(workerId), { bytesPerSlot: GIB })
    model.changeWorker(1, { state: 'out' })
    model.begin(planSlotMoves(model.input()))
    assert.deepEqual(strandedMoves(model.input()), [])
    const first = defined(model.groups[0]?.slots[0]?.pendingWorker, 'pending worker')
    model.changeWorker(Number.parseInt(first, 16), { state: 'out' })
    assert.deepEqual(strandedMoves(model.input()), [{ group: groupId(1), slot: 0 }])
    assert.deepEqual(planSlotMoves(model.input()), [])
    for (const { group, slot } of strandedMoves(model.input())) model.undo(group, slot)
    const [move] = planSlotMoves(model.input())
    assert.ok(move !== undefined && move.to !== first)
  })
})

describe('planning moves for a drain', () => {
  test('eight workers become five again: the three are empty, and what they held was moved once', () => {
    fc.assert(
      fc.property(seeds, ({ seed, atOnce, movesAtOnceMax }) => {
        const model = filled({ workers: 8, seed })
        model.movesAtOnceMax = movesAtOnceMax
        for (const number of [2, 5, 8]) model.changeWorker(number, { state: 'draining' })
        const held = [2, 5, 8].reduce((sum, number) => sum + model.usedBytes(workerId(number)), 0)
        settle(model, { atOnce })
        for (const number of [2, 5, 8]) assert.equal(model.slotCount(workerId(number)), 0)
        assert.equal(model.movedBytes, held)
        assert.ok(model.worstOff() < 1e-9)
      }),
      { numRuns: 20 },
    )
  })

  test('comes after what has to be rebuilt, and waits for a draining worker that is away', () => {
    const model = filled({ workers: 9 })
    model.changeWorker(1, { state: 'out', isReachable: false })
    model.changeWorker(2, { state: 'draining' })
    model.movesAtOnceMax = 1000
    const reasons = planSlotMoves(model.input()).map((move) => move.reason)
    assert.deepEqual(
      reasons,
      reasons.toSorted((left, right) => right.localeCompare(left)),
    )
    assert.deepEqual(new Set(reasons), new Set(['out', 'drain']))
    model.changeWorker(1, { state: 'in', isReachable: true })
    model.changeWorker(2, { isReachable: false })
    assert.ok(planSlotMoves(model.input()).every(({ from }) => from !== workerId(2)))
  })

  test('waits for a worker in the right zone while there is one, and does without when there is none', () => {
    const model = new PlacementModel()
    for (const zone of ['a', 'b', 'c', 'd', 'e', 'a', 'e']) model.addWorkers(1, { zone })
    model.addGroup([1, 2, 3, 4, 5].map(workerId), { bytesPerSlot: GIB })
    model.changeWorker(5, { state: 'draining' })
    model.changeWorker(7, { isReachable: false })
    assert.deepEqual(planSlotMoves(model.input()), [])
    model.changeWorker(7, { state: 'out' })
    assert.deepEqual(
      planSlotMoves(model.input()).map((move) => move.to),
      [workerId(6)],
    )
  })
})

test('any mixture of lost, draining, small and new workers comes to rest with what can be moved moved', () => {
  const worker = fc.record({
    state: fc.constantFrom<ModelWorker['state']>('in', 'in', 'in', 'draining', 'out'),
    isReachable: fc.boolean(),
    capacityBytes: fc.constantFrom(2 * GIB, 20 * GIB, 1000 * GIB),
    zone: fc.constantFrom(undefined, 'a', 'b', 'c'),
  })
  fc.assert(
    fc.property(
      fc.array(worker, { minLength: 5, maxLength: 12 }),
      fc.array(fc.integer({ min: 0, max: 4 * MIB }), { minLength: 1, maxLength: 30 }),
      fc.nat(),
      (workers, bytes, seed) => {
        const model = new PlacementModel(seed)
        for (const options of workers) model.addWorkers(1, options)
        for (const units of bytes) {
          const order = model.workers
            .map(({ id }) => ({ id, at: model.random.uint32() }))
            .toSorted((a, b) => a.at - b.at)
          model.addGroup(
            order.slice(0, 5).map(({ id }) => id),
            {
              bytesPerSlot: units * KIB,
              state: model.random.below(2) === 0 ? 'writable' : 'closed',
            },
          )
        }
        model.movesAtOnceMax = 1 + model.random.below(10)
        settle(model)
        const left = model.groups.filter(({ slots }) =>
          slots.some((slot) => model.workers.find(({ id }) => id === slot.worker)?.state === 'out'),
        )
        assert.equal(groupsWithoutSpare(model.input()), left.length)
      },
    ),
    { numRuns: 200 },
  )
})
