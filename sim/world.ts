// What one seed draws: the size of its cluster, tiny limits, the pace of its disks and wires, its clients, and which faults and habits it
// knows at all. A run that may do everything does everything alike; runs that each know a few things meet the rare
// combinations (swarm testing: Groce and others, 2012).

import type { SeededRandom } from '../src/base/random.ts'
import type { Scheme } from '../src/base/scheme.ts'
import { columnCount } from '../src/base/scheme.ts'
import { fullBlockBytes } from '../src/codec/geometry.ts'
import type { HealingOptions } from '../src/master/healing/healing.ts'
import { SECOND_MS } from '../src/base/units.ts'
import type { StoreOptions } from '../src/store/contract.ts'
import { damagingFaults, harmlessFaults, laterFaults } from './faults/names.ts'
import type { FaultName } from './faults/names.ts'
import { habits, laterHabits } from './workload/habits.ts'
import type { Habit } from './workload/habits.ts'

export interface World {
  readonly scheme: Scheme
  readonly workers: number
  readonly masters: number
  readonly chunkSizeBytes: number
  readonly extentBytesMax: number
  readonly memoryBytes: number
  readonly groupsPerWorker: number
  readonly groupBytesPerSlotMax: number
  readonly orphansEveryMs: number
  readonly intentAfterMs: number
  readonly multipartExpiresMs: number
  readonly healing: Pick<HealingOptions, 'outAfterMs' | 'compareEveryMs'>
  readonly store: StoreOptions
  /** Of chance, up to: */
  readonly commitMsMax: number
  readonly diskStepMsMax: number
  readonly delayMsMax: number
  readonly clients: number
  /** Those that copy, upload in parts, and so on. */
  readonly objectClients: number
  readonly keys: number
  /** Mean pause of a client between two requests. */
  readonly thinkMs: number
  readonly safetyMs: number
  readonly habits: ReadonlySet<Habit>
  readonly faults: ReadonlySet<FaultName>
  /** Mean time from one fault to the next. */
  readonly calmMs: number
  /** How many workers may lose or damage what they hold, before the cluster is whole again. */
  readonly damagedMax: number
}

const schemes: readonly Scheme[] = [
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
  [3, 2],
  [3, 2],
  [4, 2],
  [6, 3],
].map(([dataColumns = 1, parityColumns = 1]) => ({ dataColumns, parityColumns }))

export function drawWorld(random: SeededRandom): World {
  const world = drawOlderWorld(random)
  const drawn = laterHabits.filter(() => random.float() < 0.3)
  return {
    ...world,
    habits: new Set([...world.habits, ...drawn]),
    objectClients: drawn.length === 0 ? 0 : 1 + random.below(2),
    multipartExpiresMs: pick(random, [20, 60]) * SECOND_MS,
  }
}

/** What is drawn now may be added only behind it: the order of what is drawn makes the seed's world. */
function drawOlderWorld(random: SeededRandom): Omit<World, 'objectClients' | 'multipartExpiresMs'> {
  const scheme = pick(random, schemes)
  const chunkSizeBytes = 64
  const block = fullBlockBytes(scheme, chunkSizeBytes)
  const known = drawFaults(random)
  const isHarmed = harmlessFaults.some((name) => known.has(name))
  return {
    scheme,
    workers: columnCount(scheme) + random.below(4),
    masters: pick(random, [1, 1, 2, 3]),
    chunkSizeBytes,
    extentBytesMax: block * pick(random, [1, 1, 2, 100]),
    memoryBytes: pick(random, [2, 4, 16]) * 64 * 1024,
    groupsPerWorker: pick(random, [1, 2, 2, 4]),
    groupBytesPerSlotMax: pick(random, [4096, 32 * 1024, 1024 ** 4, 1024 ** 4]),
    orphansEveryMs: pick(random, [3, 10]) * SECOND_MS,
    intentAfterMs: pick(random, [2, 10, 600]) * SECOND_MS,
    healing: { outAfterMs: pick(random, [20, 40]) * SECOND_MS, compareEveryMs: pick(random, [10, 40]) * SECOND_MS },
    store: {
      memoryEntriesMax: pick(random, [16, 64]),
      openFilesMax: pick(random, [2, 4]),
    },
    commitMsMax: pick(random, [0.5, 2, 20]),
    diskStepMsMax: pick(random, [0.2, 1, 5]),
    delayMsMax: pick(random, [0.2, 1, 10]),
    clients: 1 + random.below(5),
    keys: 1 + random.below(10),
    thinkMs: pick(random, [50, 300, 1000]),
    safetyMs: (20 + random.below(60)) * SECOND_MS,
    habits: new Set(habits.filter(() => random.below(3) > 0)),
    calmMs: pick(random, [1, 3, 8]) * SECOND_MS,
    // A block that was written while somebody was away survives one loss until it is repaired; one that was written to all survives m.
    damagedMax: isHarmed ? 1 : scheme.parityColumns,
    faults: new Set([...known, ...laterFaults.filter(() => random.float() < 0.3)]),
  }
}

function drawFaults(random: SeededRandom): ReadonlySet<FaultName> {
  const rate = pick(random, [0, 0.15, 0.3, 0.5])
  const damageRate = pick(random, [0, 0.3, 0.6])
  return new Set([
    ...harmlessFaults.filter(() => random.float() < rate),
    ...damagingFaults.filter(() => random.float() < damageRate),
  ])
}

export function pick<T>(random: SeededRandom, from: readonly T[]): T {
  const [first] = from
  const picked = from[random.below(from.length)] ?? first
  if (picked === undefined) throw new Error('there is nothing to choose from')
  return picked
}
