// Starts child processes of this program, keeps them running, and ends them with itself.
//
// - A child tells that it is ready, and with what addresses, over its IPC channel. When the channel breaks because the
//   supervisor is gone, however it went, the child ends by itself (child-process.ts).
// - A child that dies is started again after a growing wait. One that ends before it was ever ready was not able to start:
//   then the supervisor reports its failure instead of trying for ever.
// - Watchdog: each child answers pings; one that has been silent for too long (stopped, stuck in a loop) is killed, because it may
//   hold a lock that others wait for.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

import { FrostError } from '../base/errors.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Clock, Timer } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { parseChildMessage } from './child-messages.ts'
import type { SupervisorMessage } from './child-messages.ts'

export interface ChildSpec {
  readonly name: string
  /** Arguments of the `frostbyte` command. */
  readonly args: readonly string[]
  /** Variables beside this process's own, which count over them. */
  readonly env?: Readonly<Record<string, string>>
  /** Variables of this process that the child does not get. */
  readonly withoutEnv?: readonly string[]
  /** Flags for Node.js itself. */
  readonly nodeArgs?: readonly string[]
  /** Processes of one group are told of each other. */
  readonly group?: string
  /** Those with a lower one have ended before it is asked to. Default 0. */
  readonly stopTurn?: number
}

export interface SupervisorOptions {
  /** The launcher that children run. */
  readonly launcher: string
  /** Default 5 s. A stopped child is killed after so long without an answer. */
  readonly silenceMaxMs?: number
  /** For the graceful end of the children of one turn. Default 10 s. */
  readonly stopMs?: number
}

export type ChildAddresses = Readonly<Record<string, string>>

const restartFirstMs = 200
const restartMaxMs = 5 * SECOND_MS
const pingEveryMs = SECOND_MS
/** A child that has run for so long counts as well again. */
const settledMs = 30 * SECOND_MS

export class Supervisor {
  readonly #clock: Clock
  readonly #log: Log
  readonly #options: Required<SupervisorOptions>
  readonly #children: SupervisedChild[] = []

  constructor(ports: { readonly clock: Clock; readonly log: Log }, options: SupervisorOptions) {
    this.#clock = ports.clock
    this.#log = ports.log
    this.#options = { silenceMaxMs: 5 * SECOND_MS, stopMs: 10 * SECOND_MS, ...options }
  }

  /** Resolves when the child is ready for the first time. @throws FrostError `internal`: it ended before. */
  async start(spec: ChildSpec): Promise<ChildAddresses> {
    const onReady = (): void => this.#introduce(spec.group)
    const child = new SupervisedChild({ clock: this.#clock, log: this.#log, onReady }, this.#options, spec)
    this.#children.push(child)
    return await child.start()
  }

  /** Process ids of the children that run now, by name. */
  pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.#children.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const])),
    )
  }

