// Purge and copy: data with up to two references, a copy that makes the second one while the first is deleted, and a read that is open
// while the last one goes. One process deletes, another copies and reads, a third purges.

import type { sharingRules } from './commit-rules.ts'
import type { Protocol, Step } from './explorer.ts'
import type { Switches } from './model.ts'
import { commandSteps } from './transactions.ts'
import type { Command, Isolation } from './transactions.ts'

interface Rows {
  /** Whether the file, and its copy, refer to the data. */
  readonly file: boolean
  readonly copy: boolean
  readonly data: 'live' | 'dead' | 'none'
  /** Of the purge queue: its number; it may have to wait for one. */
  readonly entry: number | 'none' | 'unnumbered'
  /** What the deleting and the reading process published; `null`: not registered. */
  readonly deleter: number
  readonly reader: number | null
}

type Name = 'delete the file' | 'delete the copy' | 'copy' | 'number the entry'

interface SharingCommand extends Command<Name, Rows> {
  /** Of a deletion: its number, where it was drawn before it is visible; 0: not yet. */
  readonly number: number
}

interface State {
  readonly rows: Rows
  readonly commands: readonly SharingCommand[]
  /** The next number. */
  readonly next: number
  readonly isStored: boolean
  readonly isDropping: boolean
  readonly copying: 'nothing' | 'has looked up' | 'over'
  /** The number at which the newest generation of reads began. */
  readonly learned: number
  readonly read: 'none' | 'begun' | 'has looked up' | 'over'
  /** The generation of the read. */
  readonly generation: number
  // What may still happen.
  readonly deletions: readonly Name[]
  readonly otherChanges: number
}

const initial: State = {
  rows: { file: true, copy: false, data: 'live', entry: 'none', deleter: 0, reader: null },
  commands: [],
  next: 1,
  isStored: true,
  isDropping: false,
  copying: 'nothing',
  learned: 0,
  read: 'none',
  generation: 0,
  deletions: ['delete the file', 'delete the copy'],
  otherChanges: 0,
}

export class Sharing implements Protocol<State> {
  readonly initial: State
  readonly #on: Switches<keyof typeof sharingRules>
  readonly #isolation: Isolation

  constructor(on: Switches<keyof typeof sharingRules>, isolation: Isolation) {
    this.#on = on
    this.#isolation = isolation
    // Numbers that other changes take. Snapshots have states enough.
    this.initial = { ...initial, otherChanges: isolation === 'serial' ? 1 : 0 }
  }

  readonly invariants = {
    'what is referred to is live and stored': ({ rows, isStored }: State): string | undefined =>
      (rows.file || rows.copy) && (rows.data !== 'live' || !isStored) ? 'a version refers to the data' : undefined,
    'what an open read can see is not purged': ({ read, isStored }: State): string | undefined =>
      read === 'has looked up' && !isStored ? 'a read has looked the file up, and its data is gone' : undefined,
  }

  isSettled({ rows, commands, isStored, isDropping, copying, read }: State): boolean {
    const isBusy = commands.length > 0 || isDropping || copying === 'has looked up'
    const isReading = read === 'begun' || read === 'has looked up'
    const isClean = rows.file || rows.copy || (rows.data === 'none' && !isStored && rows.entry === 'none')
    return !isBusy && !isReading && isClean
  }

  steps(state: State): readonly Step<State>[] {
    return [...this.#clients(state), ...this.#reader(state), ...this.#purge(state), ...this.#execute(state)]
  }

  #clients(state: State): readonly Step<State>[] {
    const { rows, copying } = state
    const steps: Step<State>[] = []
    for (const name of state.deletions) {
      const deletions = state.deletions.filter((other) => other !== name)
      const isDrawn = !this.#on('number-after-visible')
      const asked = { ...state, deletions, next: state.next + (isDrawn ? 1 : 0) }
      steps.push({ action: `${name} is asked`, next: send(asked, name, isDrawn ? state.next : 0), isFault: true })
    }
    if (copying === 'nothing' && rows.file)
      steps.push({ action: 'a copy looks the file up', next: { ...state, copying: 'has looked up' }, isFault: true })
    if (copying === 'has looked up' && !state.commands.some(({ name }) => name === 'copy'))
      steps.push({ action: 'the copy is asked', next: send(state, 'copy') })
    if (state.otherChanges > 0) {
      const next = { ...state, next: state.next + 1, otherChanges: state.otherChanges - 1 }
      steps.push({ action: 'something else is changed', next, isFault: true })
    }
    return steps
  }

