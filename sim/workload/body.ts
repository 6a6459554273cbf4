import type { SeededRandom } from '../../src/base/random.ts'
import { fullBlockBytes } from '../../src/codec/geometry.ts'
import type { World } from '../world.ts'

/** Mostly about a chunk or a few stripes; seldom several blocks, cut at the edges where things go wrong. */
export function drawBody(random: SeededRandom, world: World): Uint8Array<ArrayBuffer> {
  return random.bytes(drawSize(random, world))
}

/** Each in memory of its own. */
export function splitBytes(bytes: Uint8Array, sliceBytes: number): readonly Uint8Array[] {
  const slices: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += sliceBytes) slices.push(bytes.slice(at, at + sliceBytes))
  return slices
}

function drawSize(random: SeededRandom, world: World): number {
  const { chunkSizeBytes, scheme, habits } = world
  const block = fullBlockBytes(scheme, chunkSizeBytes)
  if (habits.has('many-tiny-files') && random.below(2) === 0) return random.below(chunkSizeBytes + 2)
  if (habits.has('large-files') && random.below(6) === 0) {
    return random.below(2) === 0
      ? random.below(block * 2 + block / 2)
      : block * (1 + random.below(2)) + random.below(3) - 1
  }
  const stripe = chunkSizeBytes * scheme.dataColumns
  return random.below(2) === 0 ? random.below(stripe * 8) : stripe * random.below(4) + random.below(3)
}
