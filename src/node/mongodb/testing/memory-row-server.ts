// A server in memory for tests of the logic above it. It keeps every state, so that a read of a time sees that time; it counts what it is
// asked, and tests plant faults: an answer that is lost, a commit that is, a guard that somebody who died has locked.

import { OrderedMap } from '../../../../sim/ports/ordered-map.ts'
import { FrostError } from '../../../base/errors.ts'
import type { ByteString, KeyValueEntry } from '../../../ports/key-value.ts'
import type { ClusterTime, Commit, CommitOutcome, Guard, Queue, RangeQuery, Rows, RowServer } from '../row-server.ts'

interface Version {
  readonly number: number
  readonly row: Uint8Array | undefined
}

/** What several servers (the connections of several processes) share. */
export class MemoryStore {
  guard: Guard = { number: 0, commit: 'none', state: 'open', instances: new Map() }
  readonly queue = new Map<string, number>()
  /** The session that has it locked. */
  lockedBy: string | undefined
  readonly rows = new OrderedMap<Version[]>()

  write(to: Guard, changes: Commit['changes']): void {
    this.guard = to
    for (const [key, row] of changes) {
      const versions = this.rows.get(key) ?? []
      versions.push({ number: to.number, row: row?.slice() })
      this.rows.set(key, versions)
    }
  }
}

/** What becomes of one commit: as it should be, or its transaction ends with or without having happened, or nobody can say which. */
export type CommitFate = 'commit' | 'ended-committed' | 'ended-lost' | 'unknown-committed' | 'unknown-lost'

export interface Faults {
  /** Asked at every call; what it returns is thrown. */
  failure?: (call: string) => Error | undefined
  fate?: () => CommitFate
  /** What happens between the reading and the writing of a commit. */
  beforeCommit?: () => void
  /** How long the guard is locked for a commit, whose transaction others can end meanwhile. */
  whileLocked?: () => Promise<void>
}

export class MemoryRowServer implements RowServer {
  readonly #store: MemoryStore
  readonly faults: Faults
  readonly calls: string[] = []

  constructor(store: MemoryStore, faults: Faults = {}) {
    this.#store = store
    this.faults = faults
  }

  async barrier(): Promise<{ readonly guard: Guard; readonly time: ClusterTime }> {
    await this.#called('barrier')
    return { guard: this.#store.guard, time: { time: this.#store.guard.number } }
  }

  async getWithGuard(
    keys: readonly ByteString[],
  ): Promise<{ readonly guard: Guard; readonly queue: Queue; readonly time: ClusterTime; readonly rows: Rows }> {
    await this.#called('getWithGuard')
    const { guard } = this.#store
    const queue = new Map(this.#store.queue)
    return { guard, queue, time: { time: guard.number }, rows: this.#rowsAt(keys, guard.number) }
  }

  async enqueue(instance: string, number: number, gone: readonly string[]): Promise<void> {
    await this.#called('enqueue')
    for (const id of gone) this.#store.queue.delete(id)
    this.#store.queue.set(instance, number)
  }

  async get(keys: readonly ByteString[], { time }: ClusterTime): Promise<Rows> {
    await this.#called('get')
    return this.#rowsAt(keys, Number(time))
  }

  async range(
    { from, to, limit, reverse, keysOnly }: RangeQuery,
    { time }: ClusterTime,
  ): Promise<readonly KeyValueEntry[]> {
    await this.#called('range')
    const { rows } = this.#store
    const found: KeyValueEntry[] = []
    for (const [key, versions] of reverse === true ? rows.descending(from, to) : rows.ascending(from, to)) {
      const row = rowAt(versions, Number(time))
      if (row === undefined) continue
      if (found.push([key, keysOnly ? new Uint8Array(0) : row.slice()]) === limit) break
    }
    return found
  }

  async commit({ from, to, changes }: Commit): Promise<CommitOutcome> {
    await this.#called('commit')
    this.faults.beforeCommit?.()
    if (this.#store.lockedBy !== undefined || this.#store.guard.commit !== from.commit) return { kind: 'conflict' }
    if (!(await this.#lock(to))) return { kind: 'ended' }
    const fate = this.faults.fate?.() ?? 'commit'
    if (!fate.endsWith('lost')) this.#store.write(to, changes)
    if (fate.startsWith('unknown')) throw new FrostError('outcome-unknown', 'Nobody knows.')
    return fate === 'commit' ? { kind: 'committed', time: { time: to.number } } : { kind: 'ended' }
  }

  async endTransactions(sessions: readonly string[]): Promise<void> {
    await this.#called('endTransactions')
    if (sessions.includes(this.#store.lockedBy ?? '')) this.#store.lockedBy = undefined
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async #called(call: string): Promise<void> {
    this.calls.push(call)
    await Promise.resolve()
    const failure = this.faults.failure?.(call)
    if (failure !== undefined) throw failure
  }

  /** False where the transaction was ended by somebody else. */
  async #lock({ commit, instances }: Guard): Promise<boolean> {
    if (this.faults.whileLocked === undefined) return true
    const session = instances.get(commit.slice(0, commit.lastIndexOf('.')))?.session
    this.#store.lockedBy = session
    await this.faults.whileLocked()
    const isMine = this.#store.lockedBy === session
    if (isMine) this.#store.lockedBy = undefined
    return isMine
  }

  #rowsAt(keys: readonly ByteString[], number: number): Rows {
    const found = new Map<ByteString, Uint8Array>()
    for (const key of keys) {
      const row = rowAt(this.#store.rows.get(key) ?? [], number)
      if (row !== undefined) found.set(key, row.slice())
    }
    return found
  }
}

function rowAt(versions: readonly Version[], number: number): Uint8Array | undefined {
  return versions.findLast((version) => version.number <= number)?.row
}
