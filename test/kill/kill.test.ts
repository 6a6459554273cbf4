// kill -9 of the master, of one or two workers, or of all, at random moments of a mixed load, while the cluster heals: workers come back at
// once, or after so long that they are out and what they held is being rebuilt elsewhere. After each kill every acknowledged file is
// byte-exact, everything acknowledged as deleted is gone, and what was never acknowledged is there whole or not at all; and now and then,
// with all of them back, everything is whole again.
//
// FROSTBYTE_TEST_KILLS (or KILLS) says how many kills, FROSTBYTE_TEST_SEED repeats them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { defaultScheme } from '../../src/base/scheme.ts'
import { FileClient } from '../harness/file-client.ts'
import { FileManifest } from '../harness/file-manifest.ts'
import { FragmentAudit } from '../harness/fragment-audit.ts'
import { untilAuditedWhole } from '../harness/whole.ts'
import { MixedLoad } from '../harness/mixed-load.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import type { RealNode } from '../harness/real-cluster.ts'

const kills = Number(process.env['FROSTBYTE_TEST_KILLS'] ?? process.env['KILLS'] ?? '200')
const workers = 6
/** Everything is started, whole and verified after so many kills, and at the end; after each kill, what was touched since. */
const restEvery = 25
const wholeMaxMs = 120_000
const masterArgs = ['--worker-out-after', '3s', '--compare-every', '5s', '--repair-rate-min', '64MiB']
/** Of so many killed workers one stays away until the next rest, or for so many rounds: time enough to be out. */
const stayAwayEvery = 4
const roundsAway = 4

class Kills {
  readonly #cluster: RealCluster
  readonly #random: SeededRandom
  /** Rounds until they are started again. */
  readonly #away = new Map<RealNode, number>()

  constructor(cluster: RealCluster, random: SeededRandom) {
    this.#cluster = cluster
    this.#random = random
  }

  /** Never so many workers at once, those that are away among them, that files could not be read. */
  async kill(): Promise<void> {
    const victims = this.#draw()
    await Promise.all(victims.map(async (node) => await node.kill()))
  }

  /** Starts the master, and the workers, all but a few. */
  async startAgain(): Promise<void> {
    const { masters, workers: all } = this.#cluster
    for (const [node, rounds] of this.#away) {
      if (rounds === 0) this.#away.delete(node)
      else this.#away.set(node, rounds - 1)
    }
    const dead = all.filter((node) => !node.isRunning && !this.#away.has(node))
    const back = masters.filter((node) => !node.isRunning)
    for (const node of dead) {
      const staysAway = this.#away.size === 0 && dead.length === 1 && this.#random.below(stayAwayEvery) === 0
      if (staysAway) this.#away.set(node, roundsAway)
      else back.push(node)
    }
    await Promise.all(back.map(async (node) => await node.start()))
    await this.#cluster.untilReady()
    await this.#cluster.untilWorkersUp(workers - this.#away.size)
  }

  async startAll(): Promise<void> {
    this.#away.clear()
    await this.startAgain()
    // What stays away is only drawn where a single worker is dead.
    this.#away.clear()
    await this.startAgain()
  }

  #draw(): readonly RealNode[] {
    const { masters, workers: all, nodes } = this.#cluster
    const running = all.filter((node) => node.isRunning)
    const first = defined(running[this.#random.below(running.length)], 'worker')
    const others = running.filter((node) => node !== first)
    const second = defined(others[this.#random.below(others.length)], 'worker')
    const mayTakeTwo = this.#away.size + 2 <= defaultScheme.parityColumns
    switch (this.#random.below(4)) {
      case 0:
        return masters
      case 1:
        return [first]
      case 2:
        return mayTakeTwo ? [first, second] : [first]
      default:
        return nodes
    }
  }
}

describe('kill -9', () => {
  test(`at ${kills} random moments loses nothing`, async () => {
    const seed = Number(process.env['FROSTBYTE_TEST_SEED'] ?? String(Date.now() % 2 ** 31))
    console.log(`seed ${seed} (FROSTBYTE_TEST_SEED)`)
    const random = new SeededRandom(seed)
    await RealCluster.use({ workers, masterArgs }, async (cluster) => {
      await cluster.untilWorkersUp(workers)
      await FragmentAudit.use(cluster, async (audit) => await killAgainAndAgain(cluster, audit, random))
    })
  })
})

async function killAgainAndAgain(cluster: RealCluster, audit: FragmentAudit, random: SeededRandom): Promise<void> {
  const manifest = new FileManifest()
  const client = new FileClient(cluster.url)
  const killing = new Kills(cluster, random.fork())
  let acknowledged = 0
  for (let round = 1; round <= kills; round++) {
    const load = startLoad(cluster.url, manifest, random)
    try {
      await sleep(100 + random.below(500))
      await killing.kill()
    } finally {
      await load.stop()
    }
    assert.deepEqual(load.corruptions, [])
    acknowledged += load.acknowledged
    const isRest = round % restEvery === 0 || round === kills
    if (isRest) {
      await killing.startAll()
      await untilAuditedWhole(cluster.url, audit, wholeMaxMs)
      if (round === kills) assert.deepEqual(await audit.verify(), [])
    } else await killing.startAgain()
    await manifest.verify(client, isRest ? manifest.names : [...manifest.touched])
    manifest.touched.clear()
    if (isRest) console.log(`${round} kills, ${acknowledged} acknowledged changes, ${manifest.names.length} names`)
  }
  assert.ok(acknowledged > kills * 3, `only ${acknowledged} changes were acknowledged`)
}

function startLoad(url: string, manifest: FileManifest, random: SeededRandom): MixedLoad {
  return new MixedLoad(manifest, {
    urls: [url],
    random: random.fork(),
    clients: 6,
    namesPerClient: 12,
    uploadBytes: (draw) => {
      const kind = draw.below(10)
      if (kind < 5) return draw.below(12_000)
      return kind < 9 ? draw.below(400_000) : draw.below(7_000_000)
    },
  })
}
