// Commits decisions, many in one transaction, while other masters do the same.
//
// 1. run the decisions on guesses, and note what they ask for (PartialView)
// 2. read all of it together with the guard, in one round trip; run them again; read what else they ask for
// 3. one transaction: the guard, conditional on the one of step 2, goes up by one, and the changes are written
//
// Every commit of every master writes the guard. So where the guard still is the one of step 2, no row has changed since, and the
// decisions hold as if the transaction had read everything itself; else nothing is written, and all begins anew. All commits of all
// masters happen one after another, in the order of the guard's numbers.
//
// A commit whose answer was lost is looked up: the guard holds the number of the last commit of each instance.
//
// Masters that commit at the same moment overtake each other. Whoever was overtaken puts itself into a queue, which every first read brings
// along, and who has waited longest goes first: nobody starves, and where nobody waits nobody stands back.
//
// A process that dies in the middle of a transaction leaves the guard locked, until MongoDB ends the transaction after a minute.
// Whoever finds the guard locked and unchanged for `lockedFirstMs` ends the transactions of all other instances itself. One that only was
// slow, as one of thousands of rows can be, loses a transaction by that, and repeats it; so for a while after that the others wait for
// longer, twice as long each time.

import { FrostError } from '../../base/errors.ts'
import { runInTurns } from '../../base/steps.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ByteString, Decision } from '../../ports/key-value.ts'
import type { Random } from '../../ports/random.ts'
import { decideBatch } from './decide-batch.ts'
import type { DecidedBatch, Outcome } from './decide-batch.ts'
import { PartialView } from './partial-view.ts'
import type { Missing } from './partial-view.ts'
import type { Reachability } from './reachability.ts'
import type { RecentRows } from './recent-rows.ts'
import { instancesMax } from './row-server.ts'
import type { ClusterTime, Guard, InstanceMark, Queue, RowServer } from './row-server.ts'
import type { SharedBarrier } from './shared-barrier.ts'

/** Each pass learns something new; the deepest decisions follow three or four links. */
export const passesMax = 1_000
const backOffFirstMs = 8
const backOffMaxMs = 400
const lockedFirstMs = 5 * SECOND_MS
/** Longer nobody tries to commit either. */
const lockedMaxMs = 20 * SECOND_MS
/** After so long without one that was ended, the next is waited for no longer than the first. */
const lockedForgetMs = MINUTE_MS
/** Longer a master does not stand back for those that have waited before it: they may be gone. */
const turnMaxMs = SECOND_MS
/** After so many commits nobody waits any more. */
const queueMax = 1_000
const goneMax = 100
/** A state is read only while it is sure to be kept (MongoDB keeps 300 s unless told otherwise). */
const readableMs = 60 * SECOND_MS

export interface CommitterPorts {
  readonly server: RowServer
  readonly barrier: SharedBarrier
  readonly recent: RecentRows
  readonly reachability: Reachability
  readonly clock: Clock
  readonly random: Random
}

export interface Instance {
  /** Unique among all processes ever. */
  readonly id: string
  /** The session of its transactions, 32 hex digits. */
  readonly session: string
}

interface Drafted {
  readonly guard: Guard
  readonly queue: Queue
  readonly batch: DecidedBatch
}

interface Known {
  readonly guard: Guard
  readonly queue: Queue
  readonly time: ClusterTime
  readonly learnedAtMs: number
}

export class BatchCommitter {
  readonly #ports: CommitterPorts
  readonly #instance: Instance
  /** The newest guard that this process knows of, and a time at which it was there. */
  #known: Known | undefined
  #attempts = 0
  /** Since when the guard has been locked by others. */
  #locked: { readonly commit: string; readonly sinceMs: number } | undefined
  /** How long it may be this time, as of when transactions of others were ended last. */
  #lockedMost = { ms: lockedFirstMs, sinceMs: 0 }
  /** How long a commit takes, a moving mean. */
  #cycleMs = backOffFirstMs
  #restsUntilMs = 0
  /** Whom this master has waited for in vain: `instance.number`. */
  readonly #gone = new Set<string>()

  constructor(ports: CommitterPorts, instance: Instance) {
    this.#ports = ports
    this.#instance = instance
  }

