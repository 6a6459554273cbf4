// Everything goes wrong at once, for a while: processes of both roles are killed, stopped and started again, disks are lost, full and slow,
// and links are cut, while clients upload, read, overwrite and delete. No answer may hold a wrong byte, and what the cluster says of its
// health is compared with a count again and again. Then the faults stop, and within a bound it is whole: every acknowledged file byte for
// byte, what was not acknowledged whole or not at all.
//
// FROSTBYTE_TEST_SEED repeats a schedule (what the operating system makes of it differs), FROSTBYTE_TEST_CHAOS_SECONDS makes it longer.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { SeededRandom } from '../../src/base/random.ts'
import { MIB, SECOND_MS } from '../../src/base/units.ts'
import { CuttableLink } from '../harness/cuttable-link.ts'
import { FileClient } from '../harness/file-client.ts'
import { FileManifest } from '../harness/file-manifest.ts'
import { FragmentAudit } from '../harness/fragment-audit.ts'
import { untilAuditedWhole } from '../harness/whole.ts'
import { MixedLoad } from '../harness/mixed-load.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import { SmallFileSystem } from '../harness/small-file-system.ts'
import { FaultSchedule } from './fault-schedule.ts'
import { HonestyCheck } from './honesty-check.ts'

const chaosMs = Number(process.env['FROSTBYTE_TEST_CHAOS_SECONDS'] ?? '60') * SECOND_MS
const wholeMaxMs = 80 * SECOND_MS
const diskBytes = 500 * MIB
// The same for all, or slots would move away from the small disks all the time.
const workerArgs = ['--reserve', '16MiB', '--capacity', '450MiB']
const masterArgs = ['--worker-out-after', '6s', '--compare-every', '5s', '--repair-rate-min', '64MiB']

describe('chaos', () => {
  test(`for ${chaosMs / SECOND_MS} seconds loses nothing`, async () => {
    const seed = Number(process.env['FROSTBYTE_TEST_SEED'] ?? String(Date.now() % 2 ** 31))
    console.log(`seed ${seed} (FROSTBYTE_TEST_SEED)`)
    const random = new SeededRandom(seed)
    const links: CuttableLink[] = []
    const disks = await smallDisks(2)
    const workerOwn = (worker: number): { readonly parent?: string } => {
      const disk = disks[worker]
      return disk === undefined ? {} : { parent: disk.directory }
    }
    const masterFor = async (worker: number, address: string): Promise<string> => {
      const link = await CuttableLink.open(address)
      links[worker] = link
      return link.address
    }
    try {
      await RealCluster.use(
        { workers: 6, masters: 2, masterArgs, workerArgs, masterFor, workerOwn },
        async (cluster) => {
          await cluster.untilWorkersUp(6)
          await FragmentAudit.use(cluster, async (audit) => await runChaos({ cluster, audit, links, disks, random }))
        },
      )
    } finally {
      for (const link of links) await link.close()
      for (const disk of disks) await disk.remove()
    }
  })
})

/** Fewer where none can be mounted: then no disk is full. */
async function smallDisks(count: number): Promise<readonly SmallFileSystem[]> {
  const disks: SmallFileSystem[] = []
  for (let index = 0; index < count; index++) {
    const disk = await SmallFileSystem.make(diskBytes)
    if (disk !== undefined) disks.push(disk)
  }
  return disks
}

async function runChaos(parts: {
  readonly cluster: RealCluster
  readonly audit: FragmentAudit
  readonly links: readonly CuttableLink[]
  readonly disks: readonly SmallFileSystem[]
  readonly random: SeededRandom
}): Promise<void> {
  const { cluster, audit, links, disks, random } = parts
  const manifest = new FileManifest()
  const load = new MixedLoad(manifest, {
    urls: cluster.masters.map((_, index) => cluster.urlOf(index)),
    random: random.fork(),
    clients: 4,
    namesPerClient: 20,
    pauseMs: 50,
    retires: true,
    uploadBytes: (draw) =>
      [draw.below(12_000), draw.below(12_000), draw.below(400_000), draw.below(7_000_000)][draw.below(4)] ?? 0,
  })
  const honesty = new HonestyCheck(cluster, audit)
  const schedule = new FaultSchedule({ cluster, links, disks, random: random.fork(), honesty })
  try {
    await schedule.run(chaosMs)
    await sleep(2 * SECOND_MS)
  } finally {
    await Promise.all([load.stop(), honesty.stop()])
  }
  console.log(
    `${load.acknowledged} changes and ${load.reads} reads, ${load.failures.length} requests failed; ` +
      `said whole ${honesty.saidWhole} times of ${honesty.asked}; faults: ${schedule.summary}`,
  )
  assert.deepEqual(load.corruptions, [])
  assert.ok(load.acknowledged > chaosMs / SECOND_MS, `only ${load.acknowledged} changes were acknowledged`)
  await cluster.untilReady()
  await untilAuditedWhole(cluster.url, audit, wholeMaxMs)
  assert.deepEqual(await audit.verify(), [])
  for (let index = 0; index < cluster.masters.length; index++)
    await manifest.verify(new FileClient(cluster.urlOf(index)))
}
