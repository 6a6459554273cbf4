// The second phase: the faults have stopped and everybody runs. Within bounded virtual time nothing is left undone, and what is stored is
// what clients were told, on every master.

import { columnCount } from '../src/base/scheme.ts'
import { MINUTE_MS } from '../src/base/units.ts'
import type { SeededRandom } from '../src/base/random.ts'
import { checkFragments } from './checkers/fragments.ts'
import type { MissingFragment } from './checkers/fragments.ts'
import { fragmentName, takeInventory } from './checkers/inventory.ts'
import type { Inventory } from './checkers/inventory.ts'
import { checkOwners } from './checkers/owners.ts'
import { checkSpace } from './checkers/space.ts'
import type { SimulatedCluster } from './cluster.ts'
import type { Supervisor } from './supervisor.ts'
import type { WorkerNode } from './worker-node.ts'
import { Client } from './workload/client.ts'
import type { ClientWorld } from './workload/client.ts'
import { checkKeptVersions } from './workload/object-client.ts'
import { Session } from './workload/session.ts'

/** What a read or a scrub has just found is known to whoever is asked after a heartbeat, and a report of damage. */
const toldWithinMs = 3000

export interface LivenessScene {
  readonly cluster: SimulatedCluster
  readonly supervisor: Supervisor
  /** Workers that may have lost what they held. */
  readonly damaged: ReadonlySet<WorkerNode>
  readonly until: (holds: () => boolean | Promise<boolean>, timeMaxMs: number, what: string) => Promise<void>
  readonly parts: ClientWorld
  readonly random: SeededRandom
}

/** A disk that failed gets nothing new for 10 minutes; then several rounds of expiry, purge, horizon, orphan collection and repair. */
const settleMaxMs = 15 * MINUTE_MS

export async function checkLiveness(liveness: LivenessScene): Promise<void> {
  const { cluster } = liveness
  const scene = { ...liveness, overlooked: new Map<string, number>() }
  await readEverything(scene)
  checkEnd(scene, await takeInventory(cluster, cluster.master().metadata))
  let open: readonly string[] = []
  let inventory: Inventory | undefined
  try {
    await scene.until(
      async () => {
        inventory = await takeInventory(cluster, cluster.master().metadata)
        open = await unfinished(scene, inventory)
        return open.length === 0
      },
      settleMaxMs,
      'nothing is left undone',
    )
  } catch (error) {
    throw new Error(`left undone: ${open.slice(0, 5).join('; ')} (${open.length} in all)`, { cause: error })
  }
  if (inventory !== undefined) checkEnd(scene, inventory)
  await readEverything(scene)
  const { parts } = scene
  if (parts.world.habits.has('versions')) await cluster.time.run(checkKeptVersions(parts, cluster.objects))
  const { workers } = await cluster.time.run(cluster.files.cluster())
  const emptied = workers.filter(({ state, slots }) => state === 'draining' && slots === 0).length
  if (emptied > 0) count(scene, 'drained workers, empty at the end', emptied)
}

/** Through every master: all files whole, and all listings. */
async function readEverything({ cluster, parts, random }: LivenessScene): Promise<void> {
  for (const master of cluster.masters) {
    const client = new Client(parts, random.fork(), `reader-${master.host}`)
    await cluster.time.run(client.list(new Session(cluster.time, master)))
    await cluster.time.run(client.readAll(new Session(cluster.time, master)))
  }
}

/** And since when something is missing of which the cluster says that it is whole. */
interface EndScene extends LivenessScene {
  readonly overlooked: Map<string, number>
}

async function unfinished(scene: EndScene, inventory: Inventory): Promise<readonly string[]> {
  const { cluster, supervisor } = scene
  const open = supervisor.nodes
    .filter((node) => !node.isServing && !supervisor.isGone(node))
    .map(({ host }) => `${host} is down`)
  const canHeal = await canBeWhole(scene)
  if (await canBeTidied(scene)) {
    open.push(...(await untidied(scene)), ...checkOwners(inventory, { deadRowsMayStay: !canHeal }).leftovers)
  }
  for (const { host, master } of cluster.masters) {
    const { uploadsOpen, memoryInFlightBytes, memoryWaiting } = master.counts()
    if (uploadsOpen + memoryInFlightBytes + memoryWaiting > 0)
      open.push(
        `${host} has ${uploadsOpen} uploads open, ${memoryInFlightBytes} bytes in flight, ${memoryWaiting} waiting`,
      )
  }
  if (canHeal) open.push(...(await undrained(scene)))
  if (await canBeTidied(scene)) open.push(...inventory.unfinished.map((upload) => `the multipart upload ${upload}`))
  open.push(...(await checkHealth(scene, inventory, canHeal)))
  return [...open, ...checkSpace(cluster)]
}

