// Processes that end, stand still or lose their machine's power, and calendars that are wrong.

import { FrostError } from '../../src/base/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../../src/base/units.ts'
import { pick } from '../world.ts'
import type { Fault, FaultScene } from './fault.ts'

/** Mostly soon back; sometimes away for longer than others wait for it. */
function absenceMs({ random }: FaultScene): number {
  return pick(random, [500, 3000, 8000, 40_000]) * (0.5 + random.float())
}

function runningWorker(scene: FaultScene): FaultScene['cluster']['workers'][number] | undefined {
  const running = scene.cluster.workers.filter((node) => node.isRunning)
  return running.length === 0 ? undefined : pick(scene.random, running)
}

function runningMaster(scene: FaultScene): FaultScene['cluster']['masters'][number] | undefined {
  const running = scene.cluster.masters.filter((node) => node.isRunning)
  return running.length === 0 ? undefined : pick(scene.random, running)
}

export const workerKilled: Fault = (scene) => {
  const node = runningWorker(scene)
  if (node === undefined) return undefined
  node.kill({ silent: scene.random.below(3) === 0 })
  scene.supervisor.holdDown(node, absenceMs(scene))
  return { text: `${node.host} is killed` }
}

export const workerLosesPower: Fault = (scene) => {
  const node = runningWorker(scene)
  if (node === undefined) return undefined
  node.losePower()
  scene.supervisor.holdDown(node, absenceMs(scene))
  return { text: `${node.host} loses its power` }
}

export const workerStopped: Fault = (scene) => {
  const node = runningWorker(scene)
  if (node === undefined) return undefined
  scene.supervisor.holdDown(node, absenceMs(scene))
  // What a stop that does not end is, is a kill: the machine goes down all the same.
  node.stop().catch(() => node.kill())
  return { text: `${node.host} is stopped in good order` }
}

export const workerPaused: Fault = (scene) => {
  const node = runningWorker(scene)
  if (node === undefined) return undefined
  node.pause()
  return { text: `${node.host} stands still`, heal: () => node.resume(), durationMs: absenceMs(scene) }
}

export const masterKilled: Fault = (scene) => {
  const node = runningMaster(scene)
  if (node === undefined) return undefined
  node.kill({ silent: scene.random.below(3) === 0 })
  scene.supervisor.holdDown(node, absenceMs(scene))
  return { text: `${node.host} is killed` }
}

export const masterPaused: Fault = (scene) => {
  const node = runningMaster(scene)
  if (node === undefined) return undefined
  node.pause()
  return { text: `${node.host} stands still`, heal: () => node.resume(), durationMs: absenceMs(scene) }
}

export const allLosePower: Fault = (scene) => {
  const { cluster, supervisor } = scene
  for (const node of cluster.workers) {
    node.losePower()
    supervisor.holdDown(node, 1000 + scene.random.below(5000))
  }
  for (const node of cluster.masters) {
    node.kill({ silent: true })
    supervisor.holdDown(node, 1000 + scene.random.below(5000))
  }
  return { text: 'all lose their power' }
}

export const calendarJumps: Fault = (scene) => {
  const { cluster, random } = scene
  const node = pick(random, [...cluster.masters, ...cluster.masters, ...cluster.workers])
  const byMs = Math.round((random.float() - 0.5) * 2 * pick(random, [SECOND_MS, MINUTE_MS, 60 * MINUTE_MS]))
  node.jumpWall(byMs)
  return { text: `the calendar of ${node.host} jumps by ${byMs} ms` }
}

export const workerAdded: Fault = ({ cluster, world }) => {
  if (cluster.workers.length >= world.workers + 2) return undefined
  return { text: `${cluster.addMachine().host} joins` }
}

/** Every other one is kept after all; of the others some are refused, because too few would remain. */
export const workerDrained: Fault = (scene) => {
  const { random } = scene
  const [node, master] = [runningWorker(scene), runningMaster(scene)]
  if (node === undefined || master === undefined || !node.isServing || !master.isServing) return undefined
  const { id } = node
  ignoreRefusal(master.files.drain(id))
  const text = `${node.host} is to be drained`
  if (random.below(2) === 0) return { text }
  const cancel = (): void => {
    const asked = runningMaster(scene)
    if (asked?.isServing === true) ignoreRefusal(asked.files.cancelDrain(id))
  }
  return { text, heal: cancel, durationMs: absenceMs(scene) }
}

/** An administrator is told why not, and does not insist. */
function ignoreRefusal(asked: Promise<void>): void {
  asked.catch((error: unknown) => {
    if (!(error instanceof FrostError)) throw error
  })
}
