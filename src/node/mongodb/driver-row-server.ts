// RowServer over the driver. Commands are sent as they are, because each part of them matters here.

import type { ClientSession, Db, Document, Long, MongoClient, UUID } from 'mongodb'

import { FrostError } from '../../base/errors.ts'
import { MIB } from '../../base/units.ts'
import type { ByteString, KeyValueEntry } from '../../ports/key-value.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import { guardDocument, guardId, queueId, readGuard, readKey, readQueue, readRow, rowDocument } from './documents.ts'
import { isConflict, isUnknownCommit } from './driver-errors.ts'
import { readCursor, readWrite } from './replies.ts'
import type { Reply } from './replies.ts'
import type { ClusterTime, Commit, CommitOutcome, Guard, Queue, RangeQuery, Rows, RowServer } from './row-server.ts'

export const rowsCollection = 'rows'
/** Any single read that takes longer is given up. */
const readMaxMs = 10_000
const retryCommitMs = 100
/** Documents of one answer, so that no turn of the event loop has more than some milliseconds of them to read. */
const batchMax = 2_000
/** Keys of one find. */
const keysMax = 1_000
/** Ids of one `$in` of a delete: where a server compares each document with all of them, the cost is their product. */
const removedEachMax = 100
/** Of the statements of one command, about: MongoDB takes a command of up to 16 MiB. */
const commandBytesMax = 8 * MIB
const empty = new Uint8Array(0)

const transactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', j: true },
  readPreference: 'primary',
} as const

export interface Driver {
  readonly Long: typeof Long
  readonly UUID: typeof UUID
}

export interface DriverParts {
  readonly client: MongoClient
  readonly db: Db
  /** The driver itself, which is loaded only where it is used. */
  readonly driver: Driver
  readonly clock: Clock
  readonly random: Random
  /** How long a commit without an answer is repeated. */
  readonly patienceMs: number
}

export class DriverRowServer implements RowServer {
  readonly #parts: DriverParts
  readonly #session: ClientSession

  constructor(parts: DriverParts) {
    this.#parts = parts
    this.#session = parts.client.startSession({ causalConsistency: false })
  }

  /** The session of its transactions, as 32 hex digits. */
  get session(): string {
    const id = this.#session.id?.id
    if (id === undefined) throw new FrostError('metadata-unavailable', 'The metadata store is closed.')
    return Buffer.from(id.buffer).toString('hex')
  }

  async barrier(): Promise<{ readonly guard: Guard; readonly time: ClusterTime }> {
    const reply = await this.#find({ filter: { _id: guardId }, readConcern: { level: 'linearizable' } })
    return { guard: guardOf(readCursor(reply).documents), time: { time: reply['operationTime'] } }
  }

  async getWithGuard(
    keys: readonly ByteString[],
  ): Promise<{ readonly guard: Guard; readonly queue: Queue; readonly time: ClusterTime; readonly rows: Rows }> {
    const first = [guardId, queueId, ...keys.slice(0, keysMax)]
    const command = { filter: { _id: { $in: first } }, readConcern: { level: 'snapshot' } }
    const { documents, time } = await this.#findAll(command, first.length)
    const queue = documents.find((document) => document['_id'] === queueId)
    const others = await this.get(keys.slice(keysMax), { time })
    const rows = new Map([...rowsOf(documents), ...others])
    return { guard: guardOf(documents), queue: readQueue(queue ?? {}), time: { time }, rows }
  }

  async enqueue(instance: string, number: number, gone: readonly string[]): Promise<void> {
    const unset = gone.length === 0 ? {} : { $unset: Object.fromEntries(gone.map((id) => [id, ''])) }
    const u = { $set: { [instance]: number }, ...unset }
    await this.#parts.db.command({ update: rowsCollection, updates: [{ q: { _id: queueId }, u, upsert: true }] })
  }