  /**
   * Decides and commits; resolves to the outcomes of the first decisions, as many as fitted into one transaction.
   * @throws FrostError `metadata-unavailable`: nothing happened; `outcome-unknown`; `store-corrupt`: nothing happened.
   */
  async run(decisions: readonly Decision<unknown>[]): Promise<readonly Outcome[]> {
    const { clock, reachability } = this.#ports
    await this.#rest()
    const startedMs = clock.monotonicMs()
    let waitsSince: number | undefined
    for (let tries = 0; ; tries++) {
      let failure: unknown
      try {
        const attemptedMs = clock.monotonicMs()
        const drafted = await this.#draft(decisions)
        const { guard, queue } = drafted
        const first = this.#whoIsFirst(guard, queue, waitsSince)
        if (first !== undefined && clock.monotonicMs() - startedMs < turnMaxMs) {
          await this.#backOff(tries, false)
          continue
        }
        if (first !== undefined) this.#gone.add(first)
        if (await this.#commit(drafted)) {
          this.#succeed(drafted, clock.monotonicMs() - attemptedMs)
          return drafted.batch.outcomes
        }
        reachability.succeeded()
        if (tries > 0) waitsSince ??= await this.#enqueue(guard, queue)
        await this.#breakLock(guard)
      } catch (error) {
        if (error instanceof FrostError) throw error
        failure = error
        reachability.failed(error)
      }
      if (clock.monotonicMs() - startedMs >= reachability.patienceMs) {
        if (failure !== undefined) throw reachability.unavailable(failure)
        throw new FrostError('metadata-unavailable', 'Other masters keep changing the metadata.', {
          retryAfterSeconds: 1,
        })
      }
      await this.#backOff(tries, failure !== undefined)
    }
  }

  /** Who has waited for longer than this master, as `instance.number`; `undefined`: it is this master's turn. */
  #whoIsFirst(guard: Guard, queue: Queue, since = Number.POSITIVE_INFINITY): string | undefined {
    const first = [...queue].find((entry) => entry[1] < since && this.#waits(entry, guard))
    return first?.join('.')
  }

