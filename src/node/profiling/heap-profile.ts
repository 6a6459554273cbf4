// From V8's sampled heap profile to pprof's. V8 takes one allocation in so many bytes on average as a sample, by a Poisson process as Go
// and tcmalloc do, and scales what it tells to what all together must have been. It tells the bytes that a sample stands for, not
// how many objects: that number is found by looking which one its scaling gives.

import { PprofBuilder, stacksOf } from './pprof-builder.ts'
import type { CallNode } from './pprof-builder.ts'
import { frameOf } from './frame-names.ts'

/** `HeapProfiler.SamplingHeapProfile` of the inspector's protocol; the types of Node.js leave half of it out. */
export interface SampledHeap {
  readonly head: SampledNode
  readonly samples: readonly { readonly nodeId: number; readonly size: number }[]
}

interface SampledNode extends CallNode {
  /** Bytes. */
  readonly selfSize: number
  readonly children: readonly SampledNode[]
}

export interface HeapMeasured {
  readonly profile: SampledHeap
  readonly intervalBytes: number
  readonly startedMs: number
  readonly durationMs: number
  /** `inuse`: what is still held. `alloc`: all that was allocated. */
  readonly of: 'inuse' | 'alloc'
  readonly comments: readonly string[]
}

/** Objects are as long as a multiple of a word. */
const wordBytes = 8

export function toHeapPprof(measured: HeapMeasured): PprofBuilder {
  const { profile, intervalBytes, of, startedMs, durationMs, comments } = measured
  const space = { type: `${of}_space`, unit: 'bytes' }
  const builder = new PprofBuilder({
    kinds: [{ type: `${of}_objects`, unit: 'count' }, space],
    shown: space.type,
    period: { type: 'space', unit: 'bytes', value: intervalBytes },
    startedMs,
    durationMs,
    comments,
  })
  const objects = countObjects(profile, intervalBytes)
  for (const { node, stack } of stacksOf(profile.head, frameOf)) {
    if (node.selfSize > 0) builder.add(stack, [objects.get(node.id) ?? 1, node.selfSize])
  }
  return builder
}

/** By node. */
function countObjects({ samples }: SampledHeap, intervalBytes: number): ReadonlyMap<number, number> {
  const counts = countsByBytes(intervalBytes)
  const byNode = new Map<number, number>()
  for (const { nodeId, size } of samples) byNode.set(nodeId, (byNode.get(nodeId) ?? 0) + (counts.get(size) ?? 1))
  return byNode
}

/**
 * How many objects a sample stands for, by the bytes that V8 tells of it: an object of `size` bytes is sampled with the probability
 * 1 - exp(-size / interval), and so stands for the inverse of that, rounded (V8's SamplingHeapProfiler::ScaleSample).
 */
function countsByBytes(intervalBytes: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (let size = wordBytes; ; size += wordBytes) {
    const count = Math.round(1 / (1 - Math.exp(-size / intervalBytes)))
    if (count <= 1) return counts
    if (!counts.has(size * count)) counts.set(size * count, count)
  }
}
