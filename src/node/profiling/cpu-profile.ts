// From V8's CPU profile to pprof's. V8 looks at the JavaScript thread every so often by the wall clock. Looks at which it had nothing to
// do are left out. So that the sum is processor time all the same, when the machine was busy with other things too, the
// times are scaled to what the kernel counted for the thread; what the other threads of the process took (compression, files, garbage
// collection's helpers) is one entry of its own, because V8 cannot say what they did.

import type { Profiler as V8Profiler } from 'node:inspector'

import { PprofBuilder, stacksOf } from './pprof-builder.ts'
import type { CallNode, Place } from './pprof-builder.ts'
import { frameOf } from './frame-names.ts'

export interface CpuMeasured {
  readonly profile: V8Profiler.Profile
  readonly intervalMicros: number
  readonly startedMs: number
  /** Processor time of the JavaScript thread, and of all other threads, in the profile's time. */
  readonly threadMicros: number
  readonly otherMicros: number
}

interface Spent {
  samples: number
  micros: number
}

interface CpuNode extends CallNode {
  readonly children: CpuNode[]
  readonly ticks: readonly V8Profiler.PositionTickInfo[]
}

const idleNames: ReadonlySet<string> = new Set(['(idle)'])
const otherThreads: Place = { frame: { name: '(other threads)', file: '', startLine: 0 }, line: 0 }

export function toCpuPprof({
  profile,
  intervalMicros,
  startedMs,
  threadMicros,
  otherMicros,
}: CpuMeasured): PprofBuilder {
  const durationMs = (profile.endTime - profile.startTime) / 1000
  const builder = new PprofBuilder({
    kinds: [
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ],
    shown: 'cpu',
    period: { type: 'cpu', unit: 'nanoseconds', value: intervalMicros * 1000 },
    startedMs,
    durationMs,
    comments: [],
  })
  const spent = spentByNode(profile, intervalMicros)
  const busy = profile.nodes.filter(({ callFrame }) => !idleNames.has(callFrame.functionName))
  const busyMicros = busy.reduce((sum, { id }) => sum + (spent.get(id)?.micros ?? 0), 0)
  const scale = busyMicros > 0 ? Math.min(1, threadMicros / busyMicros) : 0
  for (const { node, stack } of stacksOf(treeOf(profile), frameOf)) {
    const of = spent.get(node.id)
    if (of === undefined || idleNames.has(node.callFrame.functionName)) continue
    const nanos = of.micros * 1000 * scale
    const [own, ...above] = stack
    const known = node.ticks.reduce((sum, { ticks }) => sum + ticks, 0)
    if (known === 0) builder.add(stack, [of.samples, Math.round(nanos)])
    for (const { line, ticks } of node.ticks) {
      const share = ticks / known
      builder.add([{ ...own, line }, ...above], [Math.round(of.samples * share), Math.round(nanos * share)])
    }
  }
  if (otherMicros > 0) builder.add([otherThreads], [Math.round(otherMicros / intervalMicros), otherMicros * 1000])
  return builder
}

/** A look's time is that until the next look. */
function spentByNode(
  { samples = [], timeDeltas = [] }: V8Profiler.Profile,
  intervalMicros: number,
): Map<number, Spent> {
  const spent = new Map<number, Spent>()
  for (const [index, id] of samples.entries()) {
    const of = spent.get(id) ?? { samples: 0, micros: 0 }
    of.samples++
    of.micros += Math.max(0, timeDeltas[index + 1] ?? intervalMicros)
    spent.set(id, of)
  }
  return spent
}

/** V8 lists the nodes, the root first, each with the numbers of its children. */
function treeOf({ nodes }: V8Profiler.Profile): CpuNode {
  const byId = new Map<number, CpuNode>()
  for (const { id, callFrame, positionTicks = [] } of nodes)
    byId.set(id, { id, callFrame, ticks: positionTicks, children: [] })
  for (const { id, children = [] } of nodes) {
    for (const child of children) {
      const node = byId.get(child)
      if (node !== undefined) byId.get(id)?.children.push(node)
    }
  }
  const [first] = nodes
  const root = first === undefined ? undefined : byId.get(first.id)
  return root ?? { id: 0, callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, ticks: [], children: [] }
}
