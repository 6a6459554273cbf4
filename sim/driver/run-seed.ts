// One seed from its start to its verdict. First safety: clients ask for things while faults strike, and what they are told is written
// down. Then liveness: the faults stop, all that is not lost for good is started, and within bounded virtual time everything that
// was left undone is done. Then the checkers have their say.

import { AssertionError } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { SECOND_MS } from '../../src/base/units.ts'
import { SimulatedCluster } from '../cluster.ts'
import { Defects } from '../defects.ts'
import { FaultInjector } from '../faults/injector.ts'
import { forbidRealWorld } from './forbid-real-world.ts'
import { History } from '../history.ts'
import { checkLiveness } from '../liveness.ts'
import { noPlant } from '../plants/plant.ts'
import type { Plant } from '../plants/plant.ts'
import type { TracedEvent } from '../ports/trace.ts'
import { Supervisor } from '../supervisor.ts'
import type { WorkerNode } from '../worker-node.ts'
import { drawWorld, pick } from '../world.ts'
import type { World } from '../world.ts'
import { checkHistory } from '../checkers/history.ts'
import { bucket, Client } from '../workload/client.ts'
import { ObjectClient } from '../workload/object-client.ts'

export interface SeedOptions {
  readonly plant?: Plant
  readonly onEvent?: (event: TracedEvent) => void
  /** What happens, for people. */
  readonly tell?: (text: string) => void
  /** Every line that the nodes logged, at the end. */
  readonly tellLog?: (text: string) => void
}

export interface SeedResult {
  readonly seed: number
  /** Empty: it passed. */
  readonly defects: readonly string[]
  readonly hash: string
  readonly events: number
  readonly virtualMs: number
  readonly counts: ReadonlyMap<string, number>
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const defects = new Defects()
  const allowRealWorld = forbidRealWorld((name) => defects.add(`${name} was called in a simulated layer`))
  const onRejection = (reason: unknown): void => defects.add(`nobody handled a rejection: ${describe(reason)}`)
  const onException = (error: unknown): void => defects.add(`a defect: ${describe(error)}`)
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onException)
  const putBack = options.plant?.replace?.()
  const run = new SeedRun(seed, defects, options)
  try {
    await run.run()
  } catch (error) {
    defects.add(describe(error))
  } finally {
    putBack?.()
    allowRealWorld()
    process.off('unhandledRejection', onRejection)
    process.off('uncaughtException', onException)
  }
  const result = run.result()
  run.end()
  return result
}

class SeedRun {
  readonly #seed: number
  readonly #random: SeededRandom
  readonly #options: SeedOptions
  readonly #defects: Defects
  readonly #world: World
  readonly #cluster: SimulatedCluster
  readonly #supervisor: Supervisor
  readonly #history = new History()
  readonly #counts = new Map<string, number>()

