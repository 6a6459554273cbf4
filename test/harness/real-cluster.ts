// A cluster of real processes for the longer suites: each node is a child of the test, started by the launcher as a supervisor would,
// so that a test can kill, stop and start any of them by itself. Everything is on loopback, on free ports, in a temporary folder.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { defined } from '../../src/base/assert.ts'
import { parseChildMessage } from '../../src/node/child-messages.ts'

const launcher = fileURLToPath(new URL('../../bin/frostbyte.js', import.meta.url))
const startMaxMs = 60_000

export interface RealClusterOptions {
  /** Default 5. */
  readonly workers?: number
  /** Default 1. */
  readonly masters?: number
  /** Where the metadata is in MongoDB; then each master has a directory of its own. Of a master: what the others get, or another. */
  readonly metadataUrl?: (master: number) => string
  readonly masterArgs?: readonly string[]
  readonly workerArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** For the workers alone. */
  readonly workerEnv?: Readonly<Record<string, string>>
  /** Below which the data lies; default the system's temporary folder. */
  readonly parent?: string
  /** Below which the workers' data lies; default the cluster's folder. */
  readonly workerParent?: string
  /** What one of the first workers has for itself; from 0. */
  readonly workerOwn?: (worker: number) => AddedWorker
  /** Where a worker finds the master instead of at its own address, such as a proxy. */
  readonly masterFor?: (worker: number, address: string) => Promise<string>
}

/** What a worker has for itself. */
export interface AddedWorker {
  readonly env?: Readonly<Record<string, string>>
  /** Below which its data lies; default the cluster's folder. */
  readonly parent?: string
}

/** Over the embedded store the others forward to the first; over MongoDB each is a master of its own, with the secret of all. */
function placeOfMaster(
  { metadataUrl }: RealClusterOptions,
  { directory, index, firstPort }: { readonly directory: string; readonly index: number; readonly firstPort: number },
): { readonly place: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  if (metadataUrl === undefined) {
    const committer = index === 0 ? [] : ['--committer', `127.0.0.1:${firstPort}`]
    return { place: ['--data', directory, ...committer], env: {} }
  }
  const place = ['--data', join(directory, `master-${index + 1}`), '--secret-file', join(directory, 'secret')]
  return { place, env: { FROSTBYTE_METADATA_URL: metadataUrl(index) } }
}

export class RealCluster {
  readonly directory: string
  readonly masters: readonly RealNode[]
  readonly #options: RealClusterOptions
  readonly #internalPorts: readonly number[]
  readonly #workers: RealNode[] = []
  #workersMade = 0

  private constructor(
    place: { readonly directory: string; readonly internalPorts: readonly number[] },
    masters: readonly RealNode[],
    options: RealClusterOptions,
  ) {
    this.directory = place.directory
    this.#internalPorts = place.internalPorts
    this.masters = masters
    this.#options = options
  }

  get workers(): readonly RealNode[] {
    return this.#workers
  }

  /** Starts all and waits until the cluster can write. */
  static async start(options: RealClusterOptions = {}): Promise<RealCluster> {
    const directory = await mkdtemp(join(options.parent ?? tmpdir(), 'frostbyte-test-'))
    const internalPorts = await Promise.all(Array.from({ length: options.masters ?? 1 }, freePort))
    const masters = await Promise.all(
      internalPorts.map(async (port, index) => {
        const rest = String(await freePort())
        const faces = ['--rest-port', rest, '--s3-port', 'off']
        const ports = [...faces, '--internal-port', String(port), '--observe-port', '0']
        const { place, env } = placeOfMaster(options, { directory, index, firstPort: internalPorts[0] ?? 0 })
        const args = ['master', ...place, ...ports, ...(options.masterArgs ?? [])]
        return new RealNode(`master-${index + 1}`, args, { ...options.env, ...env })
      }),
    )
    const cluster = new RealCluster({ directory, internalPorts }, masters, options)
    try {
      for (const master of masters) await master.start()
      const workers = Array.from(
        { length: options.workers ?? 5 },
        async (_, index) => await cluster.addWorker(options.workerOwn?.(index)),
      )
      await Promise.all(workers)
      await cluster.untilReady()
    } catch (error) {
      await cluster.remove()
      throw error
    }
    return cluster
  }

  /** Starts a cluster for `work`, and removes it; when that fails, the ends of all logs are printed. */
  static async use(options: RealClusterOptions, work: (cluster: RealCluster) => Promise<void>): Promise<void> {
    const cluster = await RealCluster.start(options)
    try {
      await work(cluster)
    } catch (error) {
      for (const node of cluster.nodes)
        console.log(`--- ${node.name}${node.isRunning ? '' : ', has ended'}\n${node.log.slice(-3000)}`)
      throw error
    } finally {
      await cluster.remove()
    }
  }

