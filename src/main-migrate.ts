// `frostbyte migrate-metadata`: moves the metadata of a cluster from its data directory to MongoDB, or back. The source stays what it is,
// as a backup, but no master takes it for the metadata any more; the copy is compared with it before it counts. Broken off, it begins
// anew when it is run again.

import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { FrostError } from './base/errors.ts'
import type { MigrateTarget } from './cli/commands/serve.ts'
import type { MigrateConfig } from './cli/config/options.ts'
import { decodeCluster } from './meta/encoding/cluster-rows.ts'
import { clusterKey } from './meta/encoding/keys.ts'
import { NodeClock } from './node/clock.ts'
import { loadClusterId, storeClusterId } from './node/cluster-files.ts'
import { NodeDisk } from './node/disk.ts'
import { NodeFaults } from './node/faults.ts'
import { LmdbKeyValue } from './node/lmdb-key-value.ts'
import { movedName } from './node/moved-metadata.ts'
import { compareRows, copyRows } from './node/mongodb/copy-rows.ts'
import { ImportedStore } from './node/mongodb/imported-store.ts'
import { connectMongodb } from './node/mongodb/open-mongodb.ts'
import { NodeRandom } from './node/random.ts'
import type { Log } from './ports/log.ts'

const metadataName = 'metadata'
const importingName = 'metadata.importing'
const fileName = 'metadata.mdb'

/** Resolves to a sentence that says what was done. @throws FrostError `config-invalid`, `directory-locked`, `precondition-failed`. */
export async function migrateMetadata(config: MigrateConfig, target: MigrateTarget, log: Log): Promise<string> {
  const { dataDirectory, metadataUrl: url, initiateReplicaSet } = config
  if (url === undefined)
    throw new FrostError('config-invalid', 'metadata-url is not given.', {
      remedy: 'Name the database: FROSTBYTE_METADATA_URL=mongodb://HOST:27017/frostbyte?replicaSet=rs0',
    })
  const random = new NodeRandom()
  const disk = new NodeDisk({ directory: dataDirectory, faults: new NodeFaults() })
  await mkdir(dataDirectory, { recursive: true })
  await disk.lock()
  try {
    const server = await connectMongodb({ clock: new NodeClock(), random, log }, { url, initiateReplicaSet })
    try {
      const name = `migration-${Buffer.from(random.bytes(8)).toString('hex')}`
      const store = await ImportedStore.open(server, name)
      return target === 'mongodb' ? await toMongodb(dataDirectory, store) : await toDirectory(dataDirectory, store)
    } finally {
      await server.close()
    }
  } finally {
    await disk.close()
  }
}

async function toMongodb(dataDirectory: string, store: ImportedStore): Promise<string> {
  const directory = join(dataDirectory, metadataName)
  if (!(await exists(join(directory, fileName))))
    throw new FrostError('config-invalid', `There is no metadata in ${dataDirectory}.`, {
      remedy: 'Give the data directory of the master with --data.',
    })
  if (store.state === 'open' && !(await store.isEmpty())) throw notEmpty('The database in MongoDB')
  await store.setState('importing')
  await store.clear()
  const source = await openFile(join(directory, fileName))
  let count: number
  try {
    const read = async (range: Parameters<typeof store.read>[0]): ReturnType<typeof store.read> =>
      await source.read((view) => view.range(range))
    count = await copyRows(read, async (rows) => await store.write(rows))
    await compareRows(read, store.read)
  } finally {
    await source.close()
  }
  await store.setState('open')
  await rename(directory, join(dataDirectory, movedName))
  return `${count} rows are in MongoDB. What the directory held is kept in ${join(dataDirectory, movedName)}.`
}

async function toDirectory(dataDirectory: string, store: ImportedStore): Promise<string> {
  const directory = join(dataDirectory, metadataName)
  if (await exists(join(directory, fileName))) throw notEmpty(dataDirectory)
  if (store.state === 'importing' || (await store.isEmpty()))
    throw new FrostError('config-invalid', 'The database in MongoDB holds no metadata.', {
      remedy: 'Name the one that does in metadata-url.',
    })
  const known = await loadClusterId(dataDirectory)
  const importing = join(dataDirectory, importingName)
  await rm(importing, { recursive: true, force: true })
  await mkdir(importing)
  // From here on masters that run on it are refused.
  await store.setState('moved')
  try {
    const count = await copyToFile(join(importing, fileName), store)
    const [row] = await store.read({ from: clusterKey, to: `${clusterKey}\0`, limit: 1 })
    const cluster = row === undefined ? undefined : decodeCluster(row[1]).cluster
    if (known !== undefined && known !== cluster)
      throw new FrostError('directory-foreign', `The metadata is of another cluster than ${dataDirectory}.`, {
        remedy: 'Give the directory that belongs to it with --data, or an empty one.',
      })
    if (known === undefined && cluster !== undefined) await storeClusterId(dataDirectory, cluster)
    await rm(directory, { recursive: true, force: true })
    await rename(importing, directory)
    return `${count} rows are in ${directory}. MongoDB keeps what it held, and refuses masters.`
  } catch (error) {
    await store.setState('open')
    throw error
  }
}

async function copyToFile(file: string, store: ImportedStore): Promise<number> {
  const target = await openFile(file)
  try {
    await target.claim()
    const count = await copyRows(
      store.read,
      async (rows) => await target.decide(() => ({ changes: rows, result: undefined })),
    )
    await compareRows(store.read, async (range) => await target.read((view) => view.range(range)))
    return count
  } finally {
    await target.close()
  }
}

async function openFile(file: string): Promise<LmdbKeyValue> {
  return await LmdbKeyValue.open({
    file,
    onFailure: (error) => {
      throw error
    },
  })
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function notEmpty(what: string): FrostError {
  return new FrostError('precondition-failed', `${what} holds metadata already.`, {
    remedy: 'Name an empty one; metadata is never written over.',
  })
}
