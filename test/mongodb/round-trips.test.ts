// What each operation costs in round trips to MongoDB, counted by the driver's own events. The figures are in docs/design/metadata.md.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { KeyValueMetadata, LocalRunner } from '../../src/meta/key-value-metadata.ts'
import { Scene, processId, startMs } from '../conformance/metadata/scene.ts'
import { anyServer, openMap, withDatabase, withoutServer } from './stand-in.ts'
import type { TestServer } from './stand-in.ts'

/** Of the driver itself, beside what it is asked. */
const ownCommands: readonly string[] = ['hello', 'ping', 'endSessions']

describe('round trips to MongoDB', { skip: withoutServer }, () => {
  let server: TestServer
  let scene: Scene
  let commands: string[] = []

  before(async () => {
    server = await anyServer()
    const map = await openMap(withDatabase(server.url), {
      client: { monitorCommands: true },
      onClient: (client) => {
        client.on('commandStarted', ({ commandName }) => {
          if (!ownCommands.includes(commandName)) commands.push(commandName)
        })
      },
    })
    scene = new Scene(new KeyValueMetadata(map, new LocalRunner(map, { gathersRecent: false })))
    await scene.open()
    await scene.put('known')
  })

  after(async () => {
    await scene.store.close()
    await server.remove()
  })

  async function commandsOf(operation: () => Promise<unknown>): Promise<readonly string[]> {
    commands = []
    await operation()
    return commands
  }

  test('the commit of a new file: one read, one write, one commit', async () => {
    assert.deepEqual(await commandsOf(async () => await scene.put('fresh')), ['find', 'update', 'commitTransaction'])
  })

  test('an overwrite costs no more', async () => {
    assert.deepEqual(await commandsOf(async () => await scene.put('known')), ['find', 'update', 'commitTransaction'])
  })

  test('a hundred commits at once cost as much as one', async () => {
    const uploads = async (): Promise<unknown> =>
      await Promise.all(Array.from({ length: 100 }, async (_, index) => await scene.put(`many-${index}`)))
    assert.deepEqual(await commandsOf(uploads), ['find', 'update', 'commitTransaction'])
  })

  test('a delete: three finds side by side, then a write, a removal, a commit', async () => {
    assert.deepEqual(await commandsOf(async () => await scene.remove('fresh')), [
      'find',
      'find',
      'find',
      'update',
      'delete',
      'commitTransaction',
    ])
  })

  test('a condition that does not hold costs as much as a commit', async () => {
    const refused = scene.put('known', { condition: { kind: 'if-absent' } }).catch(() => undefined)
    assert.deepEqual(await commandsOf(async () => await refused), ['find', 'update', 'commitTransaction'])
  })

  test('looking a file up: the barrier and one find, also where there is none', async () => {
    const look = (key: string) => async (): Promise<unknown> => await scene.store.getHead('default', key)
    assert.deepEqual(await commandsOf(look('known')), ['find', 'find'])
    assert.deepEqual(await commandsOf(look('missing')), ['find', 'find'])
  })

  test('look-ups at once share the barrier', async () => {
    const looks = async (): Promise<unknown> =>
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => await scene.store.getHead('default', `many-${index}`)),
      )
    assert.equal((await commandsOf(looks)).length, 51)
  })

  test('a page of a listing: the barrier, the bucket, the page', async () => {
    const list = async (): Promise<unknown> => await scene.store.listNames({ bucket: 'default', limit: 1_000 })
    assert.deepEqual(await commandsOf(list), ['find', 'find', 'find'])
  })

  test('publishing, which every master does every two seconds, costs one step more: the intents of each process', async () => {
    const process = processId(1)
    await scene.register(process)
    const publish = async (): Promise<void> => await scene.publish(process, startMs)
    const asked = await commandsOf(publish)
    assert.deepEqual(asked.slice(-2), ['update', 'commitTransaction'])
    assert.ok(asked.length <= 6, asked.join(' '))
  })
})
