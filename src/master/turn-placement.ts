// Where files of one chunk go: those that are sent in the same turn of the event loop lie on the same slots of one placement group,
// those of the next turn elsewhere.
//
// A small file goes to 1 + m of the k + m workers. What one turn sends to a worker is one write here, one read there and one batch with
// one sync in its log, whether it is one record or twenty. So a turn that keeps to 1 + m workers costs that much less than one
// that scatters its files over all of them; the load turns around the workers from turn to turn.

import { columnCount } from '../base/scheme.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'

export interface SmallPlace {
  readonly group: PlacementGroup
  /** By how many slots the columns are turned around the group: the part of the data id that says so is made to fit. */
  readonly turn: number
}

export interface TurnPlacementPorts {
  readonly clock: Pick<Clock, 'endOfTurn'>
  readonly random: Pick<Random, 'below'>
  /** @throws FrostError `not-enough-workers`, `insufficient-storage`. */
  readonly chooseGroup: () => PlacementGroup
}

export class TurnPlacement {
  readonly #ports: TurnPlacementPorts
  #place: SmallPlace | undefined
  readonly #forget = (): void => {
    this.#place = undefined
  }

  constructor(ports: TurnPlacementPorts) {
    this.#ports = ports
  }

  /** The place of this turn. @throws as `chooseGroup`. */
  place(): SmallPlace {
    if (this.#place !== undefined) return this.#place
    const { clock, random, chooseGroup } = this.#ports
    const group = chooseGroup()
    this.#place = { group, turn: random.below(columnCount(group.scheme)) }
    clock.endOfTurn(this.#forget)
    return this.#place
  }
}
