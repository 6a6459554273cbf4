// A cluster as the planners see it, for tests: plans are applied to it, all at once or only begun, and it counts what they move.

import { defined } from '../../base/assert.ts'
import { parseEpoch, parseGroupId, parseWorkerId } from '../../base/ids.ts'
import type { GroupId, WorkerId } from '../../base/ids.ts'
import { SeededRandom } from '../../base/random.ts'
import { GIB } from '../../base/units.ts'
import type { GroupSlot } from '../placement-group.ts'
import type { MovableGroup, PlacementWorker, SlotMove, SlotMovesInput } from '../slot-move.ts'

export const workerId = (value: number): WorkerId =>
  defined(parseWorkerId(value.toString(16).padStart(16, '0')), 'worker')
export const groupId = (value: number): GroupId => defined(parseGroupId(value), 'group')
const epoch = defined(parseEpoch(1), 'epoch')

export type ModelWorker = Omit<PlacementWorker, 'usedBytes' | 'freeBytes'>
type ModelGroup = { -readonly [Field in keyof MovableGroup]: MovableGroup[Field] }

export class PlacementModel {
  readonly workers: ModelWorker[] = []
  readonly groups: ModelGroup[] = []
  readonly random: SeededRandom
  movesAtOnceMax = 8
  movedBytes = 0
  movedSlots = 0

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
  }

  /** The next workers by number, from 1. */
  addWorkers(count: number, options: Partial<Omit<ModelWorker, 'id'>> = {}): void {
    for (let added = 0; added < count; added++) {
      this.workers.push({
        id: workerId(this.workers.length + 1),
        zone: undefined,
        state: 'in',
        isReachable: true,
        capacityBytes: 1000 * GIB,
        ...options,
      })
    }
  }

  changeWorker(number: number, change: Partial<ModelWorker>): void {
    const index = number - 1
    this.workers[index] = { ...defined(this.workers[index], 'worker'), ...change }
  }

  addGroup(workers: readonly WorkerId[], options: Partial<Pick<MovableGroup, 'state' | 'bytesPerSlot'>> = {}): void {
    this.groups.push({
      group: groupId(this.groups.length + 1),
      slots: workers.map((worker) => ({ worker, holderSinceEpoch: epoch })),
      state: 'writable',
      bytesPerSlot: 0,
      ...options,
    })
  }

  /** Bytes of the slots that a worker holds, half-copied ones not counted. */
  usedBytes(worker: WorkerId): number {
    return this.groups.reduce((sum, { slots, bytesPerSlot }) => {
      return sum + slots.filter((slot) => slot.worker === worker).length * bytesPerSlot
    }, 0)
  }

  slotCount(worker: WorkerId, state?: MovableGroup['state']): number {
    return this.groups.reduce((sum, group) => {
      if (state !== undefined && group.state !== state) return sum
      return sum + group.slots.filter((slot) => slot.worker === worker).length
    }, 0)
  }

  get pendingCount(): number {
    return this.groups.flatMap(({ slots }) => slots.filter((slot) => slot.pendingWorker !== undefined)).length
  }

  input(): SlotMovesInput {
    return {
      workers: this.workers.map((worker) => {
        const usedBytes = this.usedBytes(worker.id)
        return { ...worker, usedBytes, freeBytes: Math.max(0, worker.capacityBytes - usedBytes) }
      }),
      groups: this.groups,
      movesAtOnceMax: this.movesAtOnceMax,
      below: (bound) => this.random.below(bound),
    }
  }

  begin(moves: readonly SlotMove[]): void {
    for (const { group, slot, to } of moves) this.#changeSlot(group, slot, { pendingWorker: to })
  }

  /** Ends some of the moves under way; all of them by default. */
  finish(countMax = Number.MAX_SAFE_INTEGER): void {
    let left = countMax
    for (const { group, slots, bytesPerSlot } of this.groups) {
      for (const [slot, { pendingWorker }] of slots.entries()) {
        if (pendingWorker === undefined || left-- <= 0) continue
        this.#changeSlot(group, slot, { worker: pendingWorker, pendingWorker: undefined })
        this.movedBytes += bytesPerSlot
        this.movedSlots++
      }
    }
  }

  undo(group: GroupId, slot: number): void {
    this.#changeSlot(group, slot, { pendingWorker: undefined })
  }

  /** The part by which the worker that is furthest off is above or below its share of bytes. */
  worstOff(share: (worker: ModelWorker) => number = () => 1): number {
    const members = this.workers.filter((worker) => worker.state === 'in')
    const used = members.map((worker) => this.usedBytes(worker.id))
    const total = used.reduce((sum, bytes) => sum + bytes, 0)
    const shares = members.reduce((sum, worker) => sum + share(worker), 0)
    return Math.max(
      ...members.map((worker, index) => Math.abs((used[index] ?? 0) / ((total * share(worker)) / shares) - 1)),
    )
  }

  #changeSlot(
    group: GroupId,
    slot: number,
    change: { readonly worker?: WorkerId; readonly pendingWorker: WorkerId | undefined },
  ): void {
    const row = defined(this.groups[group - 1], 'group')
    row.slots = row.slots.map((before, index): GroupSlot => {
      if (index !== slot) return before
      const { pendingWorker } = change
      const worker = change.worker ?? before.worker
      return { worker, holderSinceEpoch: epoch, ...(pendingWorker === undefined ? {} : { pendingWorker }) }
    })
  }
}
