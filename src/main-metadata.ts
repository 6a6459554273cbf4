// Opens the metadata of a master: embedded in its data directory, or in MongoDB; and with it finds, or makes, the cluster that it is of.

import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { FrostError } from './base/errors.ts'
import { clusterIdFromBytes, fromHex, toHex } from './base/ids.ts'
import type { ClusterId } from './base/ids.ts'
import type { MasterConfig } from './cli/config/options.ts'
import type { LmdbFigures } from './main-metrics-master.ts'
import { CommitterLink } from './master/committer-link.ts'
import type { ClusterRow } from './meta/contract/cluster-metadata.ts'
import { answerCommand, ForwardingRunner } from './meta/forwarding.ts'
import { KeyValueMetadata, LocalRunner } from './meta/key-value-metadata.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import {
  hasSecret,
  loadClusterId,
  loadOrMakeClusterId,
  loadOrMakeSecret,
  secretFileName,
  storeClusterId,
} from './node/cluster-files.ts'
import { NodeDisk } from './node/disk.ts'
import { NodeFaults } from './node/faults.ts'
import { LmdbKeyValue } from './node/lmdb-key-value.ts'
import { movedName } from './node/moved-metadata.ts'
import type { RpcNode } from './rpc/connect.ts'
import { methods } from './rpc/messages/methods.ts'
import type { RpcHandler } from './rpc/peer.ts'

const noHeader = new Uint8Array(0)

export interface OpenedMetadata {
  readonly metadata: MetadataStore
  readonly clusterId: ClusterId
  readonly secret: Uint8Array<ArrayBuffer>
  /** What the other processes of this master send here. */
  readonly handlers: ReadonlyMap<number, RpcHandler>
  /** Ends the lock of the data directory too. */
  close(): Promise<void>
}

type Node = Pick<RpcNode, 'ports' | 'identity' | 'bodies'>

export interface OpeningParts {
  /** The embedded store failed, and the process must end. */
  readonly die: (error: unknown) => void
  readonly lmdb: LmdbFigures
  /** Called with the cluster's secret before another node is dialled. */
  readonly onSecret: (secret: Uint8Array) => void
}

/** @throws FrostError `directory-foreign`, `config-invalid`. */
export async function openMetadata(config: MasterConfig, node: Node, parts: OpeningParts): Promise<OpenedMetadata> {
  return config.metadataUrl === undefined
    ? await openEmbedded(config, node, parts)
    : await openInMongodb(config, node, { url: config.metadataUrl, onSecret: parts.onSecret })
}

/** One process holds the lock of the data directory and commits; the others read the same store and send it their commands. */
async function openEmbedded(config: MasterConfig, node: Node, parts: OpeningParts): Promise<OpenedMetadata> {
  const { committer, dataDirectory } = config
  const { die, lmdb, onSecret } = parts
  const secret = await loadSecret(config, node)
  onSecret(secret)
  const clusterId = await loadOrMakeClusterId(dataDirectory, node.ports.random)
  const disk = new NodeDisk({ directory: dataDirectory, faults: new NodeFaults() })
  if (committer === undefined) await disk.lock()
  const directory = join(dataDirectory, 'metadata')
  await refuseMoved(dataDirectory, directory)
  await mkdir(directory, { recursive: true })
  const keyValue = await LmdbKeyValue.open({ file: join(directory, 'metadata.mdb'), onFailure: die, ...lmdb })
  const close = async (): Promise<void> => {
    await metadata.close()
    if (committer === undefined) await disk.close()
  }
  let metadata: KeyValueMetadata
  let handlers: ReadonlyMap<number, RpcHandler> = new Map()
  if (committer === undefined) {
    await keyValue.claim()
    const runner = new LocalRunner(keyValue)
    metadata = new KeyValueMetadata(keyValue, runner)
    handlers = new Map([[methods.metadataCommand, answerOthers(runner)]])
  } else {
    const link = new CommitterLink({ ...node, clusterId, secret, handlers: new Map() }, committer)
    metadata = new KeyValueMetadata(keyValue, new ForwardingRunner(link))
  }
  const row = await joinCluster(config, metadata, { node, clusterId })
  checkCluster(row, clusterId, config)
  return { metadata, clusterId, secret, handlers, close }
}

