// Disks that are slow, full, fail, or lie. What makes a worker lose what it acknowledged happens only to those that the budget allows.

import { alignmentBytes } from '../../src/ports/disk.ts'
import { pick } from '../world.ts'
import type { WorkerNode } from '../worker-node.ts'
import type { Fault, FaultScene, Struck } from './fault.ts'

const plentyBytes = 1024 ** 4

function durationMs({ random }: FaultScene): number {
  return pick(random, [500, 3000, 15_000]) * (0.5 + random.float())
}

function anyWorker({ cluster, random }: FaultScene): WorkerNode {
  return pick(random, cluster.workers)
}

/** Strikes one of those that may lose what they hold. */
function onDamaged(strike: (node: WorkerNode, scene: FaultScene) => Struck | undefined): Fault {
  return (scene) => {
    const candidates = [...scene.damaged].filter((node) => !scene.spent.has(node))
    return candidates.length === 0 ? undefined : strike(pick(scene.random, candidates), scene)
  }
}

export const diskSlow: Fault = (scene) => {
  const node = anyWorker(scene)
  node.diskSlowMs = pick(scene.random, [20, 200, 3000])
  const heal = (): void => {
    node.diskSlowMs = 0
  }
  return { text: `the disk of ${node.host} takes ${node.diskSlowMs} ms a step`, heal, durationMs: durationMs(scene) }
}

export const diskFull: Fault = (scene) => {
  const node = anyWorker(scene)
  const { medium } = node
  medium.capacityBytes = medium.usedBytes + scene.random.below(20_000)
  const heal = (): void => {
    medium.capacityBytes = plentyBytes
  }
  return { text: `the disk of ${node.host} is nearly full`, heal, durationMs: durationMs(scene) }
}

export const syncFails: Fault = (scene) => {
  const node = anyWorker(scene)
  const { medium } = node
  const { random } = scene
  const chance = pick(random, [0.05, 0.3, 1])
  medium.faults = {
    ...medium.faults,
    append: () => (random.float() < chance ? pick(random, ['sync-fails', 'write-fails'] as const) : undefined),
  }
  const heal = (): void => {
    medium.faults = {}
  }
  return { text: `writes of ${node.host} fail now and then (${chance})`, heal, durationMs: durationMs(scene) }
}

export const indexLost: Fault = (scene) => {
  const { supervisor, random } = scene
  const node = anyWorker(scene)
  if (!node.isRunning) return undefined
  node.kill()
  node.indexMedium.damaged.add('index')
  supervisor.holdDown(node, random.below(2000))
  return { text: `the index of ${node.host} is damaged` }
}

export const bitFlips = onDamaged((node, { random }) => {
  const segments = node.medium.names().filter((name) => name.endsWith('.seg'))
  if (segments.length === 0) return undefined
  const name = pick(random, segments)
  const file = node.medium.find(name)
  const size = Math.min(file?.cache.length ?? 0, file?.medium.length ?? 0)
  if (size === 0) return undefined
  const count = pick(random, [1, 3, 50])
  for (let flips = 0; flips < count; flips++) node.medium.flipBit(name, random.below(size), random.below(8))
  return { text: `${count} bits of ${name} of ${node.host} turn` }
})

export const writeMisdirected = onDamaged((node, scene) => {
  const { medium } = node
  let left = 1
  medium.faults = {
    ...medium.faults,
    append: () => (left-- > 0 ? { misdirectedBy: alignmentBytes * (1 + scene.random.below(3)) } : undefined),
  }
  const heal = (): void => {
    medium.faults = {}
  }
  return { text: `a write of ${node.host} goes to the wrong place`, heal, durationMs: durationMs(scene) }
})

export const writeLost = onDamaged((node, scene) => {
  const { medium } = node
  const { random } = scene
  medium.faults = { ...medium.faults, append: () => (random.below(2) === 0 ? 'lost' : undefined) }
  const heal = (): void => {
    medium.faults = {}
  }
  return { text: `the disk of ${node.host} loses writes`, heal, durationMs: durationMs(scene) }
})

export const readsFail = onDamaged((node, scene) => {
  const { medium } = node
  const { random } = scene
  const chance = pick(random, [0.05, 0.5, 1])
  medium.faults = { ...medium.faults, read: () => random.float() < chance }
  const heal = (): void => {
    medium.faults = {}
  }
  return { text: `reads of ${node.host} fail (${chance})`, heal, durationMs: durationMs(scene) }
})

export const diskWiped = onDamaged((node, { supervisor, random, spent }) => {
  spent.add(node)
  node.losePower()
  node.wipe()
  supervisor.holdDown(node, random.below(20_000))
  return { text: `${node.host} gets an empty disk` }
})

export const workerLost = onDamaged((node, { supervisor, spent }) => {
  spent.add(node)
  node.losePower()
  supervisor.loseForGood(node)
  return { text: `${node.host} is lost for good` }
})
