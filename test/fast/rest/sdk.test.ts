// The client library against this face: what one promises the other keeps.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostByteClient } from '../../../src/sdk/client.ts'
import { Harness, sampleBytes } from './harness.ts'

describe('the client library', () => {
  test('uploads, looks up, lists, reads, and deletes over the REST face', async () => {
    await using rest = await Harness.start()
    const client = new FrostByteClient({ url: `http://127.0.0.1:${rest.port}` })
    const body = sampleBytes(300_000)
    for (const name of ['a/../b', 'ä %', 'z']) {
      const stored = await client.upload(name, new Uint8Array(body))
      assert.equal(stored.sizeBytes, body.length)
    }
    assert.equal((await client.stat('ä %')).sizeBytes, body.length)
    assert.deepEqual((await Array.fromAsync(client.listNames())).toSorted(), ['a/../b', 'z', 'ä %'])
    const files = await Array.fromAsync(client.list('', { pageSize: 2 }))
    assert.deepEqual(
      files.map(({ name }) => name),
      ['a/../b', 'z', 'ä %'],
    )
    const { stream } = await client.download('a/../b')
    assert.deepEqual(Buffer.from(await new Response(stream).arrayBuffer()), body)
    const layout = await client.layout('z', { limit: 5 })
    assert.equal(layout.pieces.filter(({ kind }) => kind === 'data').length, 5)
    await client.remove('z')
    await assert.rejects(client.stat('z'), { code: 'file-not-found' })
  })

  test('reads the state of the cluster, and makes and removes buckets', async () => {
    await using rest = await Harness.start()
    const client = new FrostByteClient({ url: `http://127.0.0.1:${rest.port}` })
    const cluster = await client.cluster()
    assert.equal(cluster.workers.length, 5)
    assert.equal(cluster.redundancy.fragmentsMissing, undefined)
    await client.createBucket('photos')
    assert.deepEqual(
      (await client.listBuckets()).map(({ name }) => name),
      ['default', 'photos'],
    )
    await client.removeBucket('photos')
    await assert.rejects(client.removeBucket('photos'), { code: 'bucket-not-found' })
  })

  test('obeys conditions, and learns the remedy of an error', async () => {
    await using rest = await Harness.start()
    const client = new FrostByteClient({ url: `http://127.0.0.1:${rest.port}` })
    await client.upload('a', 'one', { ifAbsent: true })
    await assert.rejects(client.upload('a', 'two', { ifAbsent: true }), { code: 'precondition-failed' })
    assert.equal(rest.files.textOf('a'), 'one')
  })
})
