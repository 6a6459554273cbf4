// Commit or discard, never both: one upload whose master may be paused, expired or killed at any point, against the collector that takes
// what no upload in progress owns. Times are small numbers; the data id carries the one at which the upload was opened.

import type { uploadRules } from './commit-rules.ts'
import type { Protocol, Step } from './explorer.ts'
import type { Switches } from './model.ts'
import { commandSteps } from './transactions.ts'
import type { Command, Isolation } from './transactions.ts'

interface Rows {
  readonly data: 'none' | 'live' | 'dead'
  readonly horizon: { readonly horizon: number; readonly ceiling: number }
  /** The uploading process, and what it published. */
  readonly uploader: { readonly published: number; readonly heartbeat: number } | null
  readonly intent: boolean
  /** What the other process published, which collects too. */
  readonly other: number
}

type Name =
  | 'register'
  | 'publish'
  | 'add intent'
  | 'remove intent'
  | 'publish of the other'
  | 'expire'
  | 'expire intents'
  | 'commit'
  | 'discard'
  | 'collect'
  | 'remove row'

interface UploadCommand extends Command<Name, Rows> {
  /** Of `publish`: the time. Of `expire`: the heartbeat that was seen. */
  readonly value: number
}

interface Decision {
  readonly writes: Partial<Rows>
  readonly answer: 'done' | 'refused'
}

interface Setting {
  readonly isolation: Isolation
  /** The uploader can be killed, its client can go away, and its upload can get an intent. */
  readonly isWide: boolean
  /** Publishings that raise nothing but the heartbeat. */
  readonly publishings: number
  /** Of commits. */
  readonly lostAnswers: number
}

interface State {
  readonly rows: Rows
  readonly commands: readonly UploadCommand[]
  // The uploading process, in memory.
  readonly process: 'new' | 'registering' | 'up' | 'gone'
  readonly clock: number
  readonly id: number
  readonly upload: 'none' | 'open' | 'stored' | 'committing' | 'acknowledged' | 'given up' | 'over'
  /** Its intent row is durable, as the process knows. */
  readonly hasIntent: boolean
  readonly isPublishing: boolean
  // The worker, and what is on its way there.
  readonly put: 'none' | 'under way' | 'arrived'
  readonly isStored: boolean
  readonly isDropping: boolean
  // The collector: the horizon that it read before it listed the worker; whether it found the id without a row.
  readonly collector: { readonly horizon: number } | null
  readonly isUnlisted: boolean
  /** For the invariant: it was dead, it was live. */
  readonly was: readonly string[]
  // What may still happen.
  readonly publishings: number
  readonly lostAnswers: number
}

const wall = 1
const openTime = 2

const initial: State = {
  rows: {
    data: 'none',
    horizon: { horizon: openTime, ceiling: openTime },
    uploader: null,
    intent: false,
    other: openTime,
  },
  commands: [],
  process: 'new',
  clock: wall,
  id: 0,
  upload: 'none',
  hasIntent: false,
  isPublishing: false,
  put: 'none',
  isStored: false,
  isDropping: false,
  collector: null,
  isUnlisted: false,
  was: [],
  publishings: 0,
  lostAnswers: 0,
}

export class Uploads implements Protocol<State> {
  readonly initial: State
  readonly #on: Switches<keyof typeof uploadRules>
  readonly #setting: Setting

  constructor(on: Switches<keyof typeof uploadRules>, setting: Setting) {
    const { publishings, lostAnswers } = setting
    this.#on = on
    this.#setting = setting
    this.initial = { ...initial, publishings, lostAnswers }
  }

  readonly invariants = {
    'an acknowledged file is readable': ({ upload, rows, isStored }: State): string | undefined =>
      upload === 'acknowledged' && (rows.data !== 'live' || !isStored) ? 'the file was acknowledged' : undefined,
    'nothing live is deleted': ({ rows, isStored }: State): string | undefined =>
      rows.data === 'live' && !isStored ? 'the data is live, and the worker does not have it' : undefined,
    'committed or discarded, never both': ({ was }: State): string | undefined =>
      was.length > 1 ? 'the id was live, and was dead' : undefined,
    'no upload in progress is collected': ({ rows, upload, process }: State): string | undefined =>
      process === 'up' && rows.uploader !== null && isInProgress(upload) && rows.data === 'dead'
        ? 'its process is registered, and its id is dead'
        : undefined,
  }

