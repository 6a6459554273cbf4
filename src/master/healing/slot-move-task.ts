// Carries out the moves of slots that are pending in metadata, several at once: each lane takes one pending slot after
// the other, the most endangered group first (slot-move.ts does it). Which slots become pending is planned elsewhere
// (placement-task.ts); here a lane only finds them in the map, so that the moves of a former lease holder go on as
// well.

import { FrostError } from '../../base/errors.ts'
import type { GroupId, WorkerId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { MoveUnderWay } from '../../rpc/messages/healing-state.ts'
import type { BackgroundTask } from '../background-task.ts'
import type { FormerHolders } from './former-holders.ts'
import { clearMisplaced } from './misplaced.ts'
import { fillAndSwap } from './slot-move.ts'
import type { MoveProgress, SlotMovePorts } from './slot-move.ts'

export interface SlotMoveTaskPorts extends SlotMovePorts {
  readonly former: FormerHolders
  readonly moves: MovesUnderWay
  /** The group's fragments lie on other workers than before. */
  readonly onMoved: (group: GroupId) => void
}

const idleMs = SECOND_MS

/** The slots that lanes are working on. */
export class MovesUnderWay {
  readonly #moves = new Map<string, MoveUnderWay>()

  get all(): readonly MoveUnderWay[] {
    return [...this.#moves.values()]
  }

  has(group: GroupId, slot: number): boolean {
    return this.#moves.has(`${group} ${slot}`)
  }

  begin(move: MoveUnderWay): () => void {
    const name = `${move.group} ${move.slot}`
    this.#moves.set(name, move)
    return () => this.#moves.delete(name)
  }
}

export class SlotMoveTask implements BackgroundTask {
  readonly name = 'slot moves'
  readonly #ports: SlotMoveTaskPorts

  constructor(ports: SlotMoveTaskPorts) {
    this.#ports = ports
  }

  async step(signal: AbortSignal): Promise<number> {
    if (this.#ports.lease.fence === undefined) return idleMs
    const next = this.#nextPending()
    if (next === undefined) return idleMs
    return (await this.#move(next, signal)) ? 0 : idleMs
  }

  #nextPending(): { readonly group: GroupRow; readonly slot: number; readonly to: WorkerId } | undefined {
    const { map, moves, workers } = this.#ports
    let best: { readonly group: GroupRow; readonly slot: number; readonly to: WorkerId } | undefined
    let bestAway = -1
    for (const group of map.groups) {
      const away = group.slots.filter(({ worker }) => !workers.isReadable(worker)).length
      if (away <= bestAway) continue
      for (const [slot, { pendingWorker: to }] of group.slots.entries()) {
        // One lane a group: each swap is an epoch, and two at once would only get in each other's way.
        const isFree =
          to !== undefined && workers.isReadable(to) && !group.slots.some((_, other) => moves.has(group.group, other))
        if (!isFree) continue
        best = { group, slot, to }
        bestAway = away
      }
    }
    return best
  }

  /** Whether the slot has moved. */
  async #move(
    { group, slot, to }: { readonly group: GroupRow; readonly slot: number; readonly to: WorkerId },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { moves, former, workers, log, onMoved } = this.#ports
    const from = group.slots[slot]?.worker
    if (from === undefined) return false
    const progress: MoveProgress & MoveUnderWay = { group: group.group, slot, from, to, copied: 0 }
    const ended = moves.begin(progress)
    try {
      const moved = await fillAndSwap(this.#ports, { group, slot }, progress, signal)
      if (moved === undefined) return false
      former.add(group.group, slot, from)
      onMoved(group.group)
      if (!workers.isReadable(from)) return true
      const kept = await clearMisplaced(this.#ports, { group: moved, slot, worker: from }, signal)
      if (kept === 0) former.remove(group.group, slot)
      return true
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof FrostError)) throw error
      const reason = `${error.code}: ${error.message}`
      log.warn('The move of a slot was interrupted; it goes on later.', { group: group.group, slot, from, to, reason })
      return false
    } finally {
      ended()
    }
  }
}
