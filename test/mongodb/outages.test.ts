// The server is killed, steps down, is cut off, slow, or out of date, while two masters' worth of clients change things: nothing is lost,
// nothing happens twice, and nothing old is read.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { MongoClient } from 'mongodb'

import { errorCode } from '../../src/base/errors.ts'
import type { MongoKeyValue } from '../../src/node/mongodb/mongo-key-value.ts'
import type { OpenMongodbOptions } from '../../src/node/mongodb/open-mongodb.ts'
import { CuttableLink } from '../harness/cuttable-link.ts'
import type { Direction } from '../harness/cuttable-link.ts'
import { Ledger } from './ledger.ts'
import { MongoProxy } from './mongo-proxy.ts'
import { openMap, StandIn, withDatabase, withoutStandIn } from './stand-in.ts'

interface Scene {
  readonly server: StandIn
  readonly maps: readonly MongoKeyValue[]
  readonly ledger: Ledger
}

/** Two instances that count. */
async function withLoad(options: Partial<OpenMongodbOptions>, body: (scene: Scene) => Promise<void>): Promise<void> {
  const server = await StandIn.start()
  const maps: MongoKeyValue[] = []
  try {
    const url = withDatabase(server.url)
    for (let index = 0; index < 2; index++) maps.push(await openMap(url, options))
    const ledger = new Ledger(maps)
    ledger.start()
    await ledger.until(20)
    await body({ server, maps, ledger })
    await ledger.stop()
    await ledger.check()
  } finally {
    for (const map of maps) await map.close()
    await server.remove()
  }
}

const directUrl = (port: number | string): string => `mongodb://127.0.0.1:${port}/?directConnection=true`

describe('MongoDB that is in trouble, under load', { skip: withoutStandIn }, () => {
  test('killed with -9 and started again, three times', async () => {
    await withLoad({}, async ({ server, ledger }) => {
      for (let round = 0; round < 3; round++) {
        await server.kill()
        await sleep(200 * round)
        await server.restart()
        await ledger.until(30)
      }
      assert.equal(ledger.failures, 0, 'it was waited for')
      assert.equal(ledger.unknown, 0, 'what became of each commit was found out')
    })
  })

  test('stepping down in the middle of commits', async () => {
    await withLoad({}, async ({ server, ledger }) => {
      // It looks for the new primary as often as it may, not every 10 s.
      const admin = await new MongoClient(server.url, { appName: 'test', heartbeatFrequencyMS: 500 }).connect()
      for (let round = 0; round < 4; round++) {
        await admin
          .db('admin')
          .command({ replSetStepDown: 1, secondaryCatchUpPeriodSecs: 0, force: true })
          .catch(() => undefined)
        await ledger.until(20)
      }
      await admin.close()
      assert.equal(ledger.failures + ledger.unknown, 0)
    })
  })

  test('losing replies to commitTransaction', async () => {
    const server = await StandIn.start()
    const proxy = await MongoProxy.open(server.port)
    const map = await openMap(withDatabase(directUrl(proxy.port)))
    try {
      const ledger = new Ledger([map])
      ledger.start()
      for (let round = 0; round < 10; round++) {
        proxy.losesReplyTo = 'commitTransaction'
        await ledger.until(10)
      }
      await ledger.stop()
      await ledger.check()
      assert.equal(proxy.repliesLost, 10)
      assert.equal(ledger.failures + ledger.unknown, 0)
    } finally {
      await map.close()
      await proxy.close()
      await server.remove()
    }
  })

  const directions: readonly (readonly Direction[])[] = [['to'], ['from'], ['to', 'from']]
  for (const cut of directions) {
    test(`cut off: ${cut.join(' and ')}`, async () => {
      const server = await StandIn.start()
      const link = await CuttableLink.open(`127.0.0.1:${server.port}`)
      // Connections are given up during the cut, so that what they carried arrives after others have taken their place.
      const url = withDatabase(`mongodb://${link.address}/?directConnection=true`)
      const map = await openMap(url, { client: { socketTimeoutMS: 1_000 } })
      const beside = await openMap(url.replace(link.address, `127.0.0.1:${server.port}`))
      try {
        const ledger = new Ledger([map, beside])
        ledger.start()
        await ledger.until(20)
        for (const cutMs of [300, 3_000]) {
          link.cut(...cut)
          await sleep(cutMs)
          link.mend()
          await ledger.until(30)
        }
        await ledger.stop()
        await ledger.check()
        assert.equal(ledger.failures + ledger.unknown, 0)
      } finally {
        await map.close()
        await beside.close()
        await link.close()
        await server.remove()
      }
    })
  }

  test('far away, 60 ms each way', async () => {
    const server = await StandIn.start()
    const proxy = await MongoProxy.open(server.port)
    proxy.delayMs = 60
    const map = await openMap(withDatabase(directUrl(proxy.port)))
    try {
      const ledger = new Ledger([map], 64)
      await ledger.countEach(3)
      await ledger.check()
      assert.equal(ledger.failures + ledger.unknown, 0)
    } finally {
      await map.close()
      await proxy.close()
      await server.remove()
    }
  })

  test('away for long: a clear state at once, and back by itself', async () => {
    await withLoad({ patienceMs: 2_000 }, async ({ server, maps, ledger }) => {
      await server.kill()
      const [map] = maps
      assert.ok(map !== undefined)
      while (map.unreachable() === undefined) await sleep(50)
      assert.match(map.unreachable() ?? '', /unreachable/)
      await assert.rejects(
        map.read((view) => view.get('total')),
        (error) => errorCode(error) === 'metadata-unavailable',
      )
      await server.restart()
      while (map.unreachable() !== undefined) await sleep(50)
      await ledger.until(20)
    })
  })
})

test('a former primary, which is out of date, is not read', { skip: withoutStandIn }, async () => {
  const server = await StandIn.start('uninitiated')
  const proxy = await MongoProxy.open(server.port)
  // The set's member is known at the proxy, so that the driver comes through it also where it looks the member up.
  const url = withDatabase(`mongodb://127.0.0.1:${proxy.port}/?replicaSet=rs0`)
  let stale: StandIn | undefined
  const map = await openMap(url, { initiateReplicaSet: true, patienceMs: 3_000 })
  try {
    const put = async (value: string): Promise<void> =>
      await map.decide(() => ({ changes: [['k', Buffer.from(value)]], result: undefined }))
    const get = async (): Promise<string> => await map.read((view) => Buffer.from(view.get('k') ?? '').toString())
    await put('old')
    await server.kill()
    stale = await StandIn.copyOf(server)
    await server.restart()
    await put('new')
    const current = Buffer.from('7fffffff0000000000000001', 'hex')
    const older = Buffer.from('7fffffff0000000000000000', 'hex')
    proxy.rewrite = (chunk) => replaced(chunk, current, older)
    proxy.targetPort = stale.port
    proxy.reset()
    const answers = await Promise.allSettled([get(), get(), put('newer')])
    for (const answer of answers) assert.equal(answer.status, 'rejected', 'nothing of it answers')
    proxy.rewrite = (chunk) => chunk
    proxy.targetPort = server.port
    proxy.reset()
    while (map.unreachable() !== undefined) await sleep(50)
    assert.equal(await get(), 'new')
    await put('newer')
    assert.equal(await get(), 'newer')
  } finally {
    await map.close()
    await proxy.close()
    await stale?.remove()
    await server.remove()
  }
})

function replaced(chunk: Buffer, from: Buffer, to: Buffer): Buffer {
  const copy = Buffer.from(chunk)
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1)) to.copy(copy, at)
  return copy
}
