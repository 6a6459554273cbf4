// Many keys in folders of a thousand, listed by V2 with and without a delimiter: each key and each folder comes once and in order. What
// a page costs the master's processor and memory is printed, not judged, but for memory that grows with the keys. FROSTBYTE_TEST_S3_KEYS
// is their number; 1,000,000 in the full run.
//
// A million uploads take two cores most of an hour. So beyond `uploadedMax` keys are committed straight to the metadata of the cluster
// while it is stopped, by the same decisions, as files whose bytes nobody stored: listings read nothing else.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { openMetadata } from '../../bench/frostbyte/open-metadata.ts'
import { SyntheticCommits } from '../../bench/frostbyte/synthetic-commits.ts'
import { defined } from '../../src/base/assert.ts'
import { cpuOf, memoryOf } from '../../src/cli/bench/process-usage.ts'
import type { ServerProcess } from '../../src/cli/bench/process-usage.ts'
import { openEndpoint } from './harness/endpoint.ts'
import type { OpenEndpoint } from './harness/endpoint.ts'
import { RawS3 } from './harness/raw-s3.ts'

const keyCount = Number(process.env['FROSTBYTE_TEST_S3_KEYS'] ?? 10_000)
const keysOfFolder = 1000
const folderCount = Math.ceil(keyCount / keysOfFolder)
const uploadedMax = 10_000
const connectionsAtOnce = 32
/** Under way while the metadata is filled: each sync then covers hundreds. */
const commitsAtOnce = 1000
/** Ticks of /proc are 10 ms: so many pages make the figure good. */
const pagesMin = 200
const growthMibMax = 64
const bucket = 'suite-many'
/** Another server that was named has only what is uploaded to it. */
const isOwn = process.env['FROSTBYTE_S3_TEST_HTTP'] === undefined

function folderOf(index: number): string {
  return `all/${String(Math.floor(index / keysOfFolder)).padStart(6, '0')}/`
}

function keyOf(index: number): string {
  return `${folderOf(index)}a-usual-name-${String(index).padStart(9, '0')}.jpg`
}

interface Page {
  readonly names: readonly string[]
  readonly next: string | undefined
}

describe(`${keyCount} keys in folders of ${keysOfFolder}`, () => {
  let open: OpenEndpoint
  let connections: readonly RawS3[] = []
  let masters: readonly ServerProcess[] = []

  const start = async (directory?: string): Promise<void> => {
    open = await openEndpoint('http', 1, directory === undefined ? {} : { directory })
    connections = await Promise.all(
      Array.from({ length: connectionsAtOnce }, async () => await RawS3.open(open.endpoint)),
    )
  }

  const commitFrom = async (first: number, directory: string): Promise<void> => {
    const store = await openMetadata(directory)
    try {
      const commits = await SyntheticCommits.open(store)
      let next = first
      const drive = async (): Promise<void> => {
        while (next < keyCount) await commits.commit(keyOf(next++), bucket)
      }
      await Promise.all(Array.from({ length: commitsAtOnce }, drive))
    } finally {
      await store.close()
    }
  }

  before(async () => {
    await start()
    assert.equal((await connections[0]?.send({ method: 'PUT', path: `/${bucket}` }))?.status, 200)
    let next = 0
    const count = isOwn && keyCount > uploadedMax ? uploadedMax : keyCount
    const fill = async (connection: RawS3): Promise<void> => {
      while (next < count) {
        const { status } = await connection.send({ method: 'PUT', path: `/${bucket}/${keyOf(next++)}` })
        assert.equal(status, 200)
      }
    }
    await Promise.all(connections.map(fill))
    if (count < keyCount) {
      for (const connection of connections) connection.close()
      await open.up?.stop()
      await commitFrom(count, defined(open.up, 'the cluster is the suite’s own').directory)
      await start(open.up?.directory)
    }
    const pids = (await open.up?.pidsOf((args) => args.includes('master'))) ?? []
    masters = pids.map((pid) => ({ pid, role: 'master' }))
  })
  after(async () => {
    for (const connection of connections) connection.close()
    await open.close()
  })

  const page = async (asked: Readonly<Record<string, string>>): Promise<Page> => {
    const parameters = Object.entries({ 'list-type': '2', ...asked }).toSorted(([one], [other]) =>
      one < other ? -1 : 1,
    )
    const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
    const answer = await connections[0]?.send({ method: 'GET', path: `/${bucket}`, query })
    const text = answer?.body.toString() ?? ''
    assert.equal(answer?.status, 200, text)
    const names = [...text.matchAll(/<Key>([^<]*)<\/Key>|<CommonPrefixes><Prefix>([^<]*)<\/Prefix>/g)]
    const token = /<NextContinuationToken>([^<]+)</.exec(text)?.[1]
    assert.equal(/<IsTruncated>(\w+)</.exec(text)?.[1], String(token !== undefined))
    return { names: names.map(([, key, prefix]) => key ?? prefix ?? ''), next: token }
  }

  /** All pages; each name must be the expected one. @returns how many pages. */
  const listAll = async (
    asked: Readonly<Record<string, string>>,
    expected: (index: number) => string,
  ): Promise<number> => {
    let count = 0
    let pages = 0
    let token: string | undefined
    do {
      const { names, next } = await page(token === undefined ? asked : { ...asked, 'continuation-token': token })
      const wrong = names.findIndex((name, index) => name !== expected(count + index))
      assert.equal(wrong, -1, `page ${pages}: ${names[wrong]} instead of ${expected(count + wrong)}`)
      count += names.length
      pages++
      token = next
    } while (token !== undefined)
    assert.equal(count, expected === keyOf ? keyCount : expected === folderOfNumber ? folderCount : keysOfFolder)
    return pages
  }
  const folderOfNumber = (index: number): string => folderOf(index * keysOfFolder)

  const measure = async (what: string, list: () => Promise<number>): Promise<void> => {
    const anonMib = (): number => masters.reduce((sum, { pid }) => sum + (memoryOf(pid)?.rssAnon ?? 0), 0)
    const [cpuBefore, anonBefore] = [cpuOf(masters), anonMib()]
    let pages = 0
    while (pages < pagesMin) pages += await list()
    const cpu = cpuOf(masters)
    const cpuMs = (cpu.user + cpu.system - cpuBefore.user - cpuBefore.system) * 1000
    const cost = masters.length === 0 ? 'unknown' : (cpuMs / pages).toFixed(2)
    const growth = anonMib() - anonBefore
    process.stdout.write(
      `${what}: ${pages} pages, ${cost} CPU-ms each; master's own memory ${anonBefore.toFixed(0)} MiB`,
    )
    process.stdout.write(` before, ${(anonBefore + growth).toFixed(0)} MiB after\n`)
    assert.ok(growth < growthMibMax, `memory grew by ${growth.toFixed(0)} MiB`)
  }

  test('all of them, one by one', async () => {
    await measure('all keys', async () => await listAll({ prefix: 'all/' }, keyOf))
  })

  test('folders, by a delimiter that skips what is in them', async () => {
    await measure('all folders', async () => await listAll({ prefix: 'all/', delimiter: '/' }, folderOfNumber))
  })

  test('one folder, by a delimiter', async () => {
    const first = Math.floor(folderCount / 2) * keysOfFolder
    const expected = (index: number): string => keyOf(first + index)
    await measure('one folder', async () => await listAll({ prefix: folderOf(first), delimiter: '/' }, expected))
  })
})
