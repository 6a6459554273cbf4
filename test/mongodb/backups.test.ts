import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { defined } from '../../src/base/assert.ts'
import { errorCode } from '../../src/base/errors.ts'
import { clusterIdFromBytes } from '../../src/base/ids.ts'
import { backupMetadata, restoreMetadata } from '../../src/main-backup.ts'
import { KeyValueMetadata, LocalRunner } from '../../src/meta/key-value-metadata.ts'
import { anyServer, openMap, withDatabase, withoutServer } from './stand-in.ts'
import type { TestServer } from './stand-in.ts'

const cluster = clusterIdFromBytes(Uint8Array.from({ length: 16 }, (_, index) => index))

describe('a backup of metadata in MongoDB', { skip: withoutServer }, () => {
  let server: TestServer
  let directory: string

  before(async () => {
    server = await anyServer()
    directory = await mkdtemp(join(tmpdir(), 'frostbyte-backup-'))
  })

  after(async () => {
    await server.remove()
    await rm(directory, { recursive: true, force: true })
  })

  async function open(url: string): Promise<KeyValueMetadata> {
    const keyValue = await openMap(url)
    return new KeyValueMetadata(keyValue, new LocalRunner(keyValue, { gathersRecent: false }))
  }

  test('is made beside a master, and begins an empty database that is behind; never one that is not empty', async () => {
    const [full, empty] = [withDatabase(server.url), withDatabase(server.url)]
    const file = join(directory, 'backup')
    const metadata = await open(full)
    await metadata.createCluster({
      cluster,
      history: 'f'.repeat(32),
      defaultScheme: { dataColumns: 3, parityColumns: 2 },
      defaultChunkSizeBytes: 10_240,
      createdMs: 1,
    })
    const user = { name: 'ada', role: 'admin', enabled: true, displayName: 'Ada', createdMs: 3 } as const
    await metadata.createUser({ user: { ...user, canonicalId: 'a'.repeat(64) } })
    const secretFile = join(directory, 'secret')
    await backupMetadata({ dataDirectory: join(directory, 'old'), metadataUrl: full, secretFile, file })
    await metadata.close()

    const where = { dataDirectory: join(directory, 'new'), metadataUrl: empty, secretFile, file }
    assert.deepEqual(await restoreMetadata(where), { cluster, hasSecret: false })
    assert.match(await readFile(join(directory, 'new', 'cluster.json'), 'utf8'), new RegExp(cluster))
    const restored = await open(empty)
    try {
      const row = defined(await restored.getCluster(), 'the row of the cluster')
      assert.deepEqual([row.behind, row.settledMs], [true, 0])
      assert.equal((await restored.getUser('ada'))?.displayName, 'Ada')
    } finally {
      await restored.close()
    }
    for (const metadataUrl of [full, empty])
      assert.equal(
        await restoreMetadata({ ...where, metadataUrl }).then(() => 'none', errorCode),
        'precondition-failed',
      )
  })
})
