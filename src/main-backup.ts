// `frostbyte backup-metadata` and `restore-metadata`, over the embedded metadata of a data directory, or over MongoDB.
//
// What must not happen is that metadata which went back in time deletes what it does not know. So what is restored says by itself that
// it is behind, before any master sees it: nothing is changed or deleted until a rebuild has brought the files back from the workers.

import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { FrostError } from './base/errors.ts'
import { fromHex } from './base/ids.ts'
import type { BackedUp, MetadataFile, Restored } from './cli/commands/backup.ts'
import { readBackup, restoreRows } from './meta/backup-rows.ts'
import { clusterKey } from './meta/encoding/keys.ts'
import { decodeBackup, encodeBackup, placeDirectory, readBackupFile, writeBackupFile } from './node/backup-file.ts'
import { NodeClock } from './node/clock.ts'
import { hasSecret, loadOrMakeClusterId } from './node/cluster-files.ts'
import { NodeDisk } from './node/disk.ts'
import { NodeFaults } from './node/faults.ts'
import { LmdbKeyValue } from './node/lmdb-key-value.ts'
import { createLog } from './node/log.ts'
import { NodeRandom } from './node/random.ts'
import type { KeyValue, KeyValueChange, KeyValueView } from './ports/key-value.ts'

const folderName = 'metadata'
const fileName = 'metadata.mdb'
const changesAtOnce = 500

/** Beside masters that run, or without one. */
export async function backupMetadata(where: MetadataFile): Promise<BackedUp> {
  const keyValue = await openExisting(where)
  try {
    const entries = await keyValue.read(readBackup)
    const text = encodeBackup(entries, new NodeClock().wallMs())
    await writeBackupFile(where.file, text)
    return { rows: entries.length, bytes: Buffer.byteLength(text) }
  } finally {
    await keyValue.close()
  }
}

async function openExisting({ dataDirectory, metadataUrl }: MetadataFile): Promise<KeyValue> {
  if (metadataUrl !== undefined) return await openServer(metadataUrl)
  const file = join(dataDirectory, folderName, fileName)
  if (await isFile(file)) return await openMap(file)
  throw new FrostError('config-invalid', `There is no metadata in ${dataDirectory}.`, {
    remedy: 'Give the data directory of the master with --data, or its configuration file with --config.',
  })
}

export async function restoreMetadata(where: MetadataFile): Promise<Restored> {
  const { dataDirectory, metadataUrl, secretFile } = where
  const { cluster, changes } = restoreRows(decodeBackup(await readBackupFile(where.file)))
  await mkdir(dataDirectory, { recursive: true })
  if (metadataUrl === undefined) await restoreEmbedded(dataDirectory, cluster.cluster, changes)
  else await restoreToServer({ dataDirectory, metadataUrl }, cluster.cluster, changes)
  return { cluster: cluster.cluster, hasSecret: secretFile === undefined || (await hasSecret(secretFile)) }
}

/** The store appears whole, or not at all. */
async function restoreEmbedded(
  dataDirectory: string,
  cluster: string,
  changes: readonly KeyValueChange[],
): Promise<void> {
  const disk = new NodeDisk({ directory: dataDirectory, faults: new NodeFaults() })
  await disk.lock()
  try {
    const folder = join(dataDirectory, folderName)
    if (await isFile(join(folder, fileName))) {
      const remedy = `Move ${folder} elsewhere first, and keep it until all is well.`
      throw new FrostError('precondition-failed', `${dataDirectory} holds metadata already.`, { remedy })
    }
    await holdToDirectory(cluster, dataDirectory)
    const unfinished = `${folder}.new`
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished)
    const keyValue = await openMap(join(unfinished, fileName))
    try {
      await keyValue.claim()
      await fill(keyValue, changes)
    } finally {
      await keyValue.close()
    }
    await rm(folder, { recursive: true, force: true })
    await placeDirectory(unfinished, folder)
  } finally {
    await disk.close()
  }
}

/** The cluster's row comes last: until it is there, everything can be repeated. */
async function restoreToServer(
  { dataDirectory, metadataUrl }: { readonly dataDirectory: string; readonly metadataUrl: string },
  cluster: string,
  changes: readonly KeyValueChange[],
): Promise<void> {
  const keyValue = await openServer(metadataUrl)
  try {
    await keyValue.read(refuseExisting)
    await holdToDirectory(cluster, dataDirectory)
    await fill(keyValue, changes)
  } finally {
    await keyValue.close()
  }
}

async function fill(keyValue: KeyValue, changes: readonly KeyValueChange[]): Promise<void> {
  for (let at = 0; at < changes.length; at += changesAtOnce) {
    await keyValue.decide((view) => {
      refuseExisting(view)
      return { changes: changes.slice(at, at + changesAtOnce), result: undefined }
    })
  }
}

function refuseExisting(view: KeyValueView): void {
  if (view.get(clusterKey) === undefined) return
  throw new FrostError('precondition-failed', 'The store holds the metadata of a cluster already.', {
    remedy: 'Name an empty database in metadata-url, and keep the old one until all is well.',
  })
}

/** A failure rejects what was asked of the map, which ends the command. */
async function openMap(file: string): Promise<LmdbKeyValue> {
  return await LmdbKeyValue.open({ file, onFailure: () => undefined })
}

async function openServer(url: string): Promise<KeyValue> {
  const { openMongodb } = await import('./node/mongodb/open-mongodb.ts')
  const ports = { clock: new NodeClock(), random: new NodeRandom(), log: createLog({ level: 'error' }) }
  return await openMongodb(ports, { url, initiateReplicaSet: false })
}

/** The cluster's id lies beside its metadata; an empty directory takes it over. @throws FrostError `directory-foreign`. */
async function holdToDirectory(cluster: string, dataDirectory: string): Promise<void> {
  const found = await loadOrMakeClusterId(dataDirectory, { bytes: () => fromHex(cluster) })
  if (found === cluster) return
  throw new FrostError('directory-foreign', `The backup is of another cluster than ${dataDirectory}.`, {
    remedy: 'Give the backup, or with --data the directory, that belongs to it.',
  })
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
