// Opens the metadata in a MongoDB deployment: loads the driver, checks the deployment, makes what is missing.

import type { MongoClient, MongoClientOptions } from 'mongodb'

import { FrostError } from '../../base/errors.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Random } from '../../ports/random.ts'
import { checkDeployment, checkIsMember, initiate } from './deployment.ts'
import { guardDocument } from './documents.ts'
import { isThereAlready } from './driver-errors.ts'
import { DriverRowServer, rowsCollection } from './driver-row-server.ts'
import { MongoKeyValue } from './mongo-key-value.ts'
import { defaultPatienceMs } from './reachability.ts'
import { readWrite } from './replies.ts'

const defaultDatabase = 'frostbyte'
const openMaxMs = 60 * SECOND_MS
const openAgainMs = SECOND_MS
const duplicateKey = 11_000

/** Times are short because everything is tried again here, with a bound of its own. */
const clientOptions: MongoClientOptions = {
  appName: 'frostbyte',
  maxPoolSize: 64,
  serverSelectionTimeoutMS: 2 * SECOND_MS,
  connectTimeoutMS: 2 * SECOND_MS,
  socketTimeoutMS: 15 * SECOND_MS,
  heartbeatFrequencyMS: 2 * SECOND_MS,
  retryWrites: true,
  retryReads: true,
  readPreference: 'primary',
}

export interface OpenMongodbOptions {
  /** `mongodb://…` or `mongodb+srv://…`; may hold a password, and goes into no log and no error. */
  readonly url: string
  /** Makes a replica set where the servers of the URL belong to none yet. */
  readonly initiateReplicaSet: boolean
  /** How long a server that fails is waited for, in milliseconds. Default 20 s. */
  readonly patienceMs?: number
  /** How long the first answer is waited for, in milliseconds. Default 60 s. */
  readonly openMs?: number
  /** Further options of the driver; tests watch its commands. */
  readonly client?: MongoClientOptions
  readonly onClient?: (client: MongoClient) => void
}

export interface OpenMongodbPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Waits for a server that does not answer yet.
 * @throws FrostError `config-invalid`: the URL or the deployment; `metadata-unavailable`: no answer in time; `format-unsupported`.
 */
export async function openMongodb(ports: OpenMongodbPorts, options: OpenMongodbOptions): Promise<MongoKeyValue> {
  return await untilAnswered(ports, options, async () => {
    const server = await tryToConnect(ports, options)
    const id = Buffer.from(ports.random.bytes(8)).toString('hex')
    const { patienceMs } = options
    const more = patienceMs === undefined ? {} : { patienceMs }
    return await MongoKeyValue.open({ ...ports, server }, { id, session: server.session, ...more })
  })
}

/** The store itself, whatever its state, for what moves it as a whole. */
export async function connectMongodb(ports: OpenMongodbPorts, options: OpenMongodbOptions): Promise<DriverRowServer> {
  return await untilAnswered(ports, options, async () => await tryToConnect(ports, options))
}

async function untilAnswered<T>(
  { clock, log }: OpenMongodbPorts,
  options: OpenMongodbOptions,
  open: () => Promise<T>,
): Promise<T> {
  const startedMs = clock.monotonicMs()
  for (let tries = 0; ; tries++) {
    try {
      return await open()
    } catch (error) {
      if (error instanceof FrostError && error.code !== 'metadata-unavailable') throw error
      const reason = error instanceof Error ? error.message : 'unknown'
      if (tries === 0) log.warn('MongoDB does not answer yet; it is waited for.', { reason })
      if (clock.monotonicMs() - startedMs >= (options.openMs ?? openMaxMs))
        throw new FrostError('metadata-unavailable', `MongoDB does not answer: ${reason}`, {
          remedy:
            'See that it runs, has a primary, and that metadata-url names it with user and password where it wants them.',
          cause: error,
        })
      await clock.sleep(openAgainMs)
    }
  }
}

