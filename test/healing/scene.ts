// What the tests of healing share: a cluster that gives up a silent worker after seconds, files to lose, a light load of everything, and
// the last look at it all.

import assert from 'node:assert/strict'

import { SeededRandom } from '../../src/base/random.ts'
import { MIB } from '../../src/base/units.ts'
import { FileClient, seededBytes } from '../harness/file-client.ts'
import { FileManifest } from '../harness/file-manifest.ts'
import { FragmentAudit } from '../harness/fragment-audit.ts'
import { untilAuditedWhole } from '../harness/whole.ts'
import { MixedLoad } from '../harness/mixed-load.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import type { RealClusterOptions } from '../harness/real-cluster.ts'

/** 1 is what CI runs; more makes everything larger and longer. */
export const scale = Number(process.env['FROSTBYTE_TEST_HEALING_SCALE'] ?? '1')
export const wholeMaxMs = 90_000 * scale

const healingArgs = ['--worker-out-after', '8s', '--compare-every', '10s', '--repair-rate-min', '64MiB']

export interface Scene {
  readonly cluster: RealCluster
  readonly client: FileClient
  readonly manifest: FileManifest
  readonly audit: FragmentAudit
  readonly random: SeededRandom
  /** All that were started. */
  readonly loads: MixedLoad[]
}

/** Calls `work` with a cluster; the seed is printed, because loads depend on it. */
export async function inScene(options: RealClusterOptions, work: (scene: Scene) => Promise<void>): Promise<void> {
  const seed = Number(process.env['FROSTBYTE_TEST_SEED'] ?? String(Date.now() % 2 ** 31))
  console.log(`seed ${seed} (FROSTBYTE_TEST_SEED)`)
  const masterArgs = [...healingArgs, ...(options.masterArgs ?? [])]
  await RealCluster.use({ ...options, masterArgs }, async (cluster) => {
    await cluster.untilWorkersUp(options.workers ?? 5)
    await FragmentAudit.use(cluster, async (audit) => {
      const client = new FileClient(cluster.url)
      const loads: MixedLoad[] = []
      try {
        await work({ cluster, client, manifest: new FileManifest(), audit, random: new SeededRandom(seed), loads })
      } finally {
        await Promise.all(loads.map(async (load) => await load.stop()))
      }
    })
  })
}

/** Files of `bytes` each, some more of one chunk. */
export async function fill(
  { client, manifest, random }: Scene,
  { prefix, files, bytes }: { readonly prefix: string; readonly files: number; readonly bytes: number },
): Promise<void> {
  const waiting = Array.from({ length: files }, (_, index) => index).values()
  const work = async (): Promise<void> => {
    for (const index of waiting) {
      const name = `${prefix}/${index}`
      const content = { seed: random.uint32(), bytes: index % 10 === 9 ? random.below(10_000) : bytes }
      const response = await client.upload(name, seededBytes(content.seed, content.bytes))
      assert.equal(response.status, 201, await response.text())
      manifest.acknowledge(name, content)
    }
  }
  await Promise.all(Array.from({ length: 4 }, work))
}

/** Small beside what `fill` stores, but of every kind. */
export function startLoad({ cluster, manifest, random, loads }: Scene): MixedLoad {
  const load = new MixedLoad(manifest, {
    urls: cluster.masters.map((_, index) => cluster.urlOf(index)),
    random,
    clients: 4,
    namesPerClient: 12,
    pauseMs: 30,
    uploadBytes: (draw) => (draw.below(20) === 0 ? draw.below(4 * MIB) : draw.below(30_000)),
  })
  loads.push(load)
  return load
}

/** `atLeast`: changes, and reads, so that it was a load at all. */
export function assertNoFailure(load: MixedLoad, atLeast = 50): void {
  assert.deepEqual(load.corruptions, [])
  assert.deepEqual(load.failures.slice(0, 5), [], `${load.failures.length} requests failed`)
  assert.ok(
    load.acknowledged >= atLeast && load.reads >= atLeast,
    `only ${load.acknowledged} changes and ${load.reads} reads`,
  )
}

/** At rest: whole by the cluster's own word, by the count, by reading every fragment, and by reading every file. */
export async function assertAllWhole(scene: Scene): Promise<void> {
  await untilAuditedWhole(scene.cluster.url, scene.audit, wholeMaxMs)
  assert.deepEqual(await scene.audit.verify(), [])
  await scene.manifest.verify(scene.client)
}