  #waits([id, at]: readonly [string, number], { number, instances }: Guard): boolean {
    const isOver = (instances.get(id)?.number ?? 0) > at || number - at > queueMax
    return id !== this.#instance.id && !isOver && !this.#gone.has(`${id}.${at}`)
  }

  async #enqueue({ number, instances }: Guard, queue: Queue): Promise<number> {
    const gone = [...queue.keys()].filter((id) => !instances.has(id))
    await this.#ports.server.enqueue(this.#instance.id, number, gone)
    return number
  }

  /** Runs the decisions until they asked for nothing that is not known. */
  async #draft(decisions: readonly Decision<unknown>[]): Promise<Drafted> {
    const view = new PartialView((key) => this.#ports.recent.get(key))
    let base: Known | undefined
    for (let passes = 0; passes < passesMax; passes++) {
      const batch = await runInTurns(decideBatch(view, decisions), this.#ports.clock)
      const missing = view.takeMissing()
      if (base !== undefined && missing === undefined) return { ...base, batch }
      const wanted = missing ?? { keys: [], ranges: [] }
      if (base === undefined) base = await this.#readFirst(view, wanted)
      else await this.#readMore(view, wanted, base.time)
    }
    throw new FrostError('internal', 'A decision keeps asking for other rows.')
  }

  async #readFirst(view: PartialView, { keys, ranges }: Missing): Promise<Known> {
    const { server, recent, clock } = this.#ports
    const before = this.#recentlyKnown()
    const [{ guard, queue, time, rows }, ...found] = await Promise.all([
      server.getWithGuard(keys),
      // They count where the guard is still the one of their time.
      ...(before === undefined ? [] : ranges.map(async (query) => await server.range(query, before.time))),
    ])
    if (guard.state !== 'open') throw notOpen(guard)
    if (this.#known !== undefined && guard.number < this.#known.guard.number)
      throw new Error('A server that is no longer the primary has answered.')
    view.learn(keys, rows)
    recent.setAll(keys.map((key) => [key, rows.get(key)]))
    if (before?.guard.commit === guard.commit)
      for (const [index, query] of ranges.entries()) view.learnRange(query, found[index] ?? [])
    this.#known = { guard, queue, time, learnedAtMs: clock.monotonicMs() }
    return this.#known
  }

  #recentlyKnown(): Known | undefined {
    const known = this.#known
    return known !== undefined && this.#ports.clock.monotonicMs() - known.learnedAtMs < readableMs ? known : undefined
  }

  async #readMore(view: PartialView, { keys, ranges }: Missing, at: ClusterTime): Promise<void> {
    const { server, recent } = this.#ports
    const [rows] = await Promise.all([
      keys.length === 0 ? new Map<ByteString, Uint8Array>() : server.get(keys, at),
      ...ranges.map(async (query) => view.learnRange(query, await server.range(query, at))),
    ])
    view.learn(keys, rows)
    recent.setAll(keys.map((key) => [key, rows.get(key)]))
  }

  async #commit({ guard, queue, batch }: Drafted): Promise<boolean> {
    const { server, recent } = this.#ports
    const to = this.#nextGuard(guard)
    const outcome = await server.commit({ from: guard, to, changes: batch.changes })
    if (outcome.kind === 'conflict') return false
    if (outcome.kind === 'ended' && !(await this.#hasHappened(to))) return false
    if (outcome.kind === 'committed')
      this.#known = { guard: to, queue, time: outcome.time, learnedAtMs: this.#ports.clock.monotonicMs() }
    recent.setAll(batch.changes)
    return true
  }

  #nextGuard(guard: Guard): Guard {
    const { id, session } = this.#instance
    this.#attempts += 1
    const number = guard.number + 1
    const others = [...guard.instances].filter(([instance]) => instance !== id)
    const newest = others.toSorted(([, left], [, right]) => right.number - left.number).slice(0, instancesMax - 1)
    const instances = new Map<string, InstanceMark>([...newest, [id, { number, session }]])
    return { number, commit: `${id}.${this.#attempts}`, state: guard.state, instances }
  }

  /** Whether a commit whose transaction is over has happened. */
  async #hasHappened(to: Guard): Promise<boolean> {
    const { barrier, clock, reachability } = this.#ports
    const startedMs = clock.monotonicMs()
    for (let tries = 0; ; tries++) {
      try {
        const { guard } = await barrier.wait()
        const mark = guard.instances.get(this.#instance.id)
        if (guard.number >= to.number && mark === undefined) throw unknownOutcome()
        return mark?.number === to.number
      } catch (error) {
        if (error instanceof FrostError) throw error
        reachability.failed(error)
        if (clock.monotonicMs() - startedMs >= reachability.patienceMs) throw unknownOutcome(error)
        await this.#backOff(tries, true)
      }
    }
  }

  /** Whoever has committed leaves room for those that wait. */
  #succeed({ guard, queue }: Drafted, tookMs: number): void {
    const { reachability, clock } = this.#ports
    reachability.succeeded()
    this.#locked = undefined
    this.#cycleMs = Math.min((7 * this.#cycleMs + tookMs) / 8, backOffMaxMs)
    const waiting = [...queue].filter((entry) => this.#waits(entry, guard)).length
    this.#restsUntilMs = clock.monotonicMs() + Math.min(waiting * this.#cycleMs, turnMaxMs)
    if (this.#gone.size > goneMax) this.#gone.clear()
  }

  async #rest(): Promise<void> {
    const { clock } = this.#ports
    const restMs = this.#restsUntilMs - clock.monotonicMs()
    if (restMs > 0) await clock.sleep(restMs)
  }

  /** After a conflict: where the guard has not moved for long, whoever holds it is gone. */
  async #breakLock({ commit, instances }: Guard): Promise<void> {
    const { clock, server } = this.#ports
    const nowMs = clock.monotonicMs()
    if (this.#locked?.commit !== commit) this.#locked = { commit, sinceMs: nowMs }
    const { ms, sinceMs } = this.#lockedMost
    const mostMs = nowMs - sinceMs < lockedForgetMs ? ms : lockedFirstMs
    if (nowMs - this.#locked.sinceMs < mostMs) return
    this.#locked = undefined
    this.#lockedMost = { ms: Math.min(2 * mostMs, lockedMaxMs), sinceMs: nowMs }
    const others = [...instances].filter(([instance]) => instance !== this.#instance.id)
    await server.endTransactions(others.map(([, mark]) => mark.session))
  }

  /** Short after a conflict, because the turn may be missed; ever longer after failures. */
  async #backOff(tries: number, isFailure: boolean): Promise<void> {
    const { clock, random } = this.#ports
    const boundMs = isFailure ? Math.min(backOffFirstMs * 2 ** Math.min(tries, 10), backOffMaxMs) : this.#cycleMs
    await clock.sleep((isFailure ? boundMs : 0) + random.below(Math.ceil(boundMs)) + 1)
  }
}

function unknownOutcome(cause?: unknown): FrostError {
  return new FrostError('outcome-unknown', 'MongoDB did not say whether the change was made.', { cause })
}

export function notOpen({ state }: Guard): FrostError {
  return state === 'moved'
    ? new FrostError('metadata-unavailable', 'This metadata was moved to another store.', {
        remedy: 'Start the masters with the store that it was moved to.',
      })
    : new FrostError('metadata-unavailable', 'Metadata is being copied into this store, or that was broken off.', {
        remedy: 'Run frostbyte migrate-metadata again; it begins anew.',
      })
}
