// A cluster of the bench program's own: `frostbyte up` with a master and five workers on free ports, in a folder that goes away.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { listTree, memoryOf, pssOf } from '../../src/cli/bench/process-usage.ts'
import type { ServerProcess } from '../../src/cli/bench/process-usage.ts'
import type { Server } from '../../src/cli/bench/row-runner.ts'
import { freePorts } from '../../test/harness/real-cluster.ts'
import { ChildServer } from '../yardsticks/child-server.ts'
import { findFreePorts } from '../yardsticks/free-port.ts'
import type { FaceName, LoopDelay } from './faces.ts'

const workers = 5
/** The bucket is the one that REST's files are in. */
const s3 = { bucket: 'default', accessKey: 'bench-user', secretKey: 'bench-password', region: 'us-east-1' }

export interface ClusterOptions {
  readonly folder: string
  /** For every process of the cluster, such as `--cpu-prof`. */
  readonly nodeOptions?: string
  /** Default: REST alone. */
  readonly hasS3?: boolean
}

export interface IdleMemory {
  readonly masterRss: number
  /** The largest. */
  readonly workerRss: number
  readonly sumPss: number
  readonly processes: number
}

export class Cluster implements Server {
  readonly name = 'frostbyte'
  readonly target: Server['target']
  readonly #child: ChildServer
  readonly #s3Port: number
  readonly #observePort: number

  private constructor(child: ChildServer, ports: { port: number; s3Port: number; observePort: number }) {
    this.#child = child
    this.#s3Port = ports.s3Port
    this.#observePort = ports.observePort
    this.target = { host: '127.0.0.1', port: ports.port, dialect: 'frostbyte' }
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { folder, nodeOptions, hasS3 = false } = options
    mkdirSync(folder, { recursive: true })
    const ports = await findFreePorts(3)
    const [port = 0, internalPort = 0, s3Port = 0] = ports
    const observePort = await freePorts(workers + 1)
    const args = [
      join(import.meta.dirname, '../../bin/frostbyte.js'),
      'up',
      '--data',
      folder,
      '--workers',
      String(workers),
    ]
    args.push('--port', String(port), '--internal-port', String(internalPort), '--first-worker-port', '0')
    args.push('--observe-port', String(observePort))
    args.push('--s3-port', hasS3 ? String(s3Port) : 'off')
    const env = {
      ...process.env,
      ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }),
      ...(hasS3 ? { FROSTBYTE_ROOT_USER: s3.accessKey, FROSTBYTE_ROOT_PASSWORD: s3.secretKey } : {}),
    }
    const child = await ChildServer.start({ command: process.execPath, args, env, port, startTimeoutMs: 60_000 })
    const cluster = new Cluster(child, { port, s3Port, observePort })
    await cluster.#waitUntilReady()
    return cluster
  }

  processes = (): readonly ServerProcess[] => {
    const tree = listTree(this.#child.pid).map(({ pid, command }) => ({ pid, role: roleOf(command) }))
    // Where `up` starts its master as a process of its own, it is only their parent itself.
    const isParentOnly = tree.some((one) => one.role === 'master')
    return tree.map(({ pid, role }) => ({ pid, role: role === 'up' && !isParentOnly ? 'master' : role }))
  }

  /** The same cluster through S3. */
  face(name: FaceName): Server {
    const target = {
      host: '127.0.0.1',
      port: this.#s3Port,
      dialect: 's3',
      s3: { ...s3, signsBodies: name === 's3-sha256' },
    } as const
    return { name, target, processes: this.processes }
  }

  /** Since it was asked before: each answer of the master begins a new measurement. */
  async loopDelay(): Promise<LoopDelay> {
    const response = await fetch(`http://127.0.0.1:${this.#observePort}/metrics`)
    const text = await response.text()
    const ms = (name: string): number =>
      Number(
        new RegExp(`^nodejs_eventloop_lag_${name}_seconds(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN,
      ) * 1000
    return { p99Ms: ms('p99'), maxMs: ms('max') }
  }

  get output(): string {
    return this.#child.output
  }

  /** Lets it settle first: what the start needed and gives back is not idle memory. */
  async measureIdle(): Promise<IdleMemory> {
    await sleep(4000)
    const processes = this.processes()
    const rss = (role: string): number =>
      Math.max(0, ...processes.filter((one) => one.role === role).map((one) => memoryOf(one.pid)?.rss ?? 0))
    return {
      masterRss: rss('master'),
      workerRss: rss('worker'),
      sumPss: processes.reduce((sum, one) => sum + (pssOf(one.pid) ?? 0), 0),
      processes: processes.length,
    }
  }

  async stop(): Promise<void> {
    await this.#child.stop()
  }

  async #waitUntilReady(): Promise<void> {
    const { host, port } = this.target
    for (let attempt = 0; attempt < 300; attempt++) {
      const response = await fetch(`http://${host}:${port}/readyz`).catch(() => undefined)
      await response?.body?.cancel()
      if (response?.ok === true) return
      await sleep(100)
    }
    throw new Error(`the cluster does not get ready; it said:\n${this.output}`)
  }
}

function roleOf(command: string): string {
  return /\.js (worker|master|up)\b/.exec(command)?.[1] ?? 'other'
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
