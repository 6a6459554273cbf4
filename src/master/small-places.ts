// Where files of one chunk go: those that are sent within a few milliseconds lie on the same slots of one placement group, the next
// ones elsewhere.
//
// A small file goes to 1 + m of the k + m workers. What is sent to a worker together is one write here, one read there and one batch
// with one sync in its log, whether it is one record or twenty. So keeping to 1 + m workers for a moment costs each of them that much
// less than scattering the files over all; the load turns around the workers from moment to moment. A single client sees
// no difference: its next file begins when the moment is over.

import type { GroupId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'

/** A place is used for so long: about as long as a batch takes to be written and synced, so that the next one has gathered by then. */
const placeMs = 16
/** And for at most so many files: more would make a batch no cheaper for each. */
const filesMax = 128

export interface SmallPlace {
  readonly group: PlacementGroup
  /** By how many slots the columns are turned around the group: the part of the data id that says so is made to fit. */
  readonly turn: number
}

export interface SmallPlacesPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly random: Pick<Random, 'below'>
  /** @throws FrostError `not-enough-workers`, `insufficient-storage`. */
  readonly chooseGroup: () => PlacementGroup
  /** The newest state of a group: one that has changed is not used on. */
  readonly groupNow: (group: GroupId) => PlacementGroup | undefined
}

export class SmallPlaces {
  readonly #ports: SmallPlacesPorts
  #place: SmallPlace | undefined
  #untilMs = 0
  #files = 0

  constructor(ports: SmallPlacesPorts) {
    this.#ports = ports
  }

  /** The place for one more file. @throws as `chooseGroup`. */
  take(): SmallPlace {
    const place = this.now()
    this.#files++
    return place
  }

  /** The place as it is now, without using it. @throws as `chooseGroup`. */
  now(): SmallPlace {
    const { clock, random, chooseGroup, groupNow } = this.#ports
    const nowMs = clock.monotonicMs()
    const place = this.#place
    const isGood = place !== undefined && nowMs < this.#untilMs && this.#files < filesMax
    if (isGood && groupNow(place.group.group) === place.group) return place
    const group = chooseGroup()
    this.#place = { group, turn: random.below(columnCount(group.scheme)) }
    this.#untilMs = nowMs + placeMs
    this.#files = 0
    return this.#place
  }
}
