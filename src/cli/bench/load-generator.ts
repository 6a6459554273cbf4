// The client processes as one: splits a job's clients over them and adds up what they report.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

import { assert } from '../../base/assert.ts'
import { LatencyHistogram } from './latency.ts'
import type { ClientMessage, Job, Outcome, Progress } from './job.ts'

/** Each client process has its own series of files, so that no two of them take the same one. */
export type JobOfProcess = (processIndex: number) => Omit<Job, 'clients' | 'operationsMax'>

export interface SplitJob {
  readonly clients: number
  readonly operationsMax: number
  readonly jobOf: JobOfProcess
}

export interface TotalOutcome extends Omit<Outcome, 'latencies'> {
  readonly latencies: LatencyHistogram
  /** In the order of the processes. */
  readonly operationsOfProcess: readonly number[]
}

export class LoadGenerator {
  readonly #processes: ChildProcess[] = []

  async start(processCount: number): Promise<void> {
    // The source runs as .ts, the published package as .js.
    const path = fileURLToPath(new URL(`client-process${extname(import.meta.url)}`, import.meta.url))
    const env = { ...process.env, NODE_OPTIONS: '' } // profiling flags are meant for the servers
    for (let index = 0; index < processCount; index++) {
      const child = fork(path, [], { execArgv: [], env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      this.#processes.push(child)
    }
    await Promise.all(
      this.#processes.map(async (child) => await nextMessage(child, (message) => message.kind === 'ready')),
    )
  }

  get processCount(): number {
    return this.#processes.length
  }

  /** The smaller jobs take only as many processes as they have clients. */
  async run(job: SplitJob, onProgress: (progress: Progress) => void): Promise<TotalOutcome> {
    const used = this.#processes.slice(0, Math.min(this.#processes.length, job.clients))
    assert(used.length > 0, 'the load generator was started')
    const reached = used.map(() => ({ operations: 0, bytes: 0 }))
    const outcomes = await Promise.all(
      used.map(async (child, index) => {
        child.send({
          ...job.jobOf(index),
          clients: share(job.clients, used.length, index),
          operationsMax: share(job.operationsMax, used.length, index),
        } satisfies Job)
        return await outcomeOf(child, (progress) => {
          reached[index] = progress
          onProgress(sum(reached))
        })
      }),
    )
    return total(outcomes)
  }

  close(): void {
    for (const child of this.#processes.splice(0)) child.kill('SIGKILL')
  }
}

/** Of 64 clients over 3 processes: 22, 21, 21. */
function share(amount: number, parts: number, index: number): number {
  if (!Number.isFinite(amount)) return Number.MAX_SAFE_INTEGER
  return Math.floor(amount / parts) + (index < amount % parts ? 1 : 0)
}

function sum(reached: readonly Progress[]): Progress {
  return {
    operations: reached.reduce((all, one) => all + one.operations, 0),
    bytes: reached.reduce((all, one) => all + one.bytes, 0),
  }
}

function total(outcomes: readonly Outcome[]): TotalOutcome {
  const latencies = new LatencyHistogram()
  for (const outcome of outcomes) latencies.add(outcome.latencies)
  return {
    operations: outcomes.reduce((all, one) => all + one.operations, 0),
    bytes: outcomes.reduce((all, one) => all + one.bytes, 0),
    names: outcomes.reduce((all, one) => all + one.names, 0),
    failures: outcomes.reduce((all, one) => all + one.failures, 0),
    seconds: Math.max(...outcomes.map((one) => one.seconds)),
    firstFailure: outcomes.find((one) => one.firstFailure !== undefined)?.firstFailure,
    operationsOfProcess: outcomes.map((one) => one.operations),
    latencies,
  }
}

async function outcomeOf(child: ChildProcess, onProgress: (progress: Progress) => void): Promise<Outcome> {
  const end = await nextMessage(child, (message) => {
    if (message.kind === 'progress') onProgress(message.progress)
    return message.kind === 'done' || message.kind === 'failed'
  })
  if (end.kind === 'done') return end.outcome
  throw new Error(end.kind === 'failed' ? end.message : 'a client process ended a job without an outcome')
}

async function nextMessage(child: ChildProcess, isIt: (message: ClientMessage) => boolean): Promise<ClientMessage> {
  return await new Promise<ClientMessage>((resolve, reject) => {
    const onMessage = (raw: unknown): void => {
      const message = raw as ClientMessage
      if (!isIt(message)) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(message)
    }
    const onExit = (): void => reject(new Error('a client process of the benchmark ended'))
    child.on('message', onMessage)
    child.once('exit', onExit)
  })
}