  #reader(state: State): readonly Step<State>[] {
    const { rows, read, learned, generation, next: number } = state
    const steps: Step<State>[] = []
    const can = (action: string, next: State, isFault = false): void => {
      steps.push({ action: `the reader ${action}`, next, isFault })
    }
    const isRegistered = rows.reader !== null || !this.#on('registered-before-reading')
    if (rows.reader === null) can('registers', { ...state, rows: { ...rows, reader: 0 } })
    if (read === 'none' && isRegistered) can('begins a read', { ...state, read: 'begun', generation: learned }, true)
    if (read === 'begun') can('looks the file up', { ...state, read: rows.file ? 'has looked up' : 'over' })
    if (read === 'has looked up') can('ends its read', { ...state, read: 'over' })
    if (rows.reader !== null && learned < number) can(`learns ${number}`, { ...state, learned: number })
    const isOpen = read === 'begun' || read === 'has looked up'
    const ended = isOpen && this.#on('reads-ended') ? generation : learned
    if (rows.reader !== null && ended > rows.reader)
      can(`publishes ${ended}`, { ...state, rows: { ...rows, reader: ended } })
    if (rows.deleter < number) {
      const published = { ...state, rows: { ...rows, deleter: number } }
      steps.push({ action: `the deleter publishes ${number}`, next: published })
    }
    return steps
  }

  #purge(state: State): readonly Step<State>[] {
    const { rows, isStored, isDropping } = state
    const published = Math.min(rows.deleter, rows.reader ?? rows.deleter)
    const { entry } = rows
    const isDue = typeof entry === 'number' && (entry < published || !this.#on('purge-waits'))
    if (isDropping) return [{ action: 'the drop arrives', next: { ...state, isDropping: false, isStored: false } }]
    if (isDue && isStored) return [{ action: 'the entry is purged', next: { ...state, isDropping: true } }]
    if (isStored || rows.data === 'none') return []
    return [{ action: 'the entry and the row go', next: { ...state, rows: { ...rows, entry: 'none', data: 'none' } } }]
  }

  #execute(state: State): readonly Step<State>[] {
    const decide = (rows: Rows, command: SharingCommand): { readonly writes: Partial<Rows> } => ({
      writes: this.#decide(rows, command, state.next),
    })
    return commandSteps<Name, Rows, SharingCommand, ReturnType<typeof decide>>(state, this.#isolation, decide).map(
      (step) => {
        const action = `${step.command.name} ${step.what}`
        const after: State = { ...state, ...step.database }
        if (step.decision === undefined) return { action, next: after }
        if (step.command.name === 'number the entry') return { action, next: { ...after, next: state.next + 1 } }
        if (step.command.name === 'copy') return { action, next: { ...after, copying: 'over' } }
        return { action, next: step.decision.writes.entry === 'unnumbered' ? send(after, 'number the entry') : after }
      },
    )
  }

  #decide(rows: Rows, { name, number }: SharingCommand, next: number): Partial<Rows> {
    switch (name) {
      case 'copy':
        if (rows.data !== 'live' && this.#on('copy-only-live')) return {}
        return { copy: true, ...(this.#on('copy-changes-row') ? { data: rows.data } : {}) }
      case 'number the entry':
        return { entry: next }
      case 'delete the file':
        return rows.file ? { file: false, ...lastReference(rows.copy, number) } : {}
      case 'delete the copy':
        return rows.copy ? { copy: false, ...lastReference(rows.file, number) } : {}
    }
  }
}

/** Gives a reference back; who gives the last one back makes the data dead, and queues it. */
function lastReference(isReferred: boolean, number: number): Partial<Rows> {
  if (isReferred) return { data: 'live' }
  return { data: 'dead', entry: number === 0 ? 'unnumbered' : number }
}

function send(state: State, name: Name, number = 0): State {
  const commands = [...state.commands, { name, number }]
  return { ...state, commands: commands.toSorted((left, right) => left.name.localeCompare(right.name)) }
}
