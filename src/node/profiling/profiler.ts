// Profiles of this process by what Node.js has built in (node:inspector): no port is opened and nothing is loaded for it but, when a
// profile is asked for, the encoder. The heap is sampled from the start on, as Go does, so that a profile can say what was allocated
// hours ago and never given up; that costs one sample for 64 KiB allocated (docs/adr/0065-profiles-by-the-inspector.md).

import { Session } from 'node:inspector'
import type { Profiler as V8Profiler } from 'node:inspector'
import { setTimeout as sleep } from 'node:timers/promises'

import { FrostError } from '../../base/errors.ts'
import { KIB, SECOND_MS } from '../../base/units.ts'
import type { SampledHeap } from './heap-profile.ts'
import type { Activity, Profiler, ProfileWindow } from '../../ports/profiler.ts'

interface HeapAnswer {
  readonly profile: SampledHeap
}

/** Finer than Go's 512 KiB: the heaps here have some 15 MiB, since blocks and bodies lie outside of them. */
const heapIntervalBytes = 64 * KIB
const cpuIntervalMicros = 1000

export class NodeProfiler implements Profiler {
  readonly #heap = new Session()
  #heapSinceMs = 0
  #isRunning = false
  /** The heap's sampling keeps what was given up, too. */
  #isAllocating = false

  /** Begins to sample the heap. Once. */
  start(): void {
    this.#heap.connect()
    this.#startSampling({})
    this.#heapSinceMs = Date.now()
  }

  async cpu({ seconds, signal }: ProfileWindow): Promise<Uint8Array> {
    return await this.#alone(async () => {
      const { toCpuPprof } = await import('./cpu-profile.ts')
      const session = new Session()
      session.connect()
      try {
        post(session, 'Profiler.enable')
        post(session, 'Profiler.setSamplingInterval', { interval: cpuIntervalMicros })
        const startedMs = Date.now()
        const [allBefore, threadBefore] = [process.cpuUsage(), process.threadCpuUsage()]
        post(session, 'Profiler.start')
        await sleep(seconds * SECOND_MS, undefined, { signal })
        const thread = micros(process.threadCpuUsage(threadBefore))
        const all = micros(process.cpuUsage(allBefore))
        const { profile } = post<V8Profiler.StopReturnType>(session, 'Profiler.stop')
        const measured = { profile, intervalMicros: cpuIntervalMicros, startedMs, threadMicros: thread }
        return await toCpuPprof({ ...measured, otherMicros: Math.max(0, all - thread) }).encode()
      } finally {
        session.disconnect()
      }
    })
  }

  async heap({ collect }: { readonly collect: boolean }): Promise<Uint8Array> {
    const { toHeapPprof } = await import('./heap-profile.ts')
    if (collect) await collectGarbage(this.#heap)
    if (this.#isAllocating) throw running()
    const { profile } = post<HeapAnswer>(this.#heap, 'HeapProfiler.getSamplingProfile')
    return await toHeapPprof({
      profile,
      intervalBytes: heapIntervalBytes,
      startedMs: this.#heapSinceMs,
      durationMs: Date.now() - this.#heapSinceMs,
      of: 'inuse',
      comments: [heldSince(this.#heapSinceMs), elsewhere()],
    }).encode()
  }

  async allocations({ seconds, signal }: ProfileWindow): Promise<Uint8Array> {
    return await this.#alone(async () => {
      const { toHeapPprof } = await import('./heap-profile.ts')
      const startedMs = Date.now()
      this.#isAllocating = true
      // V8 has one sampling; it keeps what is given up only where it is told so from its start on.
      post(this.#heap, 'HeapProfiler.stopSampling')
      this.#startSampling({ includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true })
      let profile: SampledHeap
      try {
        await sleep(seconds * SECOND_MS, undefined, { signal })
      } finally {
        profile = post<HeapAnswer>(this.#heap, 'HeapProfiler.stopSampling').profile
        this.#startSampling({})
        this.#heapSinceMs = Date.now()
        this.#isAllocating = false
      }
      const durationMs = Date.now() - startedMs
      const measured = { profile, intervalBytes: heapIntervalBytes, startedMs, durationMs }
      return await toHeapPprof({ ...measured, of: 'alloc', comments: [elsewhere()] }).encode()
    })
  }

  async activities(activities: readonly Activity[]): Promise<Uint8Array> {
    const { PprofBuilder } = await import('./pprof-builder.ts')
    const builder = new PprofBuilder({
      kinds: [
        { type: 'requests', unit: 'count' },
        { type: 'age', unit: 'nanoseconds' },
      ],
      shown: 'requests',
      period: { type: 'requests', unit: 'count', value: 1 },
      startedMs: Date.now(),
      durationMs: 0,
      comments: [],
    })
    for (const { stack, ageMs, labels } of activities) {
      const places = stack.toReversed().map((name) => ({ frame: { name, file: '', startLine: 0 }, line: 0 }))
      builder.add(places, [1, Math.round(ageMs * 1e6)], labels)
    }
    return await builder.encode()
  }

  #startSampling(flags: Readonly<Record<string, boolean>>): void {
    post(this.#heap, 'HeapProfiler.startSampling', { samplingInterval: heapIntervalBytes, ...flags })
  }

  async #alone<Result>(take: () => Promise<Result>): Promise<Result> {
    if (this.#isRunning) throw running()
    this.#isRunning = true
    try {
      return await take()
    } finally {
      this.#isRunning = false
    }
  }
}

/** A session with the own process answers before `post` returns, garbage collection apart. */
function post<Result = unknown>(session: Session, method: string, parameters?: object): Result {
  let outcome: { readonly error: Error | null; readonly result: unknown } | undefined
  session.post(method, parameters, (error: Error | null, result?: object) => {
    outcome = { error, result }
  })
  if (outcome === undefined) throw new FrostError('internal', `The inspector did not answer ${method}.`)
  if (outcome.error !== null)
    throw new FrostError('internal', `The inspector refused ${method}.`, { cause: outcome.error })
  return outcome.result as Result
}

async function collectGarbage(session: Session): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  session.post('HeapProfiler.collectGarbage', (error) => (error === null ? resolve() : reject(error)))
  await promise
}

function running(): FrostError {
  return new FrostError('profile-running', 'Another profile of this process is being taken.', {
    remedy: 'Wait until it has ended.',
  })
}

function micros({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}

function heldSince(sinceMs: number): string {
  return `Sampled since ${new Date(sinceMs).toISOString()}: what was allocated before is not in it.`
}

/** Most of what this program holds: blocks, bodies, the index. */
function elsewhere(): string {
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  return (
    `JavaScript's heap only. Bytes now: resident ${rss}, on the heap ${heapUsed}, ` +
    `array buffers and other memory outside of it ${external} (array buffers ${arrayBuffers}).`
  )
}
