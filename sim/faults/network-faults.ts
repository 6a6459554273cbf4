// What a network of streams can do: be late, stand still in one direction or both, break, and lose the end of what was sent. It does not
// reorder or double bytes: TCP hides that.

import { pick } from '../world.ts'
import type { Fault, FaultScene } from './fault.ts'

function durationMs({ random }: FaultScene): number {
  return pick(random, [500, 3000, 8000, 40_000]) * (0.5 + random.float())
}

function hosts({ cluster }: FaultScene): readonly string[] {
  return [...cluster.masters, ...cluster.workers].map((node) => node.host)
}

function pair(scene: FaultScene): readonly [from: string, to: string] {
  const all = hosts(scene)
  const from = pick(scene.random, all)
  return [from, pick(scene.random, all)]
}

export const slowLink: Fault = (scene) => {
  const { cluster, world, random } = scene
  const [from, to] = pair(scene)
  const delayMsMax = pick(random, [50, 500, 5000])
  cluster.network.setLink(from, to, { delayMsMin: delayMsMax / 2, delayMsMax })
  const heal = (): void => cluster.network.setLink(from, to, { delayMsMin: 0, delayMsMax: world.delayMsMax })
  return { text: `${from} to ${to} takes up to ${delayMsMax} ms`, heal, durationMs: durationMs(scene) }
}

export const connectionReset: Fault = (scene) => {
  const [from, to] = pair(scene)
  scene.cluster.network.reset(from, to)
  return { text: `connections of ${from} and ${to} are reset` }
}

export const oneWayPartition: Fault = (scene) => {
  const { network } = scene.cluster
  const [from, to] = pair(scene)
  network.setLink(from, to, { held: true })
  const heal = (): void => network.setLink(from, to, { held: false })
  return { text: `nothing goes from ${from} to ${to}`, heal, durationMs: durationMs(scene) }
}

export const hostCutOff: Fault = (scene) => {
  const { network } = scene.cluster
  const [host] = pair(scene)
  const change = scene.random.below(2) === 0 ? ({ cut: true } as const) : ({ held: true } as const)
  const others = hosts(scene).filter((other) => other !== host && scene.random.below(4) > 0)
  for (const other of others) network.setLinks(host, other, change)
  const heal = (): void => {
    for (const other of others) network.setLinks(host, other, { cut: false, held: false })
  }
  return { text: `${host} is cut off from ${others.join(', ')}`, heal, durationMs: durationMs(scene) }
}

export const tailLost: Fault = (scene) => {
  const { network } = scene.cluster
  const [from, to] = pair(scene)
  network.setLink(from, to, { losesTail: true })
  const heal = (): void => network.setLink(from, to, { losesTail: false })
  return { text: `${from} to ${to} loses what is under way at an end`, heal, durationMs: durationMs(scene) * 3 }
}