  async get(keys: readonly ByteString[], { time }: ClusterTime): Promise<Rows> {
    const readConcern = { level: 'snapshot', atClusterTime: time }
    const rows = new Map<ByteString, Uint8Array>()
    for (let at = 0; at < keys.length; at += keysMax) {
      const some = keys.slice(at, at + keysMax)
      await this.#findEach({ filter: { _id: { $in: some } }, readConcern }, some.length, (documents) => {
        for (const [key, row] of rowsOf(documents)) rows.set(key, row)
      })
    }
    return rows
  }

  async range(query: RangeQuery, { time }: ClusterTime): Promise<readonly KeyValueEntry[]> {
    const { from, to, limit, reverse, keysOnly } = query
    const entries: KeyValueEntry[] = []
    const command = {
      filter: { _id: { $gte: from, $lt: to } },
      sort: { _id: reverse === true ? -1 : 1 },
      limit,
      ...(keysOnly ? { projection: { _id: 1 } } : {}),
      readConcern: { level: 'snapshot', atClusterTime: time },
    }
    await this.#findEach(command, limit, (documents) => {
      for (const document of documents) entries.push(keysOnly ? [readKey(document), empty] : readRow(document))
    })
    return entries
  }

  async commit(commit: Commit): Promise<CommitOutcome> {
    const session = this.#session
    session.startTransaction(transactionOptions)
    try {
      if (!(await this.#write(commit))) {
        await session.abortTransaction()
        return { kind: 'conflict' }
      }
    } catch (error) {
      await session.abortTransaction()
      if (isConflict(error)) return { kind: 'conflict' }
      throw error
    }
    return await this.#end()
  }

  async endTransactions(sessions: readonly string[]): Promise<void> {
    const { client, driver } = this.#parts
    await client.db('admin').command({ killSessions: sessions.map((id) => ({ id: new driver.UUID(id) })) })
  }

  async close(): Promise<void> {
    await this.#session.endSession()
    await this.#parts.client.close()
  }

  /** The guard first, so that a transaction that comes too late ends at once. Whether the guard was the expected one. */
  async #write({ from, to, changes }: Commit): Promise<boolean> {
    const { db } = this.#parts
    const session = this.#session
    const guard = { q: { _id: guardId, number: from.number, commit: from.commit }, u: guardDocument(to) }
    const updates: Statement[] = [{ statement: guard, bytes: statementBytes }]
    const removed: ByteString[] = []
    for (const [key, row] of changes) {
      if (row === undefined) removed.push(key)
      else {
        const statement = { q: { _id: key }, u: rowDocument(key, row), upsert: true }
        updates.push({ statement, bytes: statementBytes + 2 * keyBytes(key) + row.length })
      }
    }
    for (const some of commandsOf(updates)) {
      const reply = await db.command({ update: rowsCollection, updates: some, ordered: true }, { session })
      const { count, failure } = readWrite(reply)
      if (failure !== undefined) throw new Error(`MongoDB did not write: ${failure.message}`)
      if (count !== some.length) return false
    }
    const deletes: Statement[] = []
    for (let at = 0; at < removed.length; at += removedEachMax) {
      const ids = removed.slice(at, at + removedEachMax)
      const bytes = ids.reduce((sum, id) => sum + keyBytes(id), statementBytes)
      deletes.push({ statement: { q: { _id: { $in: ids } }, limit: 0 }, bytes })
    }
    for (const some of commandsOf(deletes)) await db.command({ delete: rowsCollection, deletes: some }, { session })
    return true
  }

  /** Sends `commitTransaction` until it was answered, which is harmless as often as it is. */
  async #end(): Promise<CommitOutcome> {
    const { clock, random, patienceMs } = this.#parts
    const startedMs = clock.monotonicMs()
    for (;;) {
      try {
        await this.#session.commitTransaction()
        return { kind: 'committed', time: { time: this.#session.operationTime } }
      } catch (error) {
        if (!isUnknownCommit(error)) return { kind: 'ended' }
        if (clock.monotonicMs() - startedMs >= patienceMs)
          throw new FrostError('outcome-unknown', 'MongoDB did not answer whether it committed.', { cause: error })
      }
      await clock.sleep(retryCommitMs + random.below(retryCommitMs))
    }
  }

  async #findAll(
    command: Document,
    count: number,
  ): Promise<{ readonly documents: readonly Reply[]; readonly time: unknown }> {
    const documents: Reply[] = []
    const time = await this.#findEach(command, count, (some) => documents.push(...some))
    return { documents, time }
  }

  /**
   * Hands out all documents of a find, at most `count`, answer by answer: one round trip for `batchMax` of them. Resolves to the time that
   * was read.
   */
  async #findEach(command: Document, count: number, take: (documents: readonly Reply[]) => void): Promise<unknown> {
    const { client, db, driver } = this.#parts
    // A cursor belongs to the session that opened it.
    const session = client.startSession({ causalConsistency: false })
    try {
      // One more than there can be, so that the server sees that it is the last.
      const batchSize = Math.min(count + 1, batchMax)
      const first = readCursor(await this.#find({ ...command, batchSize }, session))
      take(first.documents)
      for (let { id } = first; id !== '0';) {
        const getMore = { getMore: driver.Long.fromString(id), collection: rowsCollection, batchSize }
        const more = readCursor(await db.command(getMore, { session }))
        take(more.documents)
        id = more.id
      }
      return first.atClusterTime
    } finally {
      await session.endSession()
    }
  }

  async #find(command: Document, session?: ClientSession): Promise<Document> {
    const { db } = this.#parts
    const find = { find: rowsCollection, ...command, maxTimeMS: readMaxMs }
    return await db.command(find, session === undefined ? {} : { session })
  }
}

interface Statement {
  readonly statement: Document
  /** At most so many in BSON. */
  readonly bytes: number
}

/** Of a statement besides its keys and row. */
const statementBytes = 128

/** As UTF-8, with the name that an array gives it. */
function keyBytes(key: ByteString): number {
  return 2 * key.length + 16
}

/** The statements of one command after the other. */
function* commandsOf(statements: readonly Statement[]): Generator<readonly Document[]> {
  let some: Document[] = []
  let sum = 0
  for (const { statement, bytes } of statements) {
    if (some.length > 0 && sum + bytes > commandBytesMax) {
      yield some
      some = []
      sum = 0
    }
    some.push(statement)
    sum += bytes
  }
  if (some.length > 0) yield some
}

function guardOf(documents: readonly Reply[]): Guard {
  const guard = documents.find((document) => document['_id'] === guardId)
  if (guard === undefined)
    throw new FrostError('store-corrupt', 'The metadata in MongoDB has lost its first document.', {
      remedy: 'Was the database dropped? Rebuild the metadata from the workers: frostbyte rebuild-metadata',
    })
  return readGuard(guard)
}

function rowsOf(documents: readonly Reply[]): Rows {
  return new Map(documents.filter(({ _id: id }) => id !== guardId && id !== queueId).map(readRow))
}