async function tryToConnect(ports: OpenMongodbPorts, options: OpenMongodbOptions): Promise<DriverRowServer> {
  const { clock, random, log } = ports
  const driver = await import('mongodb')
  const client = makeClient(driver.MongoClient, options.url, { ...clientOptions, ...options.client })
  options.onClient?.(client)
  try {
    await client.connect().catch(async (error: unknown) => {
      if (!(await wasInitiated(driver.MongoClient, options, clock))) throw error
      await client.connect()
    })
    await checkDeployment(client.db('admin'), log)
    const db = client.db(databaseOf(options.url))
    await ignoreWhatIsThere(db.createCollection(rowsCollection, { writeConcern: { w: 'majority', journal: true } }))
    const guard = { number: 0, commit: 'none', state: 'open', instances: new Map() } as const
    const insert = { insert: rowsCollection, documents: [guardDocument(guard)] }
    const { failure } = readWrite(await db.command({ ...insert, writeConcern: { w: 'majority', j: true } }))
    if (failure !== undefined && failure.code !== duplicateKey)
      throw new Error(`MongoDB did not write: ${failure.message}`)
    const patienceMs = options.patienceMs ?? defaultPatienceMs
    return new DriverRowServer({ client, db, driver, clock, random, patienceMs })
  } catch (error) {
    await client.close()
    throw error
  }
}

/**
 * Looks why the replica set does not answer: its first member may be none yet, and is made one where that is asked for. Not asked while the
 * set answers, because then the first member may be down.
 * @throws FrostError `config-invalid`: the server answers, but not as a member of a replica set.
 */
async function wasInitiated(Client: typeof MongoClient, options: OpenMongodbOptions, clock: Clock): Promise<boolean> {
  const { hosts } = makeClient(Client, options.url, {}).options
  const [, name] = /[?&]replicaSet=([^&]+)/.exec(options.url) ?? []
  return await withFirstMember(Client, options, async (direct) => {
    const hello = await direct.db('admin').command({ hello: 1 })
    const isFresh = hello['isreplicaset'] === true && hello['setName'] === undefined
    if (!isFresh || !options.initiateReplicaSet) {
      checkIsMember(hello)
      return false
    }
    if (name === undefined)
      throw new FrostError('config-invalid', 'metadata-url does not name the replica set that is to be initiated.', {
        remedy: 'Name it and its members: mongodb://host1:27017,host2:27017/?replicaSet=rs0',
      })
    await initiate(direct, { name: decodeURIComponent(name), members: hosts.map(String) }, clock)
    return true
  })
}

/** With a client of the first member alone, without credentials: what it is asked needs none. */
async function withFirstMember(
  Client: typeof MongoClient,
  { url, client: more }: OpenMongodbOptions,
  body: (direct: MongoClient) => Promise<boolean>,
): Promise<boolean> {
  const { hosts, tls } = makeClient(Client, url, {}).options
  const [first] = hosts
  if (first === undefined) return false
  const options = { ...clientOptions, ...more, tls, directConnection: true }
  const direct = makeClient(Client, `mongodb://${String(first)}/`, options)
  try {
    return await body(direct)
  } finally {
    await direct.close()
  }
}

function databaseOf(url: string): string {
  const [, name = ''] = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(url) ?? []
  return name === '' ? defaultDatabase : decodeURIComponent(name)
}

/** The driver's own words may hold the URL. @throws FrostError `config-invalid`. */
function makeClient(Client: typeof MongoClient, url: string, options: MongoClientOptions): MongoClient {
  try {
    return new Client(url, options)
  } catch {
    throw new FrostError('config-invalid', 'metadata-url is no address of MongoDB that its driver understands.', {
      remedy:
        'Give it as mongodb://USER:PASSWORD@HOST:27017/?replicaSet=rs0; special characters of the password as %XX.',
    })
  }
}

async function ignoreWhatIsThere(made: Promise<unknown>): Promise<void> {
  try {
    await made
  } catch (error) {
    if (!isThereAlready(error)) throw error
  }
}
