// One worker's files are damaged from outside, while it runs and while it is stopped: a bit turned over, a segment cut short, two
// records exchanged. What is damaged is never served, the answers stay right, and each event is logged and counted.

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'

import { defined } from '../../src/base/assert.ts'
import { eventually } from '../harness/eventually.ts'
import { FileClient, seededBytes, seededSha256 } from '../harness/file-client.ts'
import { layoutPieces } from '../harness/layout.ts'
import { readMetric } from '../harness/metrics.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import type { RealNode } from '../harness/real-cluster.ts'
import { findInSegments, flipBit, listSegmentFiles, overwriteAt, readAt, truncateAt } from '../harness/segment-files.ts'
import type { Place } from '../harness/segment-files.ts'

const chunkBytes = 10_240
const fragmentBytes = 1000 * 1024
/** In front of a full fragment's payload; of the one chunk of a small file. */
const largeHeaderBytes = 4096
const damagedFigure = 'frostbyte_fragments_damaged_total'
const countMaxMs = 20_000

interface Stored {
  readonly name: string
  readonly seed: number
  readonly bytes: number
}

describe('damage in the files of one worker', () => {
  let cluster: RealCluster
  let client: FileClient
  let seed = 0
  let damagedBefore = 0

  before(async () => {
    cluster = await RealCluster.start()
    await cluster.untilWorkersUp(5)
    client = new FileClient(cluster.url)
  })

  after(async () => {
    await cluster.remove()
  })

  beforeEach(async () => {
    damagedBefore = await readMetric(cluster.url, damagedFigure)
  })

  async function store(name: string, bytes: number): Promise<Stored> {
    const stored = { name, bytes, seed: ++seed }
    const response = await client.upload(name, seededBytes(stored.seed, bytes))
    assert.equal(response.status, 201, await response.text())
    return stored
  }

  async function assertExact(...files: readonly Stored[]): Promise<void> {
    for (const { name, bytes, seed: fileSeed } of files) {
      assert.equal(await client.sha256(name), seededSha256(fileSeed, bytes), name)
    }
  }

  /** Where the worker that holds data chunk `index` keeps its bytes. */
  async function placeOfChunk(
    file: Stored,
    index: number,
  ): Promise<{ readonly worker: RealNode; readonly place: Place }> {
    const pieces = await layoutPieces(client, file.name)
    const piece = defined(
      pieces.find((one) => one.kind === 'data' && one.index === index),
      `chunk ${index}`,
    )
    const worker = await cluster.workerOf(piece.worker)
    const bytes = seededBytes(file.seed, file.bytes)
    const needle = bytes.subarray(index * chunkBytes, index * chunkBytes + piece.length)
    return {
      worker,
      place: defined(await findInSegments(worker, needle), `chunk ${index} of ${file.name} in a segment`),
    }
  }

  /** The worker's log names the damage, and the master counted it. */
  async function assertReported(worker: RealNode, marks: RegExp = /A stored fragment is damaged\./): Promise<void> {
    await eventually(`a line of ${worker.name}'s log`, countMaxMs, () => (marks.test(worker.log) ? true : undefined))
    await eventually('the count of damaged fragments', countMaxMs, async () =>
      (await readMetric(cluster.url, damagedFigure)) > damagedBefore ? true : undefined,
    )
    const master = defined(cluster.masters[0], 'master')
    assert.match(master.log, /A fragment was not read intact; the file was served from others\./)
  }

  for (const [kind, bytes, index] of [
    ['the only chunk of a small file', 5000, 0],
    ['a chunk of a file of some stripes', 200_000, 7],
    ['a chunk of a full fragment', 3_072_000, 150],
  ] as const) {
    test(`a bit turned over in ${kind}, while the worker runs`, async () => {
      const file = await store(`flip-${bytes}`, bytes)
      const { worker, place } = await placeOfChunk(file, index)
      await flipBit({ ...place, offset: place.offset + 1234 })
      await assertExact(file)
      const range = await client.download(file.name, {
        range: `bytes=${index * chunkBytes}-${index * chunkBytes + 99}`,
      })
      const expected = seededBytes(file.seed, bytes).subarray(index * chunkBytes, index * chunkBytes + 100)
      assert.deepEqual(new Uint8Array(await range.arrayBuffer()), expected)
      await assertReported(worker)
    })
  }

  test('a bit turned over in a record’s header, while the worker runs', async () => {
    const file = await store('flip-header', 3_072_000)
    const { worker, place } = await placeOfChunk(file, 0)
    await flipBit({ ...place, offset: place.offset - largeHeaderBytes + 45 })
    await assertExact(file)
    await assertReported(worker)
  })

  test('a bit turned over in parity is found as soon as the parity is needed', async () => {
    const file = await store('flip-parity', 10_241)
    const parity = defined(
      (await layoutPieces(client, file.name)).find(({ kind }) => kind === 'parity'),
      'parity',
    )
    const holder = await cluster.workerOf(parity.worker)
    // The scheme's first parity row is all ones: of a full and a one-byte chunk, the second only changes the first byte.
    const bytes = seededBytes(file.seed, file.bytes)
    const needle = bytes.slice(1, chunkBytes)
    const place = defined(await findInSegments(holder, needle), 'parity')
    await flipBit({ ...place, offset: place.offset + 100 })
    const { worker } = await placeOfChunk(file, 0)
    await worker.kill()
    await assertExact(file)
    await worker.start()
    await cluster.untilWorkersUp(5)
    await assertExact(file)
    await assertReported(holder)
  })

  test('a bit turned over while the worker is stopped', async () => {
    const file = await store('flip-stopped', 3_072_000)
    const { worker, place } = await placeOfChunk(file, 30)
    await worker.stop()
    await flipBit(place)
    await worker.start()
    await cluster.untilWorkersUp(5)
    await assertExact(file)
    await assertReported(worker)
  })

  for (const state of ['runs', 'is stopped', 'was killed'] as const) {
    test(`a segment cut short while the worker ${state}`, async () => {
      const files: Stored[] = []
      for (let file = 0; file < 4; file++) files.push(await store(`cut-${state}-${file}`, 3_072_000))
      const { worker, place } = await placeOfChunk(defined(files[1], 'file'), 120)
      if (state === 'is stopped') await worker.stop()
      if (state === 'was killed') await worker.kill()
      await truncateAt(place)
      if (state !== 'runs') await worker.start()
      await cluster.untilWorkersUp(5)
      await assertExact(...files)
      await eventually('the count of damaged fragments', countMaxMs, async () =>
        (await readMetric(cluster.url, damagedFigure)) > damagedBefore ? true : undefined,
      )
      assert.match(defined(cluster.masters[0], 'master').log, /A fragment was not read intact/)
      // After a kill the index may not name yet what was cut off: a log that ends earlier is then all that the worker can see.
      if (state !== 'was killed') assert.match(worker.log, /damaged|lost|dropped|cut/i)
      const later = await store(`cut-${state}-later`, 3_072_000)
      await assertExact(...files, later)
      await worker.kill()
      await worker.start()
      await cluster.untilWorkersUp(5)
      await assertExact(...files, later)
      // What was written after the damage is whole on this worker too: with two others away, its pieces are needed.
      const others = cluster.workers.filter((other) => other !== worker).slice(0, 2)
      await Promise.all(others.map(async (other) => await other.kill()))
      await assertExact(later)
      await Promise.all(others.map(async (other) => await other.start()))
      await cluster.untilWorkersUp(5)
    })
  }

  test('two whole records exchanged', async () => {
    const first = await store('swap-a', 3_072_000)
    const one = await placeOfChunk(first, 0)
    const { file: second, place: other } = await storeOn(one.worker, 'swap-b')
    await exchange(recordAt(one.place), recordAt(other), largeHeaderBytes + fragmentBytes)
    await assertExact(first, second)
    await assertReported(one.worker)
  })

  test('the payloads of two records exchanged, their headers left', async () => {
    const first = await store('payload-a', 3_072_000)
    const one = await placeOfChunk(first, 0)
    const { file: second, place: other } = await storeOn(one.worker, 'payload-b')
    await exchange(one.place, other, fragmentBytes)
    await assertExact(first, second)
    await assertReported(one.worker)
  })

  test('two chunks of one record exchanged', async () => {
    const file = await store('chunks', 3_072_000)
    const { worker, place } = await placeOfChunk(file, 0)
    await exchange(place, { ...place, offset: place.offset + chunkBytes }, chunkBytes)
    await assertExact(file)
    await assertReported(worker)
  })

  test('whole segments of a worker overwritten with noise, while it runs', async () => {
    const files = [await store('noise-small', 3000), await store('noise-large', 3_072_000)]
    const { worker } = await placeOfChunk(defined(files[1], 'file'), 0)
    for (const { path, bytes } of await listSegmentFiles(worker)) {
      for (let offset = 0; offset < bytes; offset += 1024 * 1024) {
        await overwriteAt({ path, offset }, seededBytes(offset + 1, Math.min(1024 * 1024, bytes - offset)))
      }
    }
    await assertExact(...files)
    await assertReported(worker)
    const later = await store('noise-later', 3_072_000)
    await assertExact(...files, later)
  })

  /** A file of one block of which this worker holds a data column. Which worker holds what turns around by chance. */
  async function storeOn(worker: RealNode, name: string): Promise<{ readonly file: Stored; readonly place: Place }> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const file = await store(`${name}-${attempt}`, 3_072_000)
      for (let column = 0; column < 3; column++) {
        const found = await placeOfChunk(file, column)
        if (found.worker === worker) return { file, place: found.place }
      }
    }
    throw new Error(`${worker.name} never holds data`)
  }
})

function recordAt({ path, offset }: Place): Place {
  return { path, offset: offset - largeHeaderBytes }
}

async function exchange(first: Place, second: Place, length: number): Promise<void> {
  const [one, other] = [await readAt(first, length), await readAt(second, length)]
  assert.notDeepEqual(one, other)
  await overwriteAt(first, other)
  await overwriteAt(second, one)
}
