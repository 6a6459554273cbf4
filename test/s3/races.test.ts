// A hundred racers write one key under a condition that only one of them can meet, through several processes of the master. Whoever
// loses is told so, and what is there afterwards is what the winner wrote. FROSTBYTE_TEST_S3_ROUNDS is the number of rounds of each
// kind.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import { openEndpoint } from './harness/endpoint.ts'
import type { OpenEndpoint } from './harness/endpoint.ts'
import { RawS3 } from './harness/raw-s3.ts'

const rounds = Number(process.env['FROSTBYTE_TEST_S3_ROUNDS'] ?? 50)
const racersEach = 100
const processes = 3
const bucket = 'suite-races'

describe(`${rounds} rounds of ${racersEach} racers through ${processes} processes`, () => {
  let open: OpenEndpoint
  let racers: readonly RawS3[] = []

  before(async () => {
    open = await openEndpoint('http', processes)
    racers = await Promise.all(Array.from({ length: racersEach }, async () => await RawS3.open(open.endpoint)))
    assert.equal((await racers[0]?.send({ method: 'PUT', path: `/${bucket}` }))?.status, 200)
  })
  after(async () => {
    for (const racer of racers) racer.close()
    await open.close()
  })

  /** @returns what the one winner wrote. */
  const race = async (path: string, condition: Readonly<Record<string, string>>, label: string): Promise<string> => {
    const bodies = racers.map((_, index) => `${label}, racer ${index}`)
    const statuses = await Promise.all(
      racers.map(async (racer, index) => {
        const body = Buffer.from(bodies[index] ?? '')
        return (await racer.send({ method: 'PUT', path, headers: condition, body })).status
      }),
    )
    const winners = bodies.filter((_, index) => statuses[index] === 200)
    assert.equal(winners.length, 1, `${label}: ${winners.length} winners; ${statuses.join(' ')}`)
    // AWS tells some of those who lose a race that they may try again.
    assert.ok(
      statuses.every((status) => status === 200 || status === 412 || status === 409),
      statuses.join(' '),
    )
    const [winner = ''] = winners
    const read = await racers[label.length % racersEach]?.send({ method: 'GET', path })
    assert.equal(read?.body.toString(), winner)
    return winner
  }

  test('with If-None-Match: * one makes the object', async () => {
    for (let round = 0; round < rounds; round++)
      await race(`/${bucket}/made-${round}`, { 'If-None-Match': '*' }, `round ${round}`)
  })

  test('with If-Match one replaces it, again and again', async () => {
    const path = `/${bucket}/replaced`
    let last = 'the first'
    assert.equal((await racers[0]?.send({ method: 'PUT', path, body: Buffer.from(last) }))?.status, 200)
    for (let round = 0; round < rounds; round++) {
      const etag = createHash('md5').update(last).digest('hex')
      last = await race(path, { 'If-Match': `"${etag}"` }, `replacement ${round}`)
    }
  })

  test('several processes took part', { skip: process.env['FROSTBYTE_S3_TEST_HTTP'] !== undefined }, async () => {
    const pids = (await open.up?.pidsOf((args) => args.includes('master'))) ?? []
    assert.equal(pids.length, processes)
  })
})
