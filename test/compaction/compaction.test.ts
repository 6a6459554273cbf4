// Space comes back: a cluster is filled, nine of ten files are deleted while clients go on writing, reading and deleting, and a worker is
// killed twice meanwhile. Afterwards the segments hold less than 1.5 times what lives, and every file is exact.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { defaultChunkSizeBytes, defaultScheme } from '../../src/base/scheme.ts'
import { MIB } from '../../src/base/units.ts'
import { blockCount, blockDataBytes, BlockGeometry } from '../../src/codec/geometry.ts'
import { eventually } from '../harness/eventually.ts'
import { FileClient, seededBytes, seededSha256 } from '../harness/file-client.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import { segmentBytes } from '../harness/segment-files.ts'

/** How much is stored before most of it is deleted. */
const totalBytes = Number(process.env['FROSTBYTE_TEST_COMPACTION_MIB'] ?? '4096') * MIB
const largeBytes = 4 * MIB
/** Beside each large file some small ones: they go to another log. */
const smallPerLarge = 2
const smallBytesMax = 40_000
const parallel = 6
const spaceMaxMs = 150_000
const deadShareMax = 1.5

interface Stored {
  readonly name: string
  readonly seed: number
  readonly bytes: number
}

/** What lives, and what was done so far. */
class Files {
  readonly #client: FileClient
  readonly live = new Map<string, Stored>()
  #seed = 0

  constructor(client: FileClient) {
    this.#client = client
  }

  async upload(name: string, bytes: number): Promise<void> {
    const stored = { name, bytes, seed: ++this.#seed }
    const response = await this.#client.upload(name, seededBytes(stored.seed, bytes))
    assert.equal(response.status, 201, await response.text())
    this.live.set(name, stored)
  }

  async remove(name: string): Promise<void> {
    const response = await this.#client.remove(name)
    assert.equal(response.status, 200, await response.text())
    this.live.delete(name)
  }

  async verify({ name, seed, bytes }: Stored): Promise<void> {
    assert.equal(await this.#client.sha256(name), seededSha256(seed, bytes), name)
  }

  /** Bytes of all pieces of all that lives. */
  get pieceBytes(): number {
    let sum = 0
    for (const { bytes } of this.live.values()) sum += pieceBytesOf(bytes)
    return sum
  }
}

function pieceBytesOf(fileBytes: number): number {
  let sum = 0
  for (let block = 0; block < blockCount(defaultScheme, defaultChunkSizeBytes, fileBytes); block++) {
    const dataBytes = blockDataBytes(defaultScheme, defaultChunkSizeBytes, fileBytes, block)
    const geometry = new BlockGeometry(defaultScheme, defaultChunkSizeBytes, dataBytes)
    for (const column of geometry.columns()) sum += geometry.columnLength(column)
  }
  return sum
}

describe('compaction', () => {
  let cluster: RealCluster
  let files: Files
  const random = new SeededRandom(7)

  before(async () => {
    cluster = await RealCluster.start()
    await cluster.untilWorkersUp(5)
    files = new Files(new FileClient(cluster.url))
  })

  after(async () => {
    await cluster.remove()
  })

  test(`gives the space of nine tenths of ${totalBytes / MIB} MiB back, under load and over kills`, async () => {
    const larges = Math.ceil(totalBytes / largeBytes)
    const filling = Array.from({ length: larges * (1 + smallPerLarge) }, (_, index) => index)
    await inParallel(filling, async (index) => {
      const isLarge = index % (1 + smallPerLarge) === 0
      await files.upload(`filled/${index}`, isLarge ? largeBytes : 1 + random.below(smallBytesMax))
    })
    tell('filled', cluster, files)
    const load = startLoad(files)
    const doomed = [...files.live.keys()].filter((name) => name.startsWith('filled/') && random.below(10) > 0)
    const kills = killTwice(cluster)
    await inParallel(doomed, async (name) => await files.remove(name))
    tell('deleted', cluster, files)
    await kills
    await load.stop()
    await eventually('less than 1.5 times what lives', spaceMaxMs, async () => {
      const used = await segmentBytes(cluster.workers)
      if (used < files.pieceBytes * deadShareMax) return true
      const each = await Promise.all(cluster.workers.map(async (worker) => await segmentBytes([worker])))
      const megabytes = each.map((bytes) => Math.round(bytes / MIB)).join(' + ')
      throw new Error(`${megabytes} MiB for ${Math.round(files.pieceBytes / MIB)} MiB`)
    })
    tell('compacted', cluster, files)
    await inParallel([...files.live.values()], async (file) => await files.verify(file))
    const listed = await new FileClient(cluster.url).names()
    assert.deepEqual([...listed].toSorted(), [...files.live.keys()].toSorted())
  })
})

function tell(what: string, cluster: RealCluster, files: Files): void {
  segmentBytes(cluster.workers).then(
    (used) =>
      console.log(`${what}: ${Math.round(files.pieceBytes / MIB)} MiB live, ${Math.round(used / MIB)} MiB in segments`),
    (error: unknown) => console.log(String(error)),
  )
}

/** One worker is killed while files are deleted, and another one a while later: compaction is at work then. */
async function killTwice(cluster: RealCluster): Promise<void> {
  for (const index of [1, 3]) {
    await sleep(3000)
    const worker = defined(cluster.workers[index], 'worker')
    await worker.kill()
    await sleep(2000)
    await worker.start()
    await cluster.untilWorkersUp(5)
  }
}

/** A client that writes, reads, overwrites and deletes without end, each of its requests with the one right answer. */
function startLoad(files: Files): { readonly stop: () => Promise<void> } {
  const random = new SeededRandom(11)
  let isStopped = false
  const run = async (): Promise<void> => {
    while (!isStopped) {
      const name = `load/${random.below(40)}`
      const known = files.live.get(name)
      const kind = random.below(4)
      if (known === undefined || kind === 0) await files.upload(name, 1 + random.below(2_000_000))
      else if (kind === 1) await files.remove(name)
      else await files.verify(known)
    }
  }
  const running = run()
  running.catch(() => undefined)
  return {
    stop: async () => {
      isStopped = true
      await running
    },
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (next < items.length) {
        const item = defined(items[next++], 'item')
        await work(item)
      }
    }),
  )
}