/** What the holder of the lease takes away. */
async function untidied({ cluster }: LivenessScene): Promise<readonly string[]> {
  const { metadata } = cluster.master()
  const open: string[] = []
  const queued = await metadata.purgeQueueLength()
  if (queued > 0) open.push(`${queued} entries of the purge queue`)
  const running = new Set(cluster.masters.map((node) => node.process))
  for (const row of await metadata.listProcesses()) {
    if (!running.has(row.process)) open.push(`process ${row.process} is registered and does not run`)
  }
  for (const intent of await metadata.listIntents({ limit: 1000 })) open.push(`the intent of ${intent.dataId}`)
  return open
}

/** Whoever hears fewer than half of the workers gives up the lease, so nothing is done in the background. */
async function canBeTidied({ cluster }: LivenessScene): Promise<boolean> {
  const registered = await cluster.master().metadata.listWorkers()
  const running = new Set(cluster.workers.filter((node) => node.isServing).map((node) => node.id))
  const known = registered.filter(({ state }) => state === 'in')
  return known.filter(({ worker }) => running.has(worker)).length * 2 >= known.length
}

/** Whether there are workers enough to hold everything, and so many that the cluster may give up those that are gone. */
async function canBeWhole({ cluster, parts }: LivenessScene): Promise<boolean> {
  const registered = await cluster.master().metadata.listWorkers()
  const running = new Set(cluster.workers.filter((node) => node.isServing).map((node) => node.id))
  // A draining one keeps what it has, and takes nothing more.
  const takers = registered.filter(({ worker, state }) => state === 'in' && running.has(worker)).length
  return takers >= columnCount(parts.world.scheme) && takers * 3 >= registered.length * 2
}

/** Drained workers are empty in the end, where others can take what they had. */
async function undrained({ cluster }: LivenessScene): Promise<readonly string[]> {
  const { workers, healing } = await cluster.files.cluster()
  if (healing.slotsToMove <= healing.slotsWithoutSpare) return []
  return workers
    .filter(({ state, slots }) => state === 'draining' && slots > 0)
    .map(({ id, slots }) => `${id} is drained and has ${slots} slots`)
}

/** What the cluster says of itself is never better than the count; where it can be, all is whole in the end, and it says so. */
async function checkHealth(scene: EndScene, before: Inventory, canHeal: boolean): Promise<readonly string[]> {
  const { cluster, parts } = scene
  const missing = new Set(checkFragments(before).missing.map(({ key, holder }) => `${fragmentName(key)} at ${holder}`))
  const { redundancy } = await cluster.files.cluster()
  const { fragmentsMissing, filesAtRisk, filesLost, unknown } = redundancy
  const saysWhole = fragmentsMissing === 0 && filesAtRisk === 0 && filesLost === 0 && unknown === 0
  const nowMs = cluster.time.nowMs
  for (const name of scene.overlooked.keys()) if (!saysWhole || !missing.has(name)) scene.overlooked.delete(name)
  for (const name of saysWhole ? missing : []) {
    const sinceMs = scene.overlooked.get(name) ?? nowMs
    scene.overlooked.set(name, sinceMs)
    if (nowMs - sinceMs > toldWithinMs) parts.defects.add(`said to be whole while it is missing: ${name}`)
  }
  if (!canHeal) return []
  const lacks = [...missing].map((name) => `${name} is missing`)
  lacks.push(...before.repairs.map((entry) => `the repair ${JSON.stringify(entry)}`))
  return saysWhole ? lacks : [...lacks, `it is said: ${JSON.stringify(redundancy)}`]
}

function checkEnd(scene: LivenessScene, inventory: Inventory): void {
  const { defects } = scene.parts
  for (const contradiction of checkOwners(inventory, { deadRowsMayStay: true }).contradictions)
    defects.add(contradiction)
  const { lost, missing } = checkFragments(inventory)
  for (const block of lost) defects.add(`lost for good: ${block}`)
  const sound = new Set(scene.cluster.workers.filter((node) => !scene.damaged.has(node)).map((node) => node.id))
  for (const fragment of missing) {
    if (sound.has(fragment.holder) && isFirstHolder(inventory, fragment)) checkRecord(scene, fragment)
  }
}

/** What a slot lacks that has moved, the comparison knows. */
function isFirstHolder({ groups }: Inventory, { key, holder }: MissingFragment): boolean {
  const slot = groups.get(key.group)?.slots.find(({ worker }) => worker === holder)
  return slot?.holderSinceEpoch === 1
}

/** A sound worker lacks only what the commit said, or a later report. */
function checkRecord({ parts }: LivenessScene, { key, holder, elsewhere, recorded }: MissingFragment): void {
  const name = `column ${key.column} of block ${key.block} of ${key.dataId}`
  if (recorded === undefined) return parts.defects.add(`${name} is missing at ${holder}, and no record says so`)
  if (recorded === 'slot' || elsewhere.length === 0) return
  const { standIn } = recorded
  if (standIn === undefined) return
  if (!elsewhere.some(({ worker }) => worker === standIn)) {
    count({ parts }, 'stand-ins without their copy', 1)
  }
}

function count({ parts }: Pick<LivenessScene, 'parts'>, name: string, by: number): void {
  parts.counts.set(name, (parts.counts.get(name) ?? 0) + by)
}
