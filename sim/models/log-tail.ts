// The model of the log's tail: group commit, a sync that fails, kill -9, loss of power, recovery that is cut short, clients that ask
// again, an index that is lost.

import type { Protocol, Step } from './explorer.ts'
import { failedSyncs, isVisible, powerLosses, syncSegment, writtenBatch } from './log-medium.ts'
import type { Entry, Key, Segment } from './log-medium.ts'
import { openStore } from './log-open.ts'
import { apply, logRules, nameOf, nothingKnown, positionOf, start } from './log-state.ts'
import type { Item, LogRule, LogSwitches, State } from './log-state.ts'
import { defineVariant } from './model.ts'
import type { Model, Variant } from './model.ts'

const keys: readonly Key[] = ['a', 'b']
const attemptsMax = 2

interface Setting extends Pick<State, 'puts' | 'drops' | 'crashes' | 'syncFailures'> {
  /** So many fill a segment. */
  readonly batchesPerSegment: number
  /** Crashes are kills of the process alone. */
  readonly onlyKills?: true
  /** Without, the log is replayed from its beginning each time. */
  readonly index?: { readonly checkpoints: number; readonly lostIndexes: number }
}

class LogTail implements Protocol<State> {
  readonly initial: State
  readonly #on: LogSwitches
  readonly #batchesPerSegment: number
  readonly #hasIndex: boolean
  readonly #onlyKills: boolean

  constructor(on: LogSwitches, { batchesPerSegment, onlyKills, index, ...budget }: Setting) {
    this.#on = on
    this.#batchesPerSegment = batchesPerSegment
    this.#onlyKills = onlyKills === true
    this.#hasIndex = index !== undefined
    this.initial = {
      segments: [],
      checkpoint: null,
      process: 'serving',
      known: nothingKnown,
      nextSequence: 1,
      nextSegment: 1,
      isOpen: false,
      claims: [],
      queue: [],
      flight: [],
      settled: start,
      promised: { a: 'nothing', b: 'nothing' },
      trustedTooMuch: '',
      ...budget,
      checkpoints: index?.checkpoints ?? 0,
      lostIndexes: index?.lostIndexes ?? 0,
    }
  }

  readonly invariants = {
    'what was acknowledged is found': (state: State): string | undefined => {
      if (state.process !== 'serving') return undefined
      const missing = keys.find((key) => state.promised[key] === 'held' && !isReadable(state, key))
      return missing === undefined ? undefined : `${missing} was acknowledged and is not there`
    },
    'what was dropped stays away': (state: State): string | undefined => {
      if (state.process !== 'serving') return undefined
      const back = keys.find((key) => state.promised[key] === 'gone' && state.known[key].isHeld)
      return back === undefined ? undefined : `${back} was dropped and is back`
    },
    'what is taken for proved is on the medium': (state: State): string | undefined =>
      state.trustedTooMuch === '' ? undefined : state.trustedTooMuch,
  }

  isSettled(state: State): boolean {
    return state.process === 'serving' && state.queue.length === 0 && state.flight.length === 0
  }

