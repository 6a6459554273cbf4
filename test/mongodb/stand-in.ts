// The MongoDB server of these tests: what FROSTBYTE_TEST_MONGODB_URL names, or a stand-in that each test file starts for itself, where its
// program is there: `mongodb/start` in FROSTBYTE_SHARED, or in `shared` beside the repository. Where neither is there the tests are
// skipped and say why; in CI they fail.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { CollectingLog } from '../../sim/ports/log.ts'
import { NodeClock } from '../../src/node/clock.ts'
import type { MongoKeyValue } from '../../src/node/mongodb/mongo-key-value.ts'
import { openMongodb } from '../../src/node/mongodb/open-mongodb.ts'
import type { OpenMongodbOptions } from '../../src/node/mongodb/open-mongodb.ts'
import { NodeRandom } from '../../src/node/random.ts'

const run = promisify(execFile)
const given = process.env['FROSTBYTE_TEST_MONGODB_URL']
const shared = process.env['FROSTBYTE_SHARED'] ?? join(import.meta.dirname, '../../../shared')
const program = join(shared, 'mongodb/start')
const startMaxMs = 300_000

const isWanted = process.env['CI'] !== undefined
/** Why tests that take any MongoDB are skipped; `false`: they are not. */
export const withoutServer: string | false =
  isWanted || given !== undefined || existsSync(program)
    ? false
    : 'no MongoDB: FROSTBYTE_TEST_MONGODB_URL names none, and there is no stand-in in FROSTBYTE_SHARED'
/** The same of tests that kill the server, or plant faults in it. */
export const withoutStandIn: string | false =
  isWanted || existsSync(program) ? false : 'no stand-in of MongoDB, which could be killed, in FROSTBYTE_SHARED'

export type StandInKind = 'replica-set' | 'standalone' | 'uninitiated'

export class StandIn {
  readonly directory: string
  readonly url: string
  readonly port: number
  readonly #env: Readonly<Record<string, string>>
  #pid: number

  private constructor(
    place: Pick<StandIn, 'directory' | 'url' | 'port'>,
    env: Readonly<Record<string, string>>,
    pid: number,
  ) {
    this.directory = place.directory
    this.url = place.url
    this.port = place.port
    this.#env = env
    this.#pid = pid
  }

  static async start(kind: StandInKind = 'replica-set'): Promise<StandIn> {
    const directory = await mkdtemp(join(tmpdir(), 'frostbyte-mongodb-'))
    const env: Record<string, string> =
      kind === 'standalone' ? { STANDALONE: '1' } : kind === 'uninitiated' ? { UNINITIATED: '1' } : {}
    const port = await freePort()
    const { pid, url } = await launch(port, directory, env)
    return new StandIn({ directory, url, port }, env, pid)
  }

  /** A second server with the data that the other one has now, which is down. */
  static async copyOf(other: StandIn): Promise<StandIn> {
    const directory = await mkdtemp(join(tmpdir(), 'frostbyte-mongodb-'))
    await cp(other.directory, directory, { recursive: true })
    const port = await freePort()
    const { pid, url } = await launch(port, directory, {})
    return new StandIn({ directory, url, port }, {}, pid)
  }

  get pid(): number {
    return this.#pid
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await end(this.#pid, 'SIGKILL')
  }

  /** On the same port and data, after it was killed. */
  async restart(): Promise<void> {
    this.#pid = (await launch(this.port, this.directory, this.#env)).pid
  }

  async remove(): Promise<void> {
    await end(this.#pid, 'SIGKILL')
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** The server of a test file; `url` has no database in it. */
export interface TestServer {
  readonly url: string
  remove(): Promise<void>
}

export async function anyServer(): Promise<TestServer> {
  if (given === undefined) return await StandIn.start()
  return { url: given, remove: () => Promise.resolve() }
}

let databases = 0

/** The same server with a database that nobody else uses. */
export function withDatabase(url: string): string {
  const [, start = '', query = ''] =
    /^([^?]*?)\/?(\?.*)?$/.exec(url.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/[^?]*/, '$1')) ?? []
  databases += 1
  return `${start}/test-${process.pid}-${Date.now()}-${databases}${query}`
}

export const log = new CollectingLog()

export async function openMap(url: string, options: Partial<OpenMongodbOptions> = {}): Promise<MongoKeyValue> {
  const ports = { clock: new NodeClock(), random: new NodeRandom(), log }
  return await openMongodb(ports, { url, initiateReplicaSet: false, ...options })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => {
    server.once('listening', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => {
    server.close(resolve)
  })
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function launch(
  port: number,
  directory: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly pid: number; readonly url: string }> {
  const { stdout } = await run(program, [String(port), directory], {
    env: { ...process.env, ...env },
    timeout: startMaxMs,
  })
  const [pid = '', url = ''] = stdout.trim().split(' ')
  return { pid: Number(pid), url }
}

async function end(pid: number, signal: NodeJS.Signals): Promise<void> {
  try {
    process.kill(pid, signal)
    for (;;) {
      process.kill(pid, 0)
      await sleep(20)
    }
  } catch {
    // It is gone.
  }
}