  /** Space is given back: what is not live leaves nothing, neither data nor rows. */
  isSettled({ rows, commands, process, upload, put, isStored, isDropping }: State): boolean {
    const isAsked = process === 'up' && upload !== 'none' && upload !== 'acknowledged' && upload !== 'over'
    const isOver = process === 'gone' ? rows.uploader === null : process !== 'registering' && !isAsked
    const isClean = rows.data === 'live' ? isStored : rows.data === 'none' && !isStored
    return isOver && isClean && !rows.intent && commands.length === 0 && put !== 'under way' && !isDropping
  }

  steps(state: State): readonly Step<State>[] {
    return [...this.#uploader(state), ...this.#worker(state), ...this.#collector(state), ...this.#execute(state)]
  }

  #uploader(state: State): readonly Step<State>[] {
    const { process, upload, clock, rows } = state
    const steps: Step<State>[] = []
    const can = (action: string, next: State, isFault = false): void => {
      steps.push({ action: `the uploader ${action}`, next, isFault })
    }
    if (process === 'new') can('registers', send({ ...state, process: 'registering' }, 'register'), true)
    if (process === 'gone') {
      if (rows.uploader !== null) steps.push(...this.#expire(state))
      return steps
    }
    if (process !== 'up') return steps
    const { isWide } = this.#setting
    if (isWide) can('is killed', end(state), true)
    // It may stand still for any time; that it is alive does not save it.
    if (rows.uploader !== null) steps.push(...this.#expire(state).map((step) => ({ ...step, isFault: true })))
    if (upload === 'none') can('opens an upload', { ...state, upload: 'open', id: clock, put: 'under way' }, true)
    if (isWide && upload === 'open') can('gives up', giveUp(state), true)
    if (upload === 'stored') can('commits', send({ ...state, upload: 'committing' }, 'commit'))
    // The commit may still be on its way.
    if (upload === 'committing') can('gives up while it commits', giveUp(state), true)
    if (!state.isPublishing) steps.push(...this.#publish(state))
    return steps
  }

  #publish(state: State): readonly Step<State>[] {
    const { upload, id, clock, hasIntent } = state
    const started = { ...state, isPublishing: true }
    const isHeld = (isInProgress(upload) || upload === 'given up') && !hasIntent
    const published = isHeld && this.#on('published-holds') ? Math.min(clock, id) : clock
    const steps: Step<State>[] = []
    const { rows } = state
    const heartbeat = 0
    const raised = raise({ ...rows, uploader: { published, heartbeat } }, 0, id).horizon
    const rises = rows.uploader !== null && (published > rows.uploader.published || raised > rows.horizon.horizon)
    const isBehind = clock < rows.horizon.ceiling
    if (rises || isBehind || state.publishings > 0) {
      const publishings = rises || isBehind ? state.publishings : state.publishings - 1
      const next = send({ ...started, publishings }, 'publish', published)
      steps.push({ action: `the uploader publishes ${published}`, next })
    }
    if (this.#setting.isWide && isHeld && upload !== 'given up') {
      const adding = send(started, 'add intent')
      const next = this.#on('intent-first') ? adding : send(adding, 'publish', clock)
      steps.push({ action: 'the uploader adds an intent, to publish then', next })
    }
    if (hasIntent && (upload === 'acknowledged' || upload === 'over'))
      steps.push({ action: 'the uploader takes its intent back', next: send(started, 'remove intent') })
    return steps
  }

  #expire(state: State): readonly Step<State>[] {
    const isUnderWay = state.commands.some(({ name }) => name === 'expire' || name === 'expire intents')
    if (isUnderWay || state.rows.uploader === null) return []
    const name = this.#on('expiry-is-one') ? 'expire' : 'expire intents'
    return [{ action: 'the uploader’s silence is noticed', next: send(state, name, state.rows.uploader.heartbeat) }]
  }

  #worker(state: State): readonly Step<State>[] {
    const steps: Step<State>[] = []
    if (state.put === 'under way') {
      const isAwaited = state.process === 'up' && state.upload === 'open'
      const next: State = { ...state, put: 'arrived', isStored: true, upload: isAwaited ? 'stored' : state.upload }
      steps.push({ action: 'the put arrives', next })
    }
    if (state.isDropping)
      steps.push({ action: 'the drop arrives', next: { ...state, isDropping: false, isStored: false } })
    return steps
  }