  /** Starts one more worker, as its one command does. */
  async addWorker({ env = {}, parent }: AddedWorker = {}): Promise<RealNode> {
    const { workerParent = this.directory, workerArgs = [], workerEnv, masterFor } = this.#options
    const index = this.#workersMade++
    const name = `worker-${index + 1}`
    const own =
      this.#options.metadataUrl === undefined
        ? `127.0.0.1:${this.#internalPorts[0]}`
        : this.#internalPorts.map((port) => `127.0.0.1:${port}`).join(',')
    const master = (await masterFor?.(index, own)) ?? own
    const place = [
      '--master',
      master,
      '--worker-port',
      '0',
      '--observe-port',
      '0',
      '--secret-file',
      join(this.directory, 'secret'),
    ]
    const node = new RealNode(name, ['worker', '--data', join(parent ?? workerParent, name), ...place, ...workerArgs], {
      ...this.#options.env,
      ...workerEnv,
      ...env,
    })
    this.#workers.push(node)
    await node.start()
    return node
  }

  get url(): string {
    return this.urlOf(0)
  }

  urlOf(index: number): string {
    const address = defined(this.masters[index], 'master').addresses['rest']
    return `http://${defined(address, 'the master tells its REST address')}`
  }

  get nodes(): readonly RealNode[] {
    return [...this.masters, ...this.workers]
  }

  /** Until every master says that it can read and write. */
  async untilReady(): Promise<void> {
    for (let index = 0; index < this.masters.length; index++) await untilOk(`${this.urlOf(index)}/readyz`)
  }

  /** Until the masters see exactly `count` workers up. */
  async untilWorkersUp(count: number): Promise<void> {
    const deadline = Date.now() + startMaxMs
    for (;;) {
      const response = await fetch(`${this.url}/api/v1/cluster`)
      const { workers } = (await response.json()) as { workers: readonly { state: string }[] }
      if (workers.filter((worker) => worker.state === 'up').length === count) return
      if (Date.now() > deadline) throw new Error(`${count} workers were not up in time: ${JSON.stringify(workers)}`)
      await sleep(100)
    }
  }

  /** Data directories of the workers that run, by their id. */
  async workerDirectories(): Promise<ReadonlyMap<string, string>> {
    const response = await fetch(`${this.url}/api/v1/cluster`)
    const state = (await response.json()) as { workers: readonly { id: string; address: string }[] }
    const directories = new Map<string, string>()
    for (const { id, address } of state.workers) {
      const worker = this.workers.find(({ addresses }) => addresses['internal'] === address)
      if (worker !== undefined) directories.set(id, worker.dataDirectory)
    }
    return directories
  }

  /** The node of a worker's id. */
  async workerOf(id: string): Promise<RealNode> {
    const directory = (await this.workerDirectories()).get(id)
    return defined(
      this.workers.find(({ dataDirectory }) => dataDirectory === directory),
      `worker ${id}`,
    )
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map(async (node) => await node.stop()))
    await Promise.all(this.masters.map(async (node) => await node.stop()))
  }

  /** Ends everything and removes the folder. */
  async remove(): Promise<void> {
    await Promise.all(this.nodes.map(async (node) => await node.kill()))
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

export class RealNode {
  readonly name: string
  readonly args: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #addresses: Readonly<Record<string, string>> = {}
  #stderr = ''

  constructor(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.name = name
    this.args = args
    this.#env = env
  }

  get addresses(): Readonly<Record<string, string>> {
    return this.#addresses
  }

  get pid(): number {
    return defined(this.#child?.pid, `${this.name} runs`)
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  get dataDirectory(): string {
    return defined(this.args[this.args.indexOf('--data') + 1], `the data directory of ${this.name}`)
  }

  /** The last it wrote to its log. */
  get log(): string {
    return this.#stderr
  }

  /** Resolves when it is ready. `env` is for this run alone. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = spawn(process.execPath, [launcher, ...this.args], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, FROSTBYTE_LOG_LEVEL: 'info', ...this.#env, ...env },
    })
    this.#child = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-200_000)
    })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.name} was not ready in time: ${this.#stderr}`)),
        startMaxMs,
      )
      child.on('message', (raw) => {
        const message = parseChildMessage(raw)
        if (message?.kind !== 'ready') return
        clearTimeout(timer)
        this.#addresses = message.addresses
        resolve()
      })
      child.once('exit', (code, signal) => {
        clearTimeout(timer)
        reject(new Error(`${this.name} ended (${signal ?? code}): ${this.#stderr.slice(-4000)}`))
      })
    })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Bytes of anonymous memory, as the kernel counts them. */
  async anonymousBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8')
    return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
  }
}

export async function untilOk(url: string): Promise<void> {
  const deadline = Date.now() + startMaxMs
  let last = ''
  while (Date.now() < deadline) {
    try {
      const response = await fetch(url)
      last = await response.text()
      if (response.ok) return
    } catch (error) {
      last = String(error)
    }
    await sleep(50)
  }
  throw new Error(`${url} did not become ready: ${last}`)
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** The first of so many free ports in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await freePort()
    const servers = await Promise.allSettled(
      Array.from({ length: count }, async (_, index) => {
        const server = createServer().listen(first + index, '127.0.0.1')
        await once(server, 'listening')
        return server
      }),
    )
    for (const server of servers) {
      if (server.status !== 'fulfilled') continue
      server.value.close()
      await once(server.value, 'close')
    }
    if (servers.every(({ status }) => status === 'fulfilled')) return first
  }
}