  constructor(seed: number, defects: Defects, options: SeedOptions) {
    this.#seed = seed
    this.#defects = defects
    this.#options = options
    this.#random = new SeededRandom(seed)
    this.#world = drawWorld(this.#random.fork())
    const world = this.#world
    const pace = this.#random.fork()
    const { plant = noPlant } = options
    this.#cluster = new SimulatedCluster({
      ...world,
      seed: this.#random.uint32(),
      commitMs: () => pace.float() * world.commitMsMax,
      diskStepMs: () => pace.float() * world.diskStepMsMax,
      plant,
    })
    this.#cluster.network.defaultLink = { delayMsMin: 0, delayMsMax: world.delayMsMax }
    this.#supervisor = new Supervisor(this.#cluster)
    if (options.onEvent !== undefined) this.#cluster.time.trace.onEvent = options.onEvent
  }

  async run(): Promise<void> {
    const { time } = this.#cluster
    this.#tell(describeWorld(this.#world))
    const supervising = this.#own(this.#supervisor.run())
    await this.#until(() => this.#cluster.masters.every(canServe), 120 * SECOND_MS, 'the cluster starts')
    if (this.#world.habits.has('versions')) await this.#keepVersions()
    const scene = {
      cluster: this.#cluster,
      world: this.#world,
      supervisor: this.#supervisor,
      random: this.#random.fork(),
      damaged: this.#drawDamaged(),
      spent: new Set<WorkerNode>(),
    }
    const injector = new FaultInjector(scene, (text) => this.#tell(text))
    const injecting = this.#own(injector.run())
    const endMs = time.nowMs + this.#world.safetyMs
    const clients = [...this.#makeClients(), ...this.#makeObjectClients()]
    const asking = Promise.all(clients.map(async (client) => await this.#own(client.run(() => time.nowMs >= endMs))))
    await time.advance(this.#world.safetyMs)
    injector.stop()
    this.#tell('the faults stop')
    for (const [name, count] of injector.counts) this.#counts.set(`fault: ${name}`, count)
    for (const node of this.#supervisor.nodes) node.resume()
    this.#supervisor.release()
    await this.#liveness({ asking, damaged: scene.damaged })
    checkHistory(this.#history, this.#defects, this.#counts)
    this.#supervisor.end()
    await time.run(Promise.all([supervising, injecting]))
    this.#checkLog()
  }

  result(): SeedResult {
    this.#tellLog()
    const { time } = this.#cluster
    return {
      seed: this.#seed,
      defects: this.#defects.all,
      hash: time.trace.hash,
      events: time.eventCount,
      virtualMs: time.nowMs,
      counts: this.#counts,
    }
  }

  end(): void {
    this.#cluster.time.end()
  }

  async #liveness(at: { readonly asking: Promise<unknown>; readonly damaged: ReadonlySet<WorkerNode> }): Promise<void> {
    let isAsked = false
    at.asking.then(
      () => {
        isAsked = true
      },
      () => undefined,
    )
    await this.#until(() => isAsked, 180 * SECOND_MS, 'every request has its answer')
    await this.#until(() => this.#isWhole(), 180 * SECOND_MS, 'every master serves, connected to every worker')
    await checkLiveness({
      cluster: this.#cluster,
      supervisor: this.#supervisor,
      damaged: at.damaged,
      until: async (holds, timeMaxMs, what) => await this.#until(holds, timeMaxMs, what),
      parts: this.#clientWorld(),
      random: this.#random.fork(),
    })
  }

  #isWhole(): boolean {
    const { masters, workers } = this.#cluster
    const running = workers.filter((node) => node.isServing).length
    const expected = workers.filter((node) => !this.#supervisor.isGone(node)).length
    const isConnected = masters.every((node) => canServe(node) && node.master.counts().workersConnected === expected)
    return running === expected && isConnected
  }

  #makeClients(): readonly Client[] {
    const parts = this.#clientWorld()
    return Array.from(
      { length: this.#world.clients },
      (_, index) => new Client(parts, this.#random.fork(), `client-${index + 1}`),
    )
  }

  #makeObjectClients(): readonly ObjectClient[] {
    const parts = this.#clientWorld()
    return Array.from(
      { length: this.#world.objectClients },
      (_, index) => new ObjectClient(parts, this.#random.fork(), `object-client-${index + 1}`),
    )
  }

  /** The bucket of all clients keeps versions from now on, whichever face they write through. */
  async #keepVersions(): Promise<void> {
    const { objects } = this.#cluster
    await this.#cluster.time.run(objects.changeBucket({ bucket, versioning: 'enabled' }))
  }

  readonly #versions: ConstructorParameters<typeof Client>[0]['versions'] = new Map()

  #clientWorld(): ConstructorParameters<typeof Client>[0] {
    return {
      cluster: this.#cluster,
      world: this.#world,
      history: this.#history,
      defects: this.#defects,
      counts: this.#counts,
      versions: this.#versions,
    }
  }

  #drawDamaged(): ReadonlySet<WorkerNode> {
    const damaged = new Set<WorkerNode>()
    while (damaged.size < this.#world.damagedMax) damaged.add(pick(this.#random, this.#cluster.workers))
    return damaged
  }

  async #until(holds: () => boolean | Promise<boolean>, timeMaxMs: number, what: string): Promise<void> {
    const { time } = this.#cluster
    const endMs = time.nowMs + timeMaxMs
    while (!(await time.run(Promise.resolve(holds())))) {
      if (time.nowMs >= endMs) {
        const failures = [...this.#supervisor.failures].map(([node, error]) => `${node.host}: ${describe(error)}`)
        throw new Error(
          `not within ${timeMaxMs} ms: ${what}${failures.length === 0 ? '' : ` (${failures.join('; ')})`}`,
        )
      }
      await time.advance(2000)
    }
    this.#tell(`${what}: yes`)
  }

  /** A part of the driver itself, which must not fail. */
  async #own(promise: Promise<unknown>): Promise<void> {
    try {
      await promise
    } catch (error) {
      this.#defects.add(`the driver failed: ${describe(error)}`)
    }
  }

  /** Assertions that something caught and logged are defects too. */
  #checkLog(): void {
    for (const { message, error, fields } of this.#cluster.log.entries) {
      if (error instanceof AssertionError || error instanceof TypeError || error instanceof RangeError)
        this.#defects.add(`${String(fields['node'])} logged a defect: ${message} ${describe(error)}`)
    }
  }

  /** What the nodes themselves had to say. */
  #tellLog(): void {
    for (const { level, message, error, fields } of this.#cluster.log.entries) {
      const reason = error === undefined ? '' : describe(error).split('\n')[0]
      this.#options.tellLog?.(`${level} ${JSON.stringify(fields)} ${message} ${reason}`)
    }
  }

  #tell(text: string): void {
    this.#options.tell?.(`${String(Math.round(this.#cluster.time.nowMs)).padStart(7)} ms  ${text}`)
  }
}

function canServe(master: SimulatedCluster['masters'][number]): boolean {
  if (!master.isServing) return false
  const { canRead, canWrite } = master.files.readiness()
  return canRead && canWrite
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (because: ${describe(error.cause)})`
  return `${error.stack ?? error.message}${cause}`
}

function describeWorld(world: World): string {
  const { scheme, faults, habits, store, healing, ...rest } = world
  const numbers = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`)
  return [
    `scheme ${scheme.dataColumns}+${scheme.parityColumns}`,
    ...numbers,
    `store ${JSON.stringify(store)}`,
    `healing ${JSON.stringify(healing)}`,
    `habits: ${[...habits].join(' ')}`,
    `faults: ${[...faults].join(' ')}`,
  ].join(', ')
}
