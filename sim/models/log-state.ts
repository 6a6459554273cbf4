// What the model of the log's tail knows: the disk, the process's memory, what clients were told.

import type { Claim } from '../../src/store/segment-format.ts'
import type { Entry, Key, Segment } from './log-medium.ts'
import type { Switches } from './model.ts'

export const logRules = {
  'sync-before-answer': 'a put is answered after its batch was synced',
  'directory-synced': 'a new segment’s name is synced before its first batch is answered',
  'one-batch-in-flight': 'a batch is written only after the one before it was synced',
  'failed-segment-ends': 'a segment of which a sync failed takes nothing more; its batch is written to a new one',
  'end-claimed': 'a new segment claims where the one before it ended',
  'last-batch-judged': 'what no later batch proves is judged record by record',
  'survivors-again': 'what survives is appended again and synced before it is served',
  'known-again': 'also what the index has already, of a recovery that was cut short',
  'exists-is-settled': 'a put of what is there is written again while a failed tombstone could come back',
  'recovery-proves-nothing': 'recovery batches do not prove what lies before their segment',
  'seal-proves-itself': 'nor does the seal of a segment that holds nothing else',
  'checkpoint-is-settled': 'until the judging is done, no checkpoint goes past the oldest batch that is judged',
} as const

export type LogRule = keyof typeof logRules
export type LogSwitches = Switches<LogRule>

export interface Item {
  readonly key: Key
  readonly kind: 'put' | 'drop'
  /** Of a survivor: it keeps what it had. 0: gets one when its batch is formed. */
  readonly sequence: number
  readonly attempts: number
}

/** What the process knows of a key. */
interface Known {
  readonly sequence: number
  readonly isHeld: boolean
}

/** What the index holds: what was known, and up to where of which segment it is the log's content. */
interface Checkpoint {
  readonly known: Readonly<Record<Key, Known>>
  readonly position: Position
}

/** `offset`: the number of a batch in its segment. */
export interface Position {
  readonly segment: number
  readonly offset: number
}

export interface State {
  readonly segments: readonly Segment[]
  readonly process: 'down' | 'recovering' | 'serving'
  readonly checkpoint: Checkpoint | null
  // In memory.
  readonly known: Readonly<Record<Key, Known>>
  readonly nextSequence: number
  readonly nextSegment: number
  /** Whether the last segment takes more. */
  readonly isOpen: boolean
  readonly claims: readonly Claim[]
  readonly queue: readonly Item[]
  /** Of the batches that are written and not synced, in order. */
  readonly flight: readonly Item[]
  /** While it recovers: how far everything is applied for good. */
  readonly settled: Position
  // What the client was told.
  readonly promised: Readonly<Record<Key, 'nothing' | 'held' | 'gone'>>
  /** A replay trusted what the medium may not have. */
  readonly trustedTooMuch: string
  // What may still happen.
  readonly puts: Readonly<Record<Key, number>>
  readonly drops: number
  readonly crashes: number
  readonly syncFailures: number
  readonly checkpoints: number
  readonly lostIndexes: number
}

export const nothingKnown: Readonly<Record<Key, Known>> = {
  a: { sequence: 0, isHeld: false },
  b: { sequence: 0, isHeld: false },
}

export function apply(known: State['known'], { key, kind, sequence }: Omit<Entry, 'bytes'>): State['known'] {
  return sequence > known[key].sequence ? { ...known, [key]: { sequence, isHeld: kind === 'put' } } : known
}

export function nameOf({ key, kind }: Pick<Item, 'key' | 'kind'>): string {
  return `${kind} ${key}`
}

/** Up to where the log is durable and applied, by what the process knows. */
export function positionOf({ segments, claims, flight }: State): Position {
  const last = segments.at(-1)
  if (last === undefined) return start
  const given = claims.find((claim) => claim.segment === last.segment)
  return { segment: last.segment, offset: given?.end ?? last.batches.length - (flight.length > 0 ? 1 : 0) }
}

/** The log's beginning. */
export const start: Position = { segment: 0, offset: 0 }