/** Metadata that was moved to MongoDB is not begun anew here. */
async function refuseMoved(dataDirectory: string, directory: string): Promise<void> {
  const moved = join(dataDirectory, movedName)
  if (!(await exists(moved)) || (await exists(directory))) return
  throw new FrostError('config-invalid', `The metadata of ${dataDirectory} was moved to MongoDB.`, {
    remedy: `Give metadata-url; or, to use the backup in ${moved} again, rename it to ${directory}.`,
  })
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function answerOthers(runner: LocalRunner): RpcHandler {
  return async (request) => {
    if (request.peer.info.identity.kind !== 'master')
      throw new FrostError('bad-request', 'Only masters send metadata commands.')
    return { header: noHeader, body: [await answerCommand(runner, request.body ?? noHeader)] }
  }
}

/**
 * Any number of masters, each with a data directory of its own, which holds the cluster's id and secret. A new directory joins the cluster
 * that the metadata is of, with the secret that it was given.
 */
async function openInMongodb(
  config: MasterConfig,
  node: Node,
  { url, onSecret }: { readonly url: string } & Pick<OpeningParts, 'onSecret'>,
): Promise<OpenedMetadata> {
  const { dataDirectory, initiateReplicaSet } = config
  const known = await loadClusterId(dataDirectory)
  const { openMongodb } = await import('./node/mongodb/open-mongodb.ts')
  const keyValue = await openMongodb(node.ports, { url, initiateReplicaSet })
  const metadata = new KeyValueMetadata(keyValue, new LocalRunner(keyValue, { gathersRecent: false }))
  try {
    const before = await metadata.getCluster()
    if (before === undefined) await refuseEmbedded(config)
    else if (known === undefined) await refuseWithoutSecret(config)
    const secret = await loadSecret(config, node)
    onSecret(secret)
    const clusterId = known ?? clusterIdFromBytes(node.ports.random.bytes(16))
    const row = await joinCluster(config, metadata, { node, clusterId })
    if (known !== undefined) checkCluster(row, known, config)
    else await storeClusterId(dataDirectory, row.cluster)
    return { metadata, clusterId: row.cluster, secret, handlers: new Map(), close: async () => await metadata.close() }
  } catch (error) {
    await metadata.close()
    throw error
  }
}

async function loadSecret(config: MasterConfig, { ports }: Node): Promise<Uint8Array<ArrayBuffer>> {
  return config.secret === undefined
    ? await loadOrMakeSecret(secretFileOf(config), ports.random)
    : fromHex(config.secret)
}

function secretFileOf({ secretFile, dataDirectory }: MasterConfig): string {
  return secretFile ?? join(dataDirectory, secretFileName)
}

/** One that it would make itself no other node of the cluster would know. */
async function refuseWithoutSecret(config: MasterConfig): Promise<void> {
  if (config.secret !== undefined || (await hasSecret(secretFileOf(config)))) return
  throw new FrostError('config-invalid', 'The metadata is that of a cluster whose secret this master was not given.', {
    remedy: 'Copy the file "secret" from the data directory of the first master, and name it with --secret-file.',
  })
}

/** Beside metadata that lies in the directory, an empty store is not where the cluster's files are known. */
async function refuseEmbedded({ dataDirectory }: MasterConfig): Promise<void> {
  const file = join(dataDirectory, 'metadata', 'metadata.mdb')
  if (!(await exists(file))) return
  throw new FrostError('config-invalid', `MongoDB holds no metadata, and ${file} does.`, {
    remedy: 'Move it there with: frostbyte migrate-metadata --to mongodb',
  })
}

/** Finds or makes the cluster in the store. */
async function joinCluster(
  config: MasterConfig,
  metadata: MetadataStore,
  { node, clusterId }: { readonly node: Node; readonly clusterId: ClusterId },
): Promise<ClusterRow> {
  const { clock, random } = node.ports
  return (
    (await metadata.getCluster()) ??
    (await metadata.createCluster({
      cluster: clusterId,
      history: toHex(random.bytes(16)),
      defaultScheme: config.scheme,
      defaultChunkSizeBytes: config.chunkSizeBytes,
      createdMs: clock.wallMs(),
    }))
  )
}

/** @throws FrostError `directory-foreign`. */
function checkCluster(row: ClusterRow, clusterId: ClusterId, { dataDirectory, metadataUrl }: MasterConfig): void {
  if (row.cluster === clusterId) return
  throw metadataUrl === undefined
    ? new FrostError('directory-foreign', `The metadata in ${dataDirectory} is that of another cluster.`, {
        remedy: 'Give the directory that belongs together with --data.',
      })
    : new FrostError('directory-foreign', `The metadata in MongoDB is of another cluster than ${dataDirectory}.`, {
        remedy: 'Give the database that belongs to it in metadata-url, or the directory that does with --data.',
      })
}
