// Commits and reads of thousands of rows, as the completion of a large multipart upload is one: in commands whose parts stay small, in one
// transaction and at one time all the same.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import type { KeyValueEntry } from '../../src/ports/key-value.ts'
import type { MongoKeyValue } from '../../src/node/mongodb/mongo-key-value.ts'
import { anyServer, openMap, withDatabase, withoutServer } from './stand-in.ts'
import type { TestServer } from './stand-in.ts'

const rows = Array.from({ length: 4_500 }, (_, index): KeyValueEntry => [
  `row ${String(index).padStart(5, '0')}`,
  Buffer.from(String(index)),
])
const all = { from: 'row', to: 'rox', limit: 10_000 }

describe('thousands of rows in MongoDB', { skip: withoutServer }, () => {
  let server: TestServer
  let map: MongoKeyValue
  let commands: { readonly name: string; readonly command: Readonly<Record<string, unknown>> }[] = []

  before(async () => {
    server = await anyServer()
    map = await openMap(withDatabase(server.url), {
      client: { monitorCommands: true },
      onClient: (client) => {
        client.on('commandStarted', ({ commandName: name, command }) => commands.push({ name, command }))
      },
    })
    await map.decide(() => ({ changes: rows, result: undefined }))
  })

  after(async () => {
    await map.close()
    await server.remove()
  })

  test('are read at one time in several answers', async () => {
    commands = []
    const read = map.read((view) => view.range(all).map(([key, row]) => `${key} ${Buffer.from(row).toString()}`))
    assert.deepEqual(
      await read,
      rows.map(([key, row]) => `${key} ${Buffer.from(row).toString()}`),
    )
    assert.ok(commands.filter(({ name }) => name === 'getMore').length >= 2)
  })

  test('go in one transaction, by few ids at a time', async () => {
    commands = []
    const removed = map.decide((view) => ({
      changes: view.range(all).map(([key]) => [key, undefined] as const),
      result: undefined,
    }))
    await removed
    const deletes = commands.filter(({ name }) => name === 'delete')
    const ids = deletes.flatMap(({ command }) => idsOf(command['deletes']))
    assert.ok(ids.every((some) => some.length <= 100))
    assert.deepEqual(
      ids.flat(),
      rows.map(([key]) => key),
    )
    assert.equal(commands.filter(({ name }) => name === 'commitTransaction').length, 1)
    assert.deepEqual(await map.read((view) => view.range(all)), [])
  })

  test('of more bytes than a command of MongoDB holds go in one transaction all the same', async () => {
    commands = []
    const row = Buffer.alloc(400_000, 7)
    const keys = Array.from({ length: 60 }, (_, index) => `row ${String(index).padStart(3, '0')}`)
    await map.decide(() => ({ changes: keys.map((key) => [key, row] as const), result: undefined }))
    assert.equal(commands.filter(({ name }) => name === 'update').length, 3)
    assert.equal(commands.filter(({ name }) => name === 'commitTransaction').length, 1)
    const read = await map.read((view) => view.range(all))
    assert.deepEqual(
      read.map(([key, bytes]) => [key, row.equals(bytes)]),
      keys.map((key) => [key, true]),
    )
  })
})

/** The ids that each statement of a delete names. */
function idsOf(deletes: unknown): readonly (readonly string[])[] {
  const statements = deletes as readonly { readonly q: { readonly _id: { readonly $in: readonly string[] } } }[]
  return statements.map(({ q }) => q._id.$in)
}
