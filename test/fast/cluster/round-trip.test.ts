// Files through a whole cluster in memory, with chunks of 64 bytes: a block is 19,200 bytes, and every border is near.

import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'

import { errorCode } from '../../../src/base/errors.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'

const chunk = 64
const stripe = 3 * chunk
const block = 100 * stripe
const sizes = [0, 1, chunk - 1, chunk, chunk + 1, stripe, stripe + 1, block - 1, block, block + 1, 3 * block + 777]

describe('a file', () => {
  let cluster: SimulatedCluster

  before(async () => {
    cluster = await SimulatedCluster.start()
  })

  for (const size of sizes) {
    test(`of ${size} bytes comes back as it went in`, async () => {
      const bytes = cluster.random.bytes(size)
      const info = await cluster.put(`whole-${size}`, bytes)
      assert.equal(info.sizeBytes, size)
      assert.deepEqual(await cluster.get(`whole-${size}`), bytes)
    })

    test(`of ${size} bytes that was announced and comes in small slices comes back as it went in`, async () => {
      const bytes = cluster.random.bytes(size)
      await cluster.put(`announced-${size}`, bytes, { sliceBytes: 37, request: { sizeBytes: size } })
      assert.deepEqual(await cluster.get(`announced-${size}`), bytes)
    })
  }

  test('is read by any range', async () => {
    const size = 2 * block + 100
    const bytes = cluster.random.bytes(size)
    await cluster.put('ranges', bytes)
    const borders = [0, 1, chunk - 1, chunk, stripe - 1, stripe, block - 1, block, block + 1, 2 * block, size - 1]
    for (const offset of borders) {
      for (const length of [1, chunk, stripe + 5, block, size]) {
        const end = Math.min(size, offset + length)
        const part = await cluster.get('ranges', { offset, length: end - offset })
        assert.deepEqual(part, bytes.slice(offset, end), `${offset} to ${end}`)
      }
    }
  })

  test('whose body is longer or shorter than announced is refused, and leaves nothing', async () => {
    for (const [announced, sent] of [
      [100, 101],
      [100, 99],
      [block, block + 1],
      [block + 1, block],
      [0, 1],
    ] as const) {
      const put = cluster.put('wrong-size', cluster.random.bytes(sent), { request: { sizeBytes: announced } })
      await assert.rejects(put, (error) => errorCode(error) === 'size-mismatch')
    }
    assert.ok(!(await cluster.names()).includes('wrong-size'))
  })

  test('is listed in byte order, by prefix and by pages', async () => {
    for (const key of ['list/b', 'list/a', 'list/a/x', 'list/ä', 'list/Z']) await cluster.put(key, new Uint8Array(5))
    const page = async (after?: string): Promise<readonly string[]> => {
      const request = { bucket: 'default', prefix: 'list/', limit: 3, ...(after === undefined ? {} : { after }) }
      return (await cluster.run(cluster.files.listNames(request))).names
    }
    assert.deepEqual(await page(), ['list/Z', 'list/a', 'list/a/x'])
    assert.deepEqual(await page('list/a/x'), ['list/b', 'list/ä'])
  })

  test('is gone after its removal, and a second removal finds nothing', async () => {
    await cluster.put('removed', new Uint8Array(5))
    assert.equal((await cluster.remove('removed'))?.sizeBytes, 5)
    assert.equal(await cluster.remove('removed'), undefined)
    await assert.rejects(cluster.get('removed'), (error) => errorCode(error) === 'file-not-found')
  })

  test('is replaced by the next upload of its name', async () => {
    const second = cluster.random.bytes(block + 1)
    const { version } = await cluster.put('replaced', cluster.random.bytes(block))
    const info = await cluster.put('replaced', second)
    assert.notEqual(info.version, version)
    assert.deepEqual(await cluster.get('replaced'), second)
  })

  test('is written only where its condition holds, and of many racers exactly one wins', async () => {
    const condition = { kind: 'if-absent' } as const
    const outcomes = await Promise.allSettled([
      cluster.run(
        Promise.allSettled(
          Array.from({ length: 20 }, async (_, index) => {
            const upload = await cluster.files.put({ bucket: 'default', key: 'raced', condition })
            await upload.write(new Uint8Array(300).fill(index))
            return await upload.finish()
          }),
        ),
      ),
    ])
    const [all] = outcomes
    assert.ok(all?.status === 'fulfilled')
    const won = all.value.filter((outcome) => outcome.status === 'fulfilled')
    assert.equal(won.length, 1)
    for (const outcome of all.value)
      if (outcome.status === 'rejected') assert.equal(errorCode(outcome.reason), 'precondition-failed')
    const { version } = won[0]?.value ?? assert.fail()
    const matching = { kind: 'if-version', version } as const
    await cluster.put('raced', new Uint8Array(7), { request: { condition: matching } })
    const stale = cluster.put('raced', new Uint8Array(8), { request: { condition: matching } })
    await assert.rejects(stale, (error) => errorCode(error) === 'precondition-failed')
    assert.equal((await cluster.get('raced')).length, 7)
  })

  test('of several extents comes back as it went in', async () => {
    const small = await SimulatedCluster.start({ extentBytesMax: block })
    const bytes = small.random.bytes(5 * block + 100)
    await small.put('extents', bytes)
    assert.deepEqual(await small.get('extents'), bytes)
    const layout = await small.run(small.files.layout({ bucket: 'default', key: 'extents', after: -1, limit: 1000 }))
    assert.equal(layout?.chunkCount, Math.ceil(bytes.length / chunk))
    assert.deepEqual(await small.get('extents', { offset: block - 1, length: 2 }), bytes.slice(block - 1, block + 1))
  })
})
