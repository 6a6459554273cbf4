// `frostbyte migrate-metadata`: a cluster's metadata goes to MongoDB and comes back, and its files are what they were.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { FileClient, seededBytes, seededSha256 } from '../harness/file-client.ts'
import { RealCluster, RealNode, untilOk } from '../harness/real-cluster.ts'
import { anyServer, openMap, withDatabase, withoutServer } from './stand-in.ts'
import type { TestServer } from './stand-in.ts'

const run = promisify(execFile)
const launcher = fileURLToPath(new URL('../../bin/frostbyte.js', import.meta.url))
const files = 20

describe('moving the metadata', { skip: withoutServer }, () => {
  let server: TestServer
  let cluster: RealCluster
  let url: string

  before(async () => {
    server = await anyServer()
    url = withDatabase(server.url)
    cluster = await RealCluster.start()
    const client = new FileClient(cluster.url)
    for (let index = 0; index < files; index++) {
      assert.equal((await client.upload(`file-${index}`, seededBytes(index + 1, 20_000 + index))).status, 201)
    }
    await client.remove('file-0')
  })

  after(async () => {
    await cluster.remove()
    await server.remove()
  })

  async function migrate(to: string): Promise<string> {
    const env = { ...process.env, FROSTBYTE_METADATA_URL: url }
    const args = [launcher, 'migrate-metadata', '--to', to, '--data', cluster.directory]
    return (await run(process.execPath, args, { env })).stdout
  }

  async function checkFiles(master: RealNode): Promise<void> {
    const rest = `http://${master.addresses['rest']}`
    await untilOk(`${rest}/readyz`)
    const client = new FileClient(rest)
    assert.equal((await client.names()).filter((name) => name.startsWith('file-')).length, files - 1)
    for (let index = 1; index < files; index++)
      assert.equal(await client.sha256(`file-${index}`), seededSha256(index + 1, 20_000 + index))
  }

  test('is refused while a master runs on it', async () => {
    await assert.rejects(migrate('mongodb'), /Another process uses the data directory/)
  })

  test('to MongoDB and back keeps every file, and what the old place held as a backup', async () => {
    const [embedded] = cluster.masters
    assert.ok(embedded !== undefined)
    await embedded.stop()
    assert.match(await migrate('mongodb'), /\d+ rows are in MongoDB/)
    assert.ok(existsSync(join(cluster.directory, 'metadata.moved', 'metadata.mdb')))
    await assert.rejects(embedded.start(), /was moved to MongoDB/)
    const shared = new RealNode('master on MongoDB', embedded.args, { FROSTBYTE_METADATA_URL: url })
    try {
      await shared.start()
      await checkFiles(shared)
      const client = new FileClient(`http://${shared.addresses['rest']}`)
      assert.equal((await client.upload('later', seededBytes(99, 5_000))).status, 201)
      await assert.rejects(migrate('mongodb'), /There is no metadata in|holds metadata already/)
    } finally {
      await shared.stop()
    }
    assert.match(await migrate('directory'), /\d+ rows are in/)
    await assert.rejects(openMap(url, { openMs: 0 }), /moved to another store/)
    await embedded.start()
    await checkFiles(embedded)
    const client = new FileClient(cluster.url)
    assert.equal(await client.sha256('later'), seededSha256(99, 5_000))
  })
})
