// Which deployments are refused, with which remedy; and that a password goes nowhere.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../src/base/errors.ts'
import { log, openMap, StandIn, withDatabase, withoutStandIn } from './stand-in.ts'

const refusal =
  (message: RegExp, remedy: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FrostError)
    assert.equal(error.code, 'config-invalid')
    assert.match(error.message, message)
    assert.match(error.remedy ?? '', remedy)
    return true
  }

describe('a deployment of MongoDB', { skip: withoutStandIn }, () => {
  for (const query of ['', '?replicaSet=rs0']) {
    test(`that is a standalone server is refused${query === '' ? '' : ', also where a replica set was asked for'}`, async () => {
      const server = await StandIn.start('standalone')
      try {
        const url = `mongodb://127.0.0.1:${server.port}/frostbyte${query}`
        await assert.rejects(openMap(url, { openMs: 0 }), refusal(/standalone/, /--replSet/))
      } finally {
        await server.remove()
      }
    })
  }

  test('that was not initiated is refused, or initiated where that is asked for, by several at once', async () => {
    const server = await StandIn.start('uninitiated')
    try {
      const url = `mongodb://127.0.0.1:${server.port}/frostbyte?replicaSet=rs0`
      await assert.rejects(openMap(url, { openMs: 0 }), refusal(/not been initiated/, /initiate-replica-set/))
      const maps = await Promise.all([1, 2, 3].map(async () => await openMap(url, { initiateReplicaSet: true })))
      await maps[0]?.decide(() => ({ changes: [['k', Buffer.from('v')]], result: undefined }))
      for (const map of maps) {
        assert.equal(await map.read((view) => view.get('k')?.length), 1)
        await map.close()
      }
      const again = await openMap(url, { initiateReplicaSet: true })
      await again.close()
    } finally {
      await server.remove()
    }
  })

  test('that does not answer is waited for, and then called by its name, without the password', async () => {
    const url = 'mongodb://somebody:top-secret@127.0.0.1:1/frostbyte?replicaSet=rs0'
    await assert.rejects(openMap(url, { openMs: 0 }), (error) => {
      assert.ok(error instanceof FrostError)
      assert.equal(error.code, 'metadata-unavailable')
      assert.match(error.remedy ?? '', /metadata-url/)
      assert.ok(!JSON.stringify([error.message, error.remedy, String(error.cause)]).includes('top-secret'))
      return true
    })
    assert.ok(!JSON.stringify(log.entries).includes('top-secret'))
  })

  test('whose address is none is refused without repeating it', async () => {
    const url = 'mongodb://somebody:top-secret@'
    await assert.rejects(openMap(url, { openMs: 0 }), (error) => {
      assert.ok(!JSON.stringify([String(error), error]).includes('top-secret'))
      return refusal(/no address of MongoDB/, /mongodb:\/\//)(error)
    })
  })

  test('that holds a newer format is refused', async () => {
    const server = await StandIn.start()
    const { MongoClient } = await import('mongodb')
    const url = withDatabase(server.url)
    const client = new MongoClient(url)
    try {
      await (await openMap(url)).close()
      await client
        .db()
        .collection<{ _id: string }>('rows')
        .updateOne({ _id: '' }, { $set: { format: 2 } })
      await assert.rejects(
        openMap(url, { openMs: 0 }),
        (error) => error instanceof FrostError && error.code === 'format-unsupported',
      )
    } finally {
      await client.close()
      await server.remove()
    }
  })
})