  #collector(state: State): readonly Step<State>[] {
    const { rows, id, collector, isStored, isDropping, isUnlisted, commands } = state
    const steps: Step<State>[] = []
    const newest = Math.max(id, openTime)
    if (rows.other <= newest && !commands.some(({ name }) => name === 'publish of the other'))
      steps.push({ action: 'the other process publishes', next: send(state, 'publish of the other', newest + 1) })
    const isCollecting = isDropping || commands.some(({ name }) => name === 'collect')
    if (id > 0 && collector === null && isStored && !isCollecting)
      steps.push({
        action: `the collector reads the horizon ${rows.horizon.horizon}`,
        next: { ...state, collector: { horizon: rows.horizon.horizon } },
      })
    if (collector !== null) {
      const seen = { ...state, collector: null }
      if (isStored && rows.data === 'dead')
        steps.push({ action: 'the collector drops', next: { ...seen, isDropping: true } })
      else if (isStored && rows.data === 'none' && id < collector.horizon) {
        const next = this.#on('dead-before-delete') ? send(seen, 'collect') : { ...seen, isDropping: true }
        steps.push({ action: 'the collector finds the id without a row, below the horizon', next })
      } else steps.push({ action: 'the collector finds nothing', next: seen })
    }
    if (rows.data === 'dead' && !isStored && !isUnlisted)
      steps.push({
        action: 'the worker does not list the id',
        next: send({ ...state, isUnlisted: true }, 'remove row'),
      })
    return steps
  }

  #execute(state: State): readonly Step<State>[] {
    const decide = (rows: Rows, command: UploadCommand): Decision => this.#decide(rows, command, state.id)
    return commandSteps<Name, Rows, UploadCommand, Decision>(state, this.#setting.isolation, decide).flatMap((step) => {
      const action = `${step.command.name} ${step.what}`
      const { decision } = step
      const after = { ...state, ...step.database }
      if (decision === undefined) return [{ action, next: after }]
      const noted = { ...after, was: noteData(state.was, after.rows.data) }
      const answered = [{ action: `${action}: ${decision.answer}`, next: this.#answer(noted, step.command, decision) }]
      if (step.command.name !== 'commit' || state.lostAnswers === 0 || state.upload !== 'committing') return answered
      const repeated = send({ ...noted, lostAnswers: state.lostAnswers - 1 }, 'commit')
      return [
        ...answered,
        { action: `${action}, its answer is lost, and it is repeated`, next: repeated, isFault: true },
      ]
    })
  }

  #decide(rows: Rows, { name, value }: UploadCommand, id: number): Decision {
    const done = (writes: Partial<Rows>): Decision => ({ writes, answer: 'done' })
    const refused: Decision = { writes: {}, answer: 'refused' }
    const { data, horizon, uploader } = rows
    switch (name) {
      case 'register': {
        const start = this.#on('registers-above-ceiling') ? Math.max(horizon.ceiling, wall) : wall
        const after = { ...rows, uploader: { published: start, heartbeat: 0 } }
        const raised = raise(after, start, id)
        return done({ uploader: after.uploader, ...(this.#on('horizon-row-changed') ? { horizon: raised } : {}) })
      }
      case 'publish': {
        if (uploader === null) return refused
        const published = { published: Math.max(uploader.published, value), heartbeat: uploader.heartbeat + 1 }
        return done({ uploader: published, horizon: raise({ ...rows, uploader: published }, 0, id) })
      }
      case 'add intent':
        return uploader === null ? refused : done({ intent: true })
      case 'remove intent':
        return done({ intent: false })
      case 'publish of the other':
        return done({ other: value, horizon: raise({ ...rows, other: value }, value, id) })
      case 'expire intents':
        return done({ intent: false })
      case 'expire': {
        if (uploader === null || uploader.heartbeat !== value) return refused
        return done({
          uploader: null,
          intent: false,
          horizon: raise({ ...rows, uploader: null, intent: false }, 0, id),
        })
      }
      case 'commit':
        if (data === 'live') return done({})
        if (data === 'dead' && this.#on('commit-inserts')) return refused
        return id < horizon.horizon && this.#on('commit-above-horizon') ? refused : done({ data: 'live' })
      case 'discard':
      case 'collect':
        if (data === 'live' && this.#on('discard-inserts')) return refused
        return done(data === 'dead' ? {} : { data: 'dead' })
      case 'remove row': {
        const isRemoved = data === 'dead' && (id < horizon.horizon || !this.#on('rows-go-below-horizon'))
        return done(isRemoved ? { data: 'none' } : {})
      }
    }
  }

  #answer(state: State, { name, value }: UploadCommand, { answer }: Decision): State {
    const { process, upload } = state
    const isUp = process === 'up'
    const published = { ...state, isPublishing: false }
    switch (name) {
      case 'register':
        return { ...state, process: 'up', clock: state.rows.uploader?.published ?? wall }
      case 'publish':
        if (!isUp) return state
        // It finds itself expired, and must not serve on.
        if (answer === 'refused') return end(state)
        return { ...published, clock: Math.max(state.clock, state.rows.horizon.ceiling) }
      case 'add intent':
        if (!isUp) return state
        if (answer === 'refused') return end(state)
        return { ...published, hasIntent: true }
      case 'remove intent':
        return isUp ? { ...published, hasIntent: false } : state
      case 'expire intents':
        return send(state, 'expire', value)
      case 'commit':
        if (!isUp || upload !== 'committing') return state
        return answer === 'done' ? { ...state, upload: 'acknowledged' } : giveUp(state)
      case 'discard':
        return isUp && upload === 'given up' ? { ...state, upload: 'over' } : state
      case 'collect':
        return answer === 'done' ? { ...state, isDropping: true } : state
      case 'remove row':
        return { ...state, isUnlisted: false }
      case 'publish of the other':
      case 'expire':
        return state
    }
  }
}

/** What it had in memory is gone. */
function end(state: State): State {
  const upload = state.upload === 'acknowledged' ? state.upload : 'over'
  return {
    ...state,
    process: 'gone',
    clock: 0,
    upload,
    hasIntent: false,
    isPublishing: false,
    publishings: 0,
    lostAnswers: 0,
  }
}

function send(state: State, name: Name, value = 0): State {
  const commands = [...state.commands, { name, value }]
  return { ...state, commands: commands.toSorted((left, right) => left.name.localeCompare(right.name)) }
}

function giveUp(state: State): State {
  return send({ ...state, upload: 'given up' }, 'discard')
}

function isInProgress(upload: State['upload']): boolean {
  return upload === 'open' || upload === 'stored' || upload === 'committing'
}

/** The horizon that follows from what is published; it only rises. */
function raise({ horizon, uploader, intent, other }: Rows, ceiling: number, id: number): Rows['horizon'] {
  const times = [
    other,
    ...(uploader === null ? [] : [uploader.published]),
    ...(intent && uploader !== null ? [id] : []),
  ]
  return {
    horizon: Math.max(horizon.horizon, Math.min(...times)),
    ceiling: Math.max(horizon.ceiling, ceiling),
  }
}

function noteData(was: readonly string[], data: Rows['data']): readonly string[] {
  return data === 'none' || was.includes(data) ? was : [...was, data].toSorted()
}
