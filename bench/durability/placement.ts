// Placements as the cluster makes them, and what they say of losses: with how many others a worker shares groups (all of these
// take part in its rebuild), and which sets of workers must not be lost together (the copysets of Cidon et al., USENIX ATC 2013).

import { defined } from '../../src/base/assert.ts'
import { parseWorkerId } from '../../src/base/ids.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Scheme } from '../../src/base/scheme.ts'
import { planGroups } from '../../src/cluster/plan-groups.ts'

export interface Placement {
  readonly scheme: Scheme
  readonly workers: number
  /** The workers of each group, by number from 0. */
  readonly groups: readonly (readonly number[])[]
}

export function makePlacement(options: {
  readonly scheme: Scheme
  readonly workers: number
  readonly groupsPerWorker: number
  readonly seed: number
}): Placement {
  const { scheme, workers, groupsPerWorker, seed } = options
  const random = new SeededRandom(seed)
  const groups = planGroups({
    workers: Array.from({ length: workers }, (_, index) => ({ id: idOf(index), zone: undefined })),
    writableGroups: [],
    scheme,
    groupsPerWorker,
    below: (bound) => random.below(bound),
  })
  return { scheme, workers, groups: groups.map((slots) => slots.map((id) => Number.parseInt(id, 16))) }
}

function idOf(index: number): ReturnType<typeof parseWorkerId> & string {
  return defined(parseWorkerId(index.toString(16).padStart(16, '0')), 'worker id')
}

/** Others with which a worker shares a group, in the mean. */
export function partnersPerWorker({ workers, groups }: Placement): number {
  const partners = Array.from({ length: workers }, () => new Set<number>())
  for (const slots of groups) {
    for (const worker of slots) for (const other of slots) partners[worker]?.add(other)
  }
  return partners.reduce((sum, set) => sum + Math.max(0, set.size - 1), 0) / workers
}

export interface FatalSets {
  /** Part of all sets of m+1 workers that lose data when they are lost together. */
  readonly part: number
  /** Groups lost with such a set, in the mean. */
  readonly groupsLost: number
}

export function fatalSets({ scheme, workers, groups }: Placement): FatalSets {
  const size = scheme.parityColumns + 1
  const found = new Set<string>()
  let all = 0
  for (const slots of groups) {
    for (const subset of subsets(
      slots.toSorted((left, right) => left - right),
      size,
    )) {
      found.add(subset.join(' '))
      all++
    }
  }
  return { part: found.size / binomial(workers, size), groupsLost: all / found.size }
}

/** How often so many workers, lost at once, take more than m slots of some group with them. */
export function massLossPart(
  placement: Placement,
  options: { readonly lost: number; readonly trials: number; readonly seed: number },
): number {
  const { scheme, workers, groups } = placement
  const random = new SeededRandom(options.seed)
  const groupsOf = Array.from({ length: workers }, (): number[] => [])
  for (const [group, slots] of groups.entries()) for (const worker of slots) groupsOf[worker]?.push(group)
  let fatal = 0
  for (let trial = 0; trial < options.trials; trial++) {
    const lost = new Set<number>()
    while (lost.size < Math.min(options.lost, workers)) lost.add(random.below(workers))
    const counts = new Map<number, number>()
    for (const worker of lost)
      for (const group of groupsOf[worker] ?? []) counts.set(group, (counts.get(group) ?? 0) + 1)
    if (Math.max(...counts.values()) > scheme.parityColumns) fatal++
  }
  return fatal / options.trials
}

export function binomial(from: number, choose: number): number {
  let value = 1
  for (let index = 0; index < choose; index++) value = (value * (from - index)) / (index + 1)
  return value
}

function* subsets(from: readonly number[], size: number): Generator<readonly number[]> {
  if (size === 0) {
    yield []
    return
  }
  for (const [index, first] of from.entries()) {
    for (const rest of subsets(from.slice(index + 1), size - 1)) yield [first, ...rest]
  }
}