  /** Tells each process of the group which others run. */
  #introduce(group: string | undefined): void {
    if (group === undefined) return
    const running = this.#children.filter((child) => child.group === group && child.addresses !== undefined)
    for (const child of running) {
      const others = running.filter((other) => other !== child).map(({ name, addresses = {} }) => ({ name, addresses }))
      child.send({ kind: 'siblings', own: child.name, others })
    }
  }

  /** Asks all to end, turn by turn, and kills those that have not after the time for it. */
  async stop(): Promise<void> {
    const turns = [...new Set(this.#children.map(({ stopTurn }) => stopTurn))].toSorted((left, right) => left - right)
    for (const turn of turns) {
      const children = this.#children.filter(({ stopTurn }) => stopTurn === turn)
      await Promise.all(children.map(async (child) => await child.stop()))
    }
  }
}

class SupervisedChild {
  readonly name: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #onReady: () => void
  readonly #options: Required<SupervisorOptions>
  readonly #spec: ChildSpec
  readonly #ready = Promise.withResolvers<ChildAddresses>()
  #process: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #isReady = false
  #isStopping = false
  #restartMs = restartFirstMs
  #addresses: ChildAddresses | undefined
  #heardAtMs = 0
  #timer: Timer | undefined

  constructor(
    ports: { readonly clock: Clock; readonly log: Log; readonly onReady: () => void },
    options: Required<SupervisorOptions>,
    spec: ChildSpec,
  ) {
    this.name = spec.name
    this.#onReady = ports.onReady
    this.#clock = ports.clock
    this.#log = ports.log.with({ child: spec.name })
    this.#options = options
    this.#spec = spec
  }

  get group(): string | undefined {
    return this.#spec.group
  }

  get stopTurn(): number {
    return this.#spec.stopTurn ?? 0
  }

  /** Those that it has told since it was started last; `undefined`: it is not ready. */
  get addresses(): ChildAddresses | undefined {
    return this.#addresses
  }

  send(message: SupervisorMessage): void {
    if (this.#process?.connected === true) this.#process.send(message, () => undefined)
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  async start(): Promise<ChildAddresses> {
    this.#spawn()
    return await this.#ready.promise
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#timer?.cancel()
    const child = this.#process
    if (child === undefined) return
    child.kill('SIGTERM')
    const kill = this.#clock.startTimer(this.#options.stopMs, () => child.kill('SIGKILL'))
    await this.#ended
    kill.cancel()
  }

  #spawn(): void {
    const { args, env, withoutEnv = [], nodeArgs } = this.#spec
    const own = Object.entries(process.env).filter(([name]) => !withoutEnv.includes(name))
    const startedMs = this.#clock.monotonicMs()
    const child = spawn(process.execPath, [...(nodeArgs ?? []), this.#options.launcher, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // In a process group of its own, so that Ctrl-C reaches the supervisor alone, which ends its children in order.
      detached: true,
      env: { ...env, ...Object.fromEntries(own) },
    })
    this.#process = child
    this.#heardAtMs = startedMs
    child.on('message', (message) => this.#onMessage(message))
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#onExit(startedMs, signal ?? `exit code ${code}`)
        resolve()
      })
      child.once('error', (error) => {
        if (child.pid !== undefined) return
        this.#onExit(startedMs, error.message)
        resolve()
      })
    })
    this.#watch()
  }

  #onMessage(raw: unknown): void {
    const message = parseChildMessage(raw)
    this.#heardAtMs = this.#clock.monotonicMs()
    if (message?.kind !== 'ready') return
    this.#isReady = true
    this.#addresses = message.addresses
    this.#ready.resolve(message.addresses)
    this.#onReady()
  }

  /** Pings, and kills a child that does not answer. One that has not started yet may take its time (a long replay). */
  #watch(): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.startTimer(pingEveryMs, () => {
      const child = this.#process
      if (child === undefined) return
      const silenceMs = this.#clock.monotonicMs() - this.#heardAtMs
      if (this.#isReady && silenceMs > this.#options.silenceMaxMs) {
        this.#log.warn('A process does not answer any more and is killed.', { silenceMs: Math.round(silenceMs) })
        child.kill('SIGKILL')
      } else if (child.connected) {
        this.send({ kind: 'ping' })
      }
      this.#watch()
    })
  }

  #onExit(startedMs: number, reason: string): void {
    this.#timer?.cancel()
    this.#process = undefined
    this.#addresses = undefined
    if (this.#isStopping) return
    if (!this.#isReady) {
      this.#ready.reject(new FrostError('internal', `${this.name} could not start (${reason}).`))
      return
    }
    if (this.#clock.monotonicMs() - startedMs > settledMs) this.#restartMs = restartFirstMs
    this.#log.warn('A process has ended and is started again.', { reason, waitMs: this.#restartMs })
    this.#timer = this.#clock.startTimer(this.#restartMs, () => {
      if (!this.#isStopping) this.#spawn()
    })
    this.#restartMs = Math.min(this.#restartMs * 2, restartMaxMs)
  }
}
