// `frostbyte up` over MongoDB: all processes of its master find it, wherever the configuration names it.

import assert from 'node:assert/strict'
import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { FileClient, seededBytes } from '../harness/file-client.ts'
import { RealUp } from '../harness/real-up.ts'
import { anyServer, withDatabase, withoutServer } from './stand-in.ts'

test('up takes the address of MongoDB from a file, for each of its processes', { skip: withoutServer }, async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), 'frostbyte-config-'))
  const server = await anyServer()
  try {
    const config = join(place.path, 'cluster.yaml')
    await writeFile(config, `metadata-url: ${withDatabase(server.url)}\n`)
    const up = await RealUp.start({ processes: 2, args: ['--config', config] })
    try {
      const client = new FileClient(up.url)
      const bytes = seededBytes(1, 50_000)
      assert.equal((await client.upload('file', bytes)).status, 201)
      // Connections go to the one process and the other.
      for (let round = 0; round < 8; round++) {
        const response = await fetch(`${up.url}/download/file`, { headers: { connection: 'close' } })
        assert.deepEqual(await response.bytes(), bytes)
      }
      assert.ok(!(await readdir(up.directory)).some((name) => name.startsWith('metadata')))
    } finally {
      await up.remove()
    }
  } finally {
    await server.remove()
  }
})
