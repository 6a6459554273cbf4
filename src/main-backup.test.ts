import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'

import { defined } from './base/assert.ts'
import { errorCode } from './base/errors.ts'
import { clusterIdFromBytes } from './base/ids.ts'
import type { MetadataFile } from './cli/commands/backup.ts'
import { backupMetadata, restoreMetadata } from './main-backup.ts'
import { KeyValueMetadata, LocalRunner } from './meta/key-value-metadata.ts'
import { LmdbKeyValue } from './node/lmdb-key-value.ts'

const cluster = clusterIdFromBytes(Uint8Array.from({ length: 16 }, (_, index) => index))
const history = 'ffeeddccbbaa99887766554433221100'

describe('a backup of metadata', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'frostbyte-backup-'))
  })

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  async function open(place: string): Promise<KeyValueMetadata> {
    const folder = join(directory, place, 'metadata')
    await mkdir(folder, { recursive: true })
    const keyValue = await LmdbKeyValue.open({
      file: join(folder, 'metadata.mdb'),
      onFailure: () => assert.fail('the store failed'),
    })
    await keyValue.claim()
    return new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
  }

  async function fill(place: string): Promise<KeyValueMetadata> {
    const metadata = await open(place)
    await metadata.createCluster({
      cluster,
      history,
      defaultScheme: { dataColumns: 3, parityColumns: 2 },
      defaultChunkSizeBytes: 10_240,
      createdMs: 1,
    })
    await metadata.createBucket({ name: 'photos', createdMs: 2 })
    const canonicalId = 'a'.repeat(64)
    await metadata.createUser({
      user: { name: 'ada', role: 'admin', enabled: true, canonicalId, displayName: 'Ada', createdMs: 3 },
    })
    return metadata
  }

  function at(place: string, file = 'backup'): MetadataFile {
    return {
      dataDirectory: join(directory, place),
      metadataUrl: undefined,
      secretFile: join(directory, place, 'secret'),
      file: join(directory, file),
    }
  }

  async function failure(promise: Promise<unknown>): Promise<unknown> {
    return await promise.then(() => 'none', errorCode)
  }

  test('is made beside a process that commits, and begins lost metadata that is behind', async () => {
    const metadata = await fill('old')
    await backupMetadata(at('old'))
    await metadata.close()
    assert.deepEqual(await restoreMetadata(at('new')), { cluster, hasSecret: false })
    assert.equal(JSON.parse(await readFile(join(directory, 'new', 'cluster.json'), 'utf8')).cluster, cluster)
    const restored = await open('new')
    try {
      const row = defined(await restored.getCluster(), 'the row of the cluster')
      assert.deepEqual([row.history, row.behind, row.settledMs], [history, true, 0])
      assert.equal((await restored.getUser('ada'))?.displayName, 'Ada')
      assert.equal(await restored.hasAdministrator(), true)
      assert.deepEqual(
        (await restored.listBuckets()).map(({ name }) => name),
        ['default', 'photos'],
      )
      // Behind: nothing is changed that the workers would have to say something about.
      assert.equal(await failure(restored.createBucket({ name: 'other', createdMs: 4 })), 'read-only')
    } finally {
      await restored.close()
    }
  })

  test('is refused where there is metadata, or another cluster, or nothing to copy', async () => {
    await (await fill('old')).close()
    await backupMetadata(at('old'))
    assert.equal(await failure(backupMetadata(at('old'))), 'precondition-failed')
    assert.equal(await failure(backupMetadata(at('nowhere', 'other'))), 'config-invalid')
    assert.equal(await failure(restoreMetadata(at('old'))), 'precondition-failed')
    assert.equal(await failure(restoreMetadata(at('new', 'other'))), 'config-invalid')
    await mkdir(join(directory, 'foreign'))
    await writeFile(join(directory, 'foreign', 'cluster.json'), `{"format":1,"cluster":"${'1'.repeat(32)}"}\n`)
    assert.equal(await failure(restoreMetadata(at('foreign'))), 'directory-foreign')
    await writeFile(join(directory, 'cut'), (await readFile(join(directory, 'backup'), 'utf8')).slice(0, -40))
    assert.equal(await failure(restoreMetadata(at('new', 'cut'))), 'store-corrupt')
  })

  test('that was interrupted while it was restored leaves nothing in the way', async () => {
    await (await fill('old')).close()
    await backupMetadata(at('old'))
    await cp(join(directory, 'old', 'metadata'), join(directory, 'new', 'metadata.new'), { recursive: true })
    await restoreMetadata(at('new'))
    const restored = await open('new')
    assert.equal((await restored.getCluster())?.behind, true)
    await restored.close()
  })
})
