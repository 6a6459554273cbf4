// The KeyValue port on MongoDB. Any number of processes, of any number of machines, read and decide at once.
//
// Decisions wait until the commit under way has ended, and then go together into the next one (batch-committer.ts). Reads share a
// linearizable read, the barrier, begun after they arrived, and then read at its time: so each sees one state of the whole map, with
// everything acknowledged before, also where another server still takes itself for the primary.

import { FrostError } from '../../base/errors.ts'
import { endOfTurn } from '../../base/steps.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Decision, KeyValue, Look } from '../../ports/key-value.ts'
import type { Log } from '../../ports/log.ts'
import type { Random } from '../../ports/random.ts'
import { BatchCommitter, notOpen, passesMax } from './batch-committer.ts'
import type { Instance } from './batch-committer.ts'
import type { Outcome } from './decide-batch.ts'
import { PartialView } from './partial-view.ts'
import type { Missing } from './partial-view.ts'
import { defaultPatienceMs, Reachability } from './reachability.ts'
import { RecentRows } from './recent-rows.ts'
import type { ClusterTime, RowServer } from './row-server.ts'
import { SharedBarrier } from './shared-barrier.ts'

/** Beyond, `decide` and `read` answer `overloaded`. */
const waitingMax = 20_000
const readsMax = 20_000
/** Decisions that are tried for one transaction. */
const batchMax = 256
const retryReadMs = 50

export interface MongoPorts {
  readonly server: RowServer
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface MongoKeyValueOptions extends Instance {
  /** How long a server that fails is waited for, in milliseconds. Default 20 s. */
  readonly patienceMs?: number
}

interface Waiting {
  readonly decision: Decision<unknown>
  readonly settle: (outcome: Outcome) => void
}

export class MongoKeyValue implements KeyValue {
  readonly #ports: MongoPorts
  readonly #reachability: Reachability
  readonly #barrier: SharedBarrier
  readonly #recent = new RecentRows()
  readonly #committer: BatchCommitter
  #isClosed = false
  #reads = 0
  readonly #waiting: Waiting[] = []
  #committing: Promise<void> | undefined

  private constructor(ports: MongoPorts, options: MongoKeyValueOptions) {
    const { server, clock, random, log } = ports
    const barrier = new SharedBarrier(server, clock)
    const probe = async (): Promise<unknown> => await barrier.wait()
    const reachability = new Reachability({ clock, log, probe }, options.patienceMs ?? defaultPatienceMs)
    this.#ports = ports
    this.#barrier = barrier
    this.#reachability = reachability
    this.#committer = new BatchCommitter(
      { server, barrier, recent: this.#recent, reachability, clock, random },
      { id: options.id, session: options.session },
    )
  }

  /** Closing it closes the server too. @throws FrostError `metadata-unavailable`. */
  static async open(ports: MongoPorts, options: MongoKeyValueOptions): Promise<MongoKeyValue> {
    const keyValue = new MongoKeyValue(ports, options)
    try {
      // A commit of nothing, by which the guard knows this instance and its session.
      await keyValue.decide(() => ({ changes: [], result: undefined }))
      return keyValue
    } catch (error) {
      await keyValue.close()
      throw error
    }
  }

  async read<T>(look: Look<T>): Promise<T> {
    this.#check()
    if (this.#reads >= readsMax) throw overloaded()
    this.#reads += 1
    try {
      return await this.#readUntilAnswered(look)
    } finally {
      this.#reads -= 1
    }
  }

  async decide<T>(decision: Decision<T>): Promise<T> {
    this.#check()
    if (this.#waiting.length >= waitingMax) throw overloaded()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const settle = (outcome: Outcome): void => {
      if (outcome.kind === 'failed') reject(outcome.error)
      else resolve(outcome.result as T)
    }
    this.#waiting.push({ decision, settle })
    this.#committing ??= this.#commitAll()
    return await promise
  }

  unreachable(): string | undefined {
    return this.#reachability.reason
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#committing
    await this.#reachability.close()
    await this.#ports.server.close()
  }

  #check(): void {
    if (this.#isClosed) throw new FrostError('metadata-unavailable', 'The metadata store is closed.')
    if (this.#reachability.reason !== undefined) throw this.#reachability.unavailable()
  }

  async #readUntilAnswered<T>(look: Look<T>): Promise<T> {
    const { clock, random } = this.#ports
    const startedMs = clock.monotonicMs()
    for (let waitMs = retryReadMs; ; waitMs = Math.min(2 * waitMs, 1_000)) {
      try {
        const answer = await this.#readOnce(look)
        this.#reachability.succeeded()
        return answer()
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error
        this.#reachability.failed(error.cause)
        const isOver = clock.monotonicMs() - startedMs >= this.#reachability.patienceMs
        if (isOver || this.#isClosed) throw this.#reachability.unavailable(error.cause)
      }
      await clock.sleep(waitMs + random.below(waitMs))
    }
  }

  /** Resolves to what returns or throws as the look did. @throws Unanswered. */
  async #readOnce<T>(look: Look<T>): Promise<() => T> {
    const { guard, time } = await answered(this.#barrier.wait())
    if (guard.state !== 'open') throw notOpen(guard)
    const view = new PartialView((key) => this.#recent.get(key))
    for (let passes = 0; passes < passesMax; passes++) {
      const answer = attempt(look, view)
      const missing = view.takeMissing()
      if (missing === undefined) return answer
      await answered(this.#fetch(view, missing, time))
    }
    throw new FrostError('internal', 'A read keeps asking for other rows.')
  }

  /**
   * Keys first, because they number what ranges list (listGroups): MongoDB reads all of it at one time, but a server that stands in for
   * it in tests does not.
   */
  async #fetch(view: PartialView, { keys, ranges }: Missing, at: ClusterTime): Promise<void> {
    const { server } = this.#ports
    if (keys.length > 0) {
      const rows = await server.get(keys, at)
      view.learn(keys, rows)
      this.#recent.setAll(keys.map((key) => [key, rows.get(key)]))
    }
    await Promise.all(ranges.map(async (query) => view.learnRange(query, await server.range(query, at))))
  }

  async #commitAll(): Promise<void> {
    const { clock } = this.#ports
    // What else arrives in this turn of the event loop belongs to the same commit.
    await endOfTurn(clock)
    while (this.#waiting.length > 0) {
      await this.#commitNext()
    }
    this.#committing = undefined
  }

  async #commitNext(): Promise<void> {
    const batch = this.#waiting.splice(0, batchMax)
    try {
      const outcomes = await this.#committer.run(batch.map(({ decision }) => decision))
      this.#waiting.unshift(...batch.slice(outcomes.length))
      for (const [index, outcome] of outcomes.entries()) batch[index]?.settle(outcome)
    } catch (error) {
      for (const { settle } of batch) settle({ kind: 'failed', error })
      if (this.#reachability.reason === undefined) return
      const failed: Outcome = { kind: 'failed', error: this.#reachability.unavailable(error) }
      for (const { settle } of this.#waiting.splice(0)) settle(failed)
    }
  }
}

/** The server did not answer, as apart from what a look throws. */
class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

async function answered<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof FrostError) throw error
    throw new Unanswered('The server did not answer.', { cause: error })
  }
}

function attempt<T>(look: Look<T>, view: PartialView): () => T {
  try {
    const result = look(view)
    return () => result
  } catch (error) {
    return () => {
      throw error
    }
  }
}

function overloaded(): FrostError {
  return new FrostError('overloaded', 'Too much waits for the metadata store.', { retryAfterSeconds: 1 })
}
