// Metadata that loses its answers, after it did what it was told and without having done it: nothing is lost and nothing doubled.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../../src/base/errors.ts'
import { SECOND_MS } from '../../../src/base/units.ts'
import type { MutationName } from '../../../src/meta/mutations.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'
import type { MutationFate } from '../../../sim/metadata-faults.ts'

const block = 19_200
const fates = ['unknown-committed', 'unknown-not-committed'] as const

/** The first `count` mutations of that name have this fate. */
function firstOnes(wanted: MutationName, fate: MutationFate, count = 1): (name: MutationName) => MutationFate {
  let left = count
  return (name) => (name === wanted && left-- > 0 ? fate : 'commit')
}

/** Every so many mutations, whatever they are, one loses its answer. */
function byChance(cluster: SimulatedCluster): (name: MutationName) => MutationFate {
  return () => (cluster.random.below(3) === 0 ? (fates[cluster.random.below(2)] ?? 'commit') : 'commit')
}

describe('a lost answer of metadata', () => {
  for (const fate of fates) {
    test(`(${fate}) leaves an upload stored once`, async () => {
      const cluster = await SimulatedCluster.start()
      const master = cluster.master()
      master.fate = firstOnes('commitVersion', fate, 3)
      const body = cluster.random.bytes(2 * block)
      const info = await cluster.put('file', body)
      assert.deepEqual(await cluster.get('file'), body)
      const head = await master.metadata.getHead('default', 'file')
      assert.deepEqual([head?.version, head?.sequence], [info.version, 1])
      const [row] = await cluster.dataRows()
      assert.equal(row?.state === 'live' && row.references, 1)
    })

    test(`(${fate}) of a removal still tells what was removed`, async () => {
      const cluster = await SimulatedCluster.start()
      const { version } = await cluster.put('file', new Uint8Array(10))
      cluster.master().fate = firstOnes('deleteKey', fate)
      assert.equal((await cluster.remove('file'))?.version, version)
      assert.deepEqual(await cluster.names(), [])
    })

    test(`(${fate}) of a discard leaves nothing of the upload`, async () => {
      const cluster = await SimulatedCluster.start({ orphansEveryMs: 3 * SECOND_MS })
      cluster.master().fate = firstOnes('discard', fate)
      const upload = await cluster.run(cluster.files.put({ bucket: 'default', key: 'file' }))
      await cluster.run(Promise.resolve(upload.write(new Uint8Array(2 * block))))
      upload.abort(new Error('gone'))
      await cluster.advance(20 * SECOND_MS)
      assert.equal(cluster.fragments(), 0)
      assert.deepEqual(await cluster.dataRows(), [])
    })
  }

  test('of a commit that never comes is told as such, and the file is there or not, but never half', async () => {
    for (const fate of fates) {
      const cluster = await SimulatedCluster.start({ orphansEveryMs: 3 * SECOND_MS })
      cluster.master().fate = firstOnes('commitVersion', fate, Number.POSITIVE_INFINITY)
      const body = cluster.random.bytes(block)
      await assert.rejects(cluster.put('file', body), (error) => errorCode(error) === 'outcome-unknown')
      cluster.master().fate = () => 'commit'
      await cluster.advance(20 * SECOND_MS)
      if (fate === 'unknown-committed') assert.deepEqual(await cluster.get('file'), body)
      else assert.deepEqual([await cluster.names(), cluster.fragments(), await cluster.dataRows()], [[], 0, []])
    }
  })

  test('is followed by metadata that is away: the upload is not called failed while it may be stored', async () => {
    const cluster = await SimulatedCluster.start()
    const answers: MutationFate[] = ['unknown-committed', 'unavailable', 'unavailable']
    cluster.master().fate = (name) => (name === 'commitVersion' ? (answers.shift() ?? 'commit') : 'commit')
    await cluster.put('file', new Uint8Array(10))
    assert.deepEqual(await cluster.names(), ['file'])
  })

  test('of any mutation at any time does no harm', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const cluster = await SimulatedCluster.start({ seed, orphansEveryMs: 3 * SECOND_MS })
      const master = cluster.master()
      master.fate = byChance(cluster)
      const expected = new Map<string, Uint8Array>()
      for (let count = 0; count < 20; count++) {
        const key = `file-${cluster.random.below(6)}`
        if (cluster.random.below(4) === 0) {
          const removed = await cluster.remove(key)
          assert.equal(removed !== undefined, expected.delete(key))
          continue
        }
        const body = cluster.random.bytes(cluster.random.below(block))
        await cluster.put(key, body)
        expected.set(key, body)
      }
      await cluster.advance(10 * SECOND_MS)
      master.fate = () => 'commit'
      await cluster.advance(20 * SECOND_MS)
      assert.deepEqual(await cluster.names(), [...expected.keys()].toSorted())
      for (const [key, body] of expected) assert.deepEqual(await cluster.get(key), body, `${key}, seed ${seed}`)
      assert.equal((await cluster.dataRows()).length, expected.size)
    }
  })
})