  steps(state: State): readonly Step<State>[] {
    const steps: Step<State>[] = []
    if (state.process === 'serving') steps.push(...this.#ask(state))
    if (state.process === 'down') steps.push(...this.#openSteps(state))
    else steps.push(...this.#write(state), ...this.#sync(state), ...this.#checkpoint(state))
    if (state.crashes > 0) steps.push(...crash(state, this.#onlyKills))
    return steps
  }

  #openSteps(state: State): readonly Step<State>[] {
    const steps: Step<State>[] = [{ action: 'the store opens', next: openStore(state, this.#on) }]
    if (state.checkpoint !== null && state.lostIndexes > 0) {
      const lost = { ...state, checkpoint: null, lostIndexes: state.lostIndexes - 1 }
      steps.push({ action: 'the index is lost', next: lost, isFault: true })
    }
    return steps
  }

  /** One at the end of each recovery, and others at any time. */
  #checkpoint(state: State): readonly Step<State>[] {
    const isRecovering = state.process === 'recovering'
    const position = isRecovering && this.#on('checkpoint-is-settled') ? state.settled : positionOf(state)
    const steps: Step<State>[] = []
    if (state.checkpoints > 0) {
      const next = { ...state, checkpoint: { known: state.known, position }, checkpoints: state.checkpoints - 1 }
      steps.push({ action: `a checkpoint up to ${position.segment}/${position.offset}`, next })
    }
    if (isRecovering && state.queue.length === 0 && state.flight.length === 0) {
      const checkpoint = this.#hasIndex ? { known: state.known, position: positionOf(state) } : null
      steps.push({ action: 'recovery ends', next: { ...state, process: 'serving', checkpoint, settled: start } })
    }
    return steps
  }

  #ask(state: State): readonly Step<State>[] {
    const steps: Step<State>[] = []
    const isBusy = (key: Key): boolean => [...state.queue, ...state.flight].some((item) => item.key === key)
    for (const key of keys) {
      if (state.puts[key] === 0 || isBusy(key)) continue
      const asked = { ...state, puts: { ...state.puts, [key]: state.puts[key] - 1 } }
      const isThere = state.known[key].isHeld && !(state.claims.length > 0 && this.#on('exists-is-settled'))
      const next = isThere
        ? promise(asked, [key], 'held')
        : promise({ ...asked, queue: [...state.queue, newItem(key, 'put')] }, [key], 'nothing')
      steps.push({ action: `put ${key}${isThere ? ': exists' : ''}`, next, isFault: true })
    }
    if (state.drops > 0 && state.known.a.isHeld && !isBusy('a')) {
      const asked = { ...state, drops: state.drops - 1, queue: [...state.queue, newItem('a', 'drop')] }
      steps.push({ action: 'drop a', next: promise(asked, ['a'], 'nothing'), isFault: true })
    }
    return steps
  }

  /** Forms a batch of what waits, and writes it to the page cache. */
  #write(state: State): readonly Step<State>[] {
    const inFlight = state.flight.length
    if (state.queue.length === 0 || (inFlight > 0 && (this.#on('one-batch-in-flight') || inFlight > 1))) return []
    const last = state.segments.at(-1)
    if (!state.isOpen || last === undefined) return [{ action: 'a segment is made', next: this.#makeSegment(state) }]
    if (last.batches.length >= this.#batchesPerSegment) return inFlight > 0 ? [] : this.#seal(state, last)
    const isRecovery = state.process === 'recovering'
    // A recovery can be cut short between any two of its records.
    const items = isRecovery ? state.queue.slice(0, 1) : state.queue
    let { nextSequence } = state
    const formed = items.map((item) => ({ ...item, sequence: item.sequence === 0 ? nextSequence++ : item.sequence }))
    const entries: Entry[] = formed.map(({ key, kind, sequence }) => ({ key, kind, sequence }))
    const segment = { ...last, batches: [...last.batches, writtenBatch(entries, isRecovery)] }
    const written = {
      ...state,
      nextSequence,
      segments: [...state.segments.slice(0, -1), segment],
      queue: state.queue.slice(items.length),
      flight: [...state.flight, ...formed],
    }
    return [
      {
        action: `${isRecovery ? 'recovery ' : ''}batch is written: ${formed.map(nameOf).join(', ')}`,
        next: this.#on('sync-before-answer') ? written : answer(written, formed),
      },
    ]
  }

  #makeSegment(state: State): State {
    const segment: Segment = {
      segment: state.nextSegment,
      claims: this.#on('end-claimed') ? state.claims : [],
      isSealed: false,
      isNamed: this.#on('directory-synced'),
      batches: [],
    }
    return { ...state, segments: [...state.segments, segment], nextSegment: state.nextSegment + 1, isOpen: true }
  }

  #seal(state: State, last: Segment): readonly Step<State>[] {
    const closed = { ...state, isOpen: false }
    const sealed = { ...closed, segments: [...state.segments.slice(0, -1), { ...last, isSealed: true }] }
    const steps: Step<State>[] = [{ action: `segment ${last.segment} is sealed`, next: sealed }]
    if (state.syncFailures > 0) {
      const failed = giveUp({ ...closed, syncFailures: state.syncFailures - 1 }, last, last.batches.length)
      steps.push({ action: `sealing segment ${last.segment} fails`, next: failed, isFault: true })
    }
    return steps
  }

  #sync(state: State): readonly Step<State>[] {
    const last = state.segments.at(-1)
    if (state.flight.length === 0 || last === undefined) return []
    const before = state.segments.slice(0, -1)
    const isProof = last.batches.some((batch) => !batch.isRecovery)
    const ends = isProof ? { claims: [] } : {}
    const synced = { ...state, segments: [...before, syncSegment(last)], flight: [], ...ends }
    const steps: Step<State>[] = [{ action: 'the batch is synced', next: answer(synced, state.flight) }]
    // Of two batches at once only their order is of interest.
    if (state.syncFailures === 0 || state.flight.length > 1) return steps
    for (const failed of failedSyncs(last)) {
      const left = { ...state, segments: [...before, failed], syncFailures: state.syncFailures - 1 }
      const next = this.#on('failed-segment-ends') ? retry(left, failed) : left
      steps.push({ action: 'the sync fails', next, isFault: true })
    }
    return steps
  }
}

function newItem(key: Key, kind: Item['kind']): Item {
  return { key, kind, sequence: 0, attempts: 0 }
}

function promise(state: State, promised: readonly Key[], what: State['promised'][Key]): State {
  return { ...state, promised: { ...state.promised, ...Object.fromEntries(promised.map((key) => [key, what])) } }
}

/** The items are durable: applied, and their clients answered. Nobody waits for what a recovery appends. */
function answer(state: State, items: readonly Item[]): State {
  let next: State = { ...state, known: items.reduce(apply, state.known) }
  if (state.process === 'recovering') return next
  for (const { key, kind } of items) next = promise(next, [key], kind === 'put' ? 'held' : 'gone')
  return next
}

/** The batch could not be written: it is tried once more, in a new segment. */
function retry(state: State, failed: Segment): State {
  const items = state.flight.map((item) => ({ ...item, attempts: item.attempts + 1 }))
  const again = items.filter((item) => item.attempts < attemptsMax)
  const given = giveUp({ ...state, flight: [], isOpen: false }, failed, failed.batches.length - 1)
  const isRefused = again.length < items.length
  // Opening has failed, and with it the process.
  if (isRefused && state.process === 'recovering') return stop(given)
  const queue = [...again.map(asNew(state.process)), ...given.queue]
  return { ...given, queue }
}

function asNew(process: State['process']): (item: Item) => Item {
  return (item) => (process === 'recovering' ? item : { ...item, sequence: 0 })
}

function giveUp(state: State, { segment }: Segment, end: number): State {
  return { ...state, claims: [...state.claims.filter((claim) => claim.segment !== segment), { segment, end }] }
}

function isReadable(state: State, key: Key): boolean {
  const { isHeld, sequence } = state.known[key]
  const copies = state.segments.flatMap(({ batches }) => batches.flatMap((batch) => batch.entries))
  return isHeld && copies.some((entry) => entry.key === key && entry.sequence === sequence && isVisible(entry.bytes))
}

/** The process is gone, and all that it had in memory. */
function stop(state: State): State {
  return {
    ...state,
    process: 'down',
    known: nothingKnown,
    isOpen: false,
    claims: [],
    queue: [],
    flight: [],
    settled: start,
    nextSequence: 1,
  }
}

function crash(state: State, onlyKills: boolean): readonly Step<State>[] {
  const stopped = stop({ ...state, crashes: state.crashes - 1 })
  const steps: Step<State>[] = []
  if (state.process !== 'down') steps.push({ action: 'kill -9', next: stopped, isFault: true })
  if (onlyKills) return steps
  let left: readonly (readonly Segment[])[] = [[]]
  for (const segment of state.segments) {
    const outcomes = powerLosses(segment)
    left = left.flatMap((before) => outcomes.map((after) => (after === undefined ? before : [...before, after])))
  }
  for (const segments of left) steps.push({ action: 'the power fails', next: { ...stopped, segments }, isFault: true })
  return steps
}

function variant(name: string, setting: Setting, shows: readonly LogRule[]): Variant {
  return defineVariant(logRules, { name, shows, statesMax: 150_000, build: (on) => new LogTail(on, setting) })
}

export const logTail: Model = {
  name: 'the log’s tail',
  rules: logRules,
  variants: [
    variant('crashes', { puts: { a: 2, b: 1 }, drops: 1, crashes: 2, syncFailures: 0, batchesPerSegment: 2 }, [
      'sync-before-answer',
      'directory-synced',
      'one-batch-in-flight',
      'last-batch-judged',
      'survivors-again',
      'recovery-proves-nothing',
    ]),
    variant(
      'recoveries cut short',
      { puts: { a: 1, b: 1 }, drops: 0, crashes: 3, syncFailures: 0, batchesPerSegment: 1 },
      ['end-claimed', 'seal-proves-itself'],
    ),
    variant(
      'checkpoints',
      {
        puts: { a: 1, b: 1 },
        drops: 0,
        crashes: 3,
        syncFailures: 0,
        batchesPerSegment: 2,
        onlyKills: true,
        index: { checkpoints: 1, lostIndexes: 1 },
      },
      ['checkpoint-is-settled', 'known-again'],
    ),
    variant(
      'checkpoints and failing syncs',
      {
        puts: { a: 2, b: 0 },
        drops: 1,
        crashes: 2,
        syncFailures: 1,
        batchesPerSegment: 2,
        onlyKills: true,
        index: { checkpoints: 1, lostIndexes: 1 },
      },
      ['exists-is-settled'],
    ),
    variant('failing syncs', { puts: { a: 1, b: 1 }, drops: 0, crashes: 2, syncFailures: 1, batchesPerSegment: 2 }, [
      'failed-segment-ends',
      'end-claimed',
    ]),
    variant('refused items', { puts: { a: 2, b: 0 }, drops: 1, crashes: 1, syncFailures: 2, batchesPerSegment: 1 }, [
      'exists-is-settled',
    ]),
  ],
}
