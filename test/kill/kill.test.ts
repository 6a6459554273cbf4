// kill -9 of the master, of a worker, or of all, at random moments of a mixed load. After the restart every acknowledged file is
// byte-exact, everything acknowledged as deleted is gone, and what was never acknowledged is there whole or not at all.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { FileClient, seededBytes } from '../harness/file-client.ts'
import { RealCluster } from '../harness/real-cluster.ts'

const kills = Number(process.env['FROSTBYTE_TEST_KILLS'] ?? '200')
const clients = 6
const namesPerClient = 12
/** Verify everything after so many kills, and at the end; after each kill, what was touched since. */
const verifyAllEvery = 20

/** What a name may hold: each candidate is a digest, or `undefined` for "not there". More than one while an outcome is not known. */
type Candidates = readonly (string | undefined)[]

class Manifest {
  readonly #files = new Map<string, Candidates>()
  readonly touched = new Set<string>()

  get names(): readonly string[] {
    return [...this.#files.keys()]
  }

  of(name: string): Candidates {
    return this.#files.get(name) ?? [undefined]
  }

  /** Before a request is sent: from now on both outcomes are possible. */
  begin(name: string, outcome: string | undefined): void {
    this.touched.add(name)
    this.#files.set(name, [...this.of(name), outcome])
  }

  acknowledge(name: string, outcome: string | undefined): void {
    this.#files.set(name, [outcome])
  }

  /** Seen once, an outcome is settled: a later read must see the same. */
  settle(name: string, seen: string | undefined): void {
    assert.ok(
      this.of(name).includes(seen),
      `${name} holds ${seen ?? 'nothing'}, expected ${this.of(name).join(' or ')}`,
    )
    this.#files.set(name, [seen])
  }
}

class Load {
  readonly #client: FileClient
  readonly #manifest: Manifest
  readonly #random: SeededRandom
  #stopped = false
  acknowledged = 0

  constructor(client: FileClient, manifest: Manifest, random: SeededRandom) {
    this.#client = client
    this.#manifest = manifest
    this.#random = random
  }

  stop(): void {
    this.#stopped = true
  }

  /** One client after its own names, so that there is one writer for each. */
  async run(clientIndex: number): Promise<void> {
    while (!this.#stopped) {
      const name = `client-${clientIndex}/${this.#random.below(namesPerClient)}`
      try {
        if (this.#random.below(5) === 0) await this.#remove(name)
        else await this.#upload(name)
      } catch {
        // The node is gone; whether the request had its effect is not known.
        await sleep(20)
      }
    }
  }

  async #upload(name: string): Promise<void> {
    const bytes = seededBytes(this.#random.uint32(), this.#length())
    const digest = digestOf(bytes)
    this.#manifest.begin(name, digest)
    const response = await this.#client.upload(name, bytes)
    await response.arrayBuffer()
    if (response.status !== 201) return
    this.#manifest.acknowledge(name, digest)
    this.acknowledged++
  }

  async #remove(name: string): Promise<void> {
    this.#manifest.begin(name, undefined)
    const response = await this.#client.remove(name)
    await response.arrayBuffer()
    if (response.status !== 200 && response.status !== 404) return
    this.#manifest.acknowledge(name, undefined)
    this.acknowledged++
  }

  #length(): number {
    const kind = this.#random.below(10)
    if (kind < 5) return this.#random.below(12_000)
    if (kind < 9) return this.#random.below(400_000)
    return this.#random.below(7_000_000)
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function verify(client: FileClient, manifest: Manifest, names: readonly string[]): Promise<void> {
  const listed = new Set(await client.names())
  for (const name of names) {
    const response = await client.download(name)
    const bytes = new Uint8Array(await response.arrayBuffer())
    assert.ok(
      response.status === 200 || response.status === 404,
      `${name}: ${response.status} ${new TextDecoder().decode(bytes)}`,
    )
    manifest.settle(name, response.status === 404 ? undefined : digestOf(bytes))
    assert.equal(listed.has(name), response.status === 200, `${name} is listed exactly when it is there`)
  }
}

describe('kill -9', () => {
  test(`at ${kills} random moments loses nothing`, async () => {
    const seed = Number(process.env['FROSTBYTE_TEST_SEED'] ?? String(Date.now() % 2 ** 31))
    console.log(`seed ${seed} (FROSTBYTE_TEST_SEED)`)
    const random = new SeededRandom(seed)
    const manifest = new Manifest()
    const cluster = await RealCluster.start()
    let acknowledged = 0
    try {
      for (let round = 1; round <= kills; round++) {
        const client = new FileClient(cluster.url)
        const load = new Load(client, manifest, random.fork())
        const running = Array.from({ length: clients }, async (_, index) => await load.run(index))
        await sleep(100 + random.below(500))
        const target = random.below(3)
        const victims =
          target === 0
            ? [...cluster.masters]
            : target === 1
              ? [defined(cluster.workers[random.below(5)], 'worker')]
              : [...cluster.nodes]
        await Promise.all(victims.map(async (node) => await node.kill()))
        load.stop()
        await Promise.all(running)
        acknowledged += load.acknowledged
        for (const node of cluster.masters) if (!node.isRunning) await node.start()
        await Promise.all(cluster.workers.map(async (node) => (node.isRunning ? undefined : await node.start())))
        await cluster.untilReady()
        await cluster.untilWorkersUp(5)
        const names = round % verifyAllEvery === 0 || round === kills ? manifest.names : [...manifest.touched]
        await verify(client, manifest, names)
        manifest.touched.clear()
        if (round % 20 === 0)
          console.log(`${round} kills, ${acknowledged} acknowledged changes, ${manifest.names.length} names`)
      }
      assert.ok(acknowledged > kills * 5, `only ${acknowledged} changes were acknowledged`)
    } catch (error) {
      for (const node of cluster.nodes) console.log(`--- ${node.name}\n${node.log.slice(-3000)}`)
      throw error
    } finally {
      await cluster.remove()
    }
  })
})
