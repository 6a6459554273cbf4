// Files of every interesting size through real processes: the same bytes back, whole and in ranges, and laid out as the design says.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'

import { FileClient, problemCode, seededBytes, seededSha256 } from '../harness/file-client.ts'
import { RealCluster } from '../harness/real-cluster.ts'

const gib = 1024 ** 3
const sizes = [0, 1, 10_239, 10_240, 10_241, 30_720, 3_072_000, 3_072_001]

interface Piece {
  readonly kind: 'data' | 'parity'
  readonly index: number
  readonly length: number
  readonly crc32: string | number
  readonly worker: string
}

describe('files of every size', () => {
  let cluster: RealCluster
  let client: FileClient

  before(async () => {
    cluster = await RealCluster.start()
    client = new FileClient(cluster.url)
  })

  after(async () => {
    await cluster.remove()
  })

  for (const size of sizes) {
    test(`${size} bytes round-trip`, async () => {
      const name = `size-${size}`
      const response = await client.upload(name, seededBytes(size + 1, size), `&size=${size}`)
      assert.equal(response.status, 201, await response.clone().text())
      const stored = (await response.json()) as { filename: string; size: number; etag: string; version: string }
      assert.equal(stored.filename, name)
      assert.equal(stored.size, size)
      assert.doesNotMatch(stored.etag, /^"?[0-9a-f]{32}"?$/)
      assert.equal(await client.sha256(name), seededSha256(size + 1, size))
    })
  }

  test('2 GiB round-trip, and one byte of it moves less than 100 KiB inside the cluster', async () => {
    const response = await client.uploadSeeded('large', 77, 2 * gib)
    assert.equal(response.status, 201, await response.text())
    assert.equal(await client.sha256('large'), seededSha256(77, 2 * gib))
    const readBefore = await bytesReadBy(cluster)
    const one = await client.download('large', { range: `bytes=${gib + 12_345}-${gib + 12_345}` })
    assert.equal(one.status, 206)
    assert.equal((await one.arrayBuffer()).byteLength, 1)
    // Heartbeats and publishing go on meanwhile; they are far below the bound too.
    assert.ok((await bytesReadBy(cluster)) - readBefore < 100 * 1024)
    assert.equal((await client.remove('large')).status, 200)
  })

  test('a chunk lies on three workers, a stripe on five, and the layout knows the CRC of every piece', async () => {
    const one = await pieces(client, 'size-10240')
    assert.equal(one.length, 3)
    assert.equal(new Set(one.map((piece) => piece.worker)).size, 3)
    const data = seededBytes(30_721, 30_720)
    const stripe = await pieces(client, 'size-30720')
    assert.equal(stripe.length, 5)
    assert.equal(new Set(stripe.map((piece) => piece.worker)).size, 5)
    for (const piece of stripe.filter(({ kind }) => kind === 'data')) {
      assert.equal(piece.length, 10_240)
      const expected = crc32(data.subarray(piece.index * 10_240, (piece.index + 1) * 10_240))
      assert.equal(typeof piece.crc32 === 'number' ? piece.crc32 : Number.parseInt(piece.crc32, 16), expected)
    }
    const many = await pieces(client, 'size-3072001')
    assert.equal(many.filter(({ kind }) => kind === 'data').length, 301)
    assert.deepEqual(
      many.filter(({ kind }) => kind === 'data').map(({ index }) => index),
      Array.from({ length: 301 }, (_, index) => index),
    )
    assert.equal(new Set(many.map((piece) => piece.worker)).size, 5)
  })

  test('ranges across chunk, stripe and block borders give exactly those bytes', async () => {
    const size = 3_072_001
    const data = seededBytes(size + 1, size)
    for (const [from, end] of [
      [0, 1],
      [size - 1, size],
      [10_239, 10_241],
      [30_719, 30_721],
      [3_071_999, 3_072_001],
      [20_000, 2_000_000],
      [0, size],
    ] as const) {
      const response = await client.download(`size-${size}`, { range: `bytes=${from}-${end - 1}` })
      assert.equal(response.status, 206)
      assert.equal(response.headers.get('content-range'), `bytes ${from}-${end - 1}/${size}`)
      assert.deepEqual(new Uint8Array(await response.arrayBuffer()), data.subarray(from, end), `${from} to ${end}`)
    }
    const suffix = await client.download(`size-${size}`, { range: 'bytes=-5' })
    assert.deepEqual(new Uint8Array(await suffix.arrayBuffer()), data.subarray(size - 5))
    const open = await client.download(`size-${size}`, { range: `bytes=${size - 7}-` })
    assert.deepEqual(new Uint8Array(await open.arrayBuffer()), data.subarray(size - 7))
    const several = await client.download(`size-${size}`, { range: 'bytes=0-1,30719-30720' })
    assert.equal(several.status, 206)
    assert.match(several.headers.get('content-type') ?? '', /^multipart\/byteranges/)
    const outside = await client.download(`size-${size}`, { range: `bytes=${size}-` })
    assert.equal(outside.status, 416)
    assert.equal(outside.headers.get('content-range'), `bytes */${size}`)
    assert.equal(await problemCode(outside), 'range-unsatisfiable')
  })

  test('a restart of everything finds the files', async () => {
    await cluster.stop()
    for (const master of cluster.masters) await master.start()
    await Promise.all(cluster.workers.map(async (worker) => await worker.start()))
    await cluster.untilReady()
    await cluster.untilWorkersUp(5)
    const again = new FileClient(cluster.url)
    for (const size of sizes) assert.equal(await again.sha256(`size-${size}`), seededSha256(size + 1, size))
    assert.equal((await again.names()).length, sizes.length)
  })
})

async function pieces(client: FileClient, name: string): Promise<readonly Piece[]> {
  const all: Piece[] = []
  let last = -1
  for (;;) {
    const response = await fetch(`${client.url}/api/v1/layout?filename=${name}&limit=100&after=${last}`)
    const page = (await response.json()) as { pieces: readonly Piece[]; next?: number | null }
    all.push(...page.pieces)
    if (page.next === undefined || page.next === null) return all
    last = page.next
  }
}

/** What all processes have read, from disks and sockets, as the kernel counts it. */
async function bytesReadBy(cluster: RealCluster): Promise<number> {
  let sum = 0
  for (const node of cluster.nodes) {
    const io = await readFile(`/proc/${node.pid}/io`, 'utf8')
    sum += Number(/rchar: (\d+)/.exec(io)?.[1] ?? 0)
  }
  return sum
}
