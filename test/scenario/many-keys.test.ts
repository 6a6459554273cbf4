// A page of a listing costs what it returns: among very many keys with deep prefixes the same as among a thousand. Compared is the
// processor time of two masters within one run, one over many keys and one over a thousand of them, asked for the same pages in turns.

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'

import { openMetadata } from '../../bench/frostbyte/open-metadata.ts'
import { SyntheticCommits } from '../../bench/frostbyte/synthetic-commits.ts'
import { defined } from '../../src/base/assert.ts'
import { RealCluster } from '../harness/real-cluster.ts'

/** A million takes minutes to fill; what grows with the number of keys shows with a tenth of them. */
const manyKeys = Number(process.env['FROSTBYTE_TEST_KEYS'] ?? '100000')
const fewKeys = 1000
const pageKeys = 1000
const commitsAtOnce = 1000
const rounds = 4
const pagesPerRound = 20
/** Wide: what is looked for is a cost that grows with the number of keys, which would be hundreds of times as high. */
const ratioMax = 3

/** Seven folders deep; a thousand keys in each of the deepest. */
function keyOf(index: number): string {
  const digits = String(index).padStart(9, '0')
  const folders = Array.from(digits.slice(0, 6), (digit, depth) => `level-${depth}-${digit}`)
  return `deep/${folders.join('/')}/photo-${digits.slice(6)}.jpg`
}

const deepest = keyOf(0).slice(0, keyOf(0).lastIndexOf('/') + 1)

describe('a page of a listing', () => {
  let many: RealCluster
  let few: RealCluster

  before(async () => {
    const started = performance.now()
    many = await startWithKeys(manyKeys)
    console.log(`${manyKeys} keys in ${Math.round((performance.now() - started) / 1000)} s`)
    few = await startWithKeys(fewKeys)
  })

  after(async () => {
    await many.remove()
    await few.remove()
  })

  test('holds the right names under every prefix', async () => {
    assert.equal((await page(many, `prefix=${deepest}`)).length, Math.min(pageKeys, manyKeys))
    for (const prefix of ['', 'deep/', 'deep/level-0-0/', deepest]) {
      const expected = Array.from({ length: pageKeys }, (_, index) => keyOf(index))
      assert.deepEqual(await page(many, `prefix=${prefix}`), expected, prefix)
    }
    const last = keyOf(manyKeys - 1)
    assert.deepEqual(await page(many, `after=${keyOf(manyKeys - 2)}`), [last])
    assert.deepEqual(await page(many, 'prefix=deep/level-0-0/level-1-9/nothing'), [])
    assert.deepEqual(await page(many, `after=${last}`), [])
  })

  for (const [what, query] of [
    ['names', ''],
    ['details', '&details=true'],
  ] as const) {
    test(`of ${pageKeys} ${what} costs the same among ${manyKeys} keys as among ${fewKeys}`, async () => {
      const middle = keyOf(Math.floor(manyKeys / 2))
      const places = ['prefix=', 'prefix=deep/', `prefix=${deepest}`, `after=${middle}`, `prefix=deep/&after=${middle}`]
      for (const place of places) {
        const amongMany: number[] = []
        const amongFew: number[] = []
        for (let round = 0; round < rounds; round++) {
          amongFew.push(await costOfPages(few, `prefix=${query}`))
          amongMany.push(await costOfPages(many, `${place}${query}`))
        }
        const ratio = Math.min(...amongMany) / Math.min(...amongFew)
        console.log(`${what}, ${place}: ${ratio.toFixed(2)} times the cost`)
        assert.ok(
          ratio < ratioMax,
          `${place}${query}: ${amongMany.map(Math.round).join(' ')} against ${amongFew.map(Math.round).join(' ')} ms`,
        )
      }
    })
  }
})

/** A cluster that has run once and then got its keys through MetadataStore; of it, only the master runs afterwards. */
async function startWithKeys(count: number): Promise<RealCluster> {
  const cluster = await RealCluster.start()
  try {
    await cluster.stop()
    const store = await openMetadata(cluster.directory)
    try {
      const commits = await SyntheticCommits.open(store)
      let next = 0
      const drive = async (): Promise<void> => {
        for (let index = next++; index < count; index = next++) await commits.commit(keyOf(shuffled(index, count)))
      }
      await Promise.all(Array.from({ length: commitsAtOnce }, drive))
    } finally {
      await store.close()
    }
    await masterOf(cluster).start()
    return cluster
  } catch (error) {
    await cluster.remove()
    throw error
  }
}

/** Each number below `count` once, in no order: real keys do not come sorted. The step is a prime larger than any count. */
function shuffled(index: number, count: number): number {
  return Number((BigInt(index) * 2_147_483_647n) % BigInt(count))
}

function masterOf(cluster: RealCluster): RealCluster['nodes'][number] {
  return defined(cluster.masters[0], 'master')
}

async function page(cluster: RealCluster, query: string): Promise<readonly unknown[]> {
  const response = await fetch(`${cluster.url}/files?limit=${pageKeys}&${query}`)
  assert.equal(response.status, 200)
  return (await response.json()) as readonly unknown[]
}

/** Milliseconds of processor time of the master. */
async function costOfPages(cluster: RealCluster, query: string): Promise<number> {
  const startMs = await processorMs(masterOf(cluster).pid)
  for (let count = 0; count < pagesPerRound; count++) assert.equal((await page(cluster, query)).length, pageKeys)
  return (await processorMs(masterOf(cluster).pid)) - startMs
}

/** Of all its threads. */
async function processorMs(pid: number): Promise<number> {
  let nanoseconds = 0
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const [onProcessor = '0'] = (await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')).split(' ')
    nanoseconds += Number(onProcessor)
  }
  return nanoseconds / 1e6
}
