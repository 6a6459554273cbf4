// Who a data directory is: its worker's id, the cluster that it belongs to, and how often it was opened. Held twice
// (`identity-1`, `identity-2`), each replaced atomically, so that damage to one file does not make a worker forget who it is.
//
//  0 u32 magic "FBI1"   4 u16 version   6 u16 flags (1: has a cluster)   8 [8] worker id   16 [16] cluster id
// 32 u64 start count   40 [20] 0   60 u32 CRC-32 of [0, 60)

import { FrostError } from '../base/errors.ts'
import { clusterIdFromBytes, workerIdFromBytes, writeHex } from '../base/ids.ts'
import type { ClusterId, WorkerId } from '../base/ids.ts'
import type { Compute } from '../ports/compute.ts'
import type { Disk } from '../ports/disk.ts'
import type { Random } from '../ports/random.ts'
import { readUint48, writeUint48 } from './log-entry.ts'

export interface Identity {
  readonly workerId: WorkerId
  readonly clusterId: ClusterId | undefined
  readonly startCount: number
}

const fileNames = ['identity-1', 'identity-2'] as const
const magic = 0x3149_4246 // "FBI1"
const version = 1
const flagCluster = 1
const identityBytes = 64
const checksumAt = 60

/** What may lie in a directory that is to become a store's: traces of a first start that was cut short, and of file systems. */
const harmless: ReadonlySet<string> = new Set([
  ...fileNames.map((name) => `${name}.tmp`),
  'lock-journal',
  'lost+found/',
])

interface IdentityPorts {
  readonly disk: Disk
  readonly compute: Compute
  readonly random: Random
}

/**
 * Reads who the directory is, or makes an empty one a new worker's, and counts this start; durable when it resolves.
 * @throws FrostError `directory-foreign`, `format-unsupported`, `store-corrupt`.
 */
export async function openIdentity(
  ports: IdentityPorts,
): Promise<{ readonly identity: Identity; readonly isNew: boolean }> {
  const { disk, compute, random } = ports
  const files = await Promise.all(fileNames.map((name) => disk.readSmall(name)))
  const known = files
    .flatMap((bytes) => (bytes === undefined ? [] : [decodeIdentity(compute, bytes)]))
    .filter((identity) => identity !== undefined)
    .toSorted((left, right) => right.startCount - left.startCount)
  const [latest] = known
  if (latest === undefined)
    await assertFresh(
      disk,
      files.some((bytes) => bytes !== undefined),
    )
  const workerId = latest?.workerId ?? workerIdFromBytes(random.bytes(8))
  const identity = { workerId, clusterId: latest?.clusterId, startCount: (latest?.startCount ?? 0) + 1 }
  await writeIdentity(ports, identity)
  return { identity, isNew: latest === undefined }
}

/** Durable when it resolves. */
export async function writeIdentity(ports: Pick<IdentityPorts, 'disk' | 'compute'>, identity: Identity): Promise<void> {
  const bytes = encodeIdentity(ports.compute, identity)
  for (const name of fileNames) await ports.disk.writeSmall(name, bytes)
}

async function assertFresh(disk: Disk, isDamaged: boolean): Promise<void> {
  if (isDamaged) {
    throw new FrostError('store-corrupt', 'Both identity files of the data directory are damaged.', {
      remedy:
        'Restore identity-1 from a backup, or give this worker an empty directory: the cluster rebuilds what it held.',
    })
  }
  const foreign = (await disk.contents()).filter((name) => !harmless.has(name))
  if (foreign.length > 0) {
    const shown = foreign.slice(0, 3).join(', ') + (foreign.length > 3 ? ', …' : '')
    throw new FrostError('directory-foreign', `The data directory holds something else (${shown}) and no worker.`, {
      remedy: 'Give an empty directory, or one that a worker made, with --data.',
    })
  }
}

function encodeIdentity(compute: Compute, identity: Identity): Uint8Array {
  const bytes = new Uint8Array(identityBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint16(4, version, true)
  view.setUint16(6, identity.clusterId === undefined ? 0 : flagCluster, true)
  writeHex(identity.workerId, bytes, 8)
  if (identity.clusterId !== undefined) writeHex(identity.clusterId, bytes, 16)
  writeUint48(view, 32, identity.startCount)
  view.setUint32(checksumAt, compute.crc32(bytes.subarray(0, checksumAt)), true)
  return bytes
}

/** `undefined`: damaged. */
function decodeIdentity(compute: Compute, bytes: Uint8Array): Identity | undefined {
  if (bytes.length < identityBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== magic) return undefined
  // First, so that a flipped bit is damage and no newer version.
  if (view.getUint32(checksumAt, true) !== compute.crc32(bytes.subarray(0, checksumAt))) return undefined
  if (view.getUint16(4, true) > version) {
    throw new FrostError('format-unsupported', 'The data directory was written by a newer version of FrostByte.', {
      remedy: 'Start the version that wrote it, or a newer one.',
    })
  }
  const hasCluster = (view.getUint16(6, true) & flagCluster) !== 0
  return {
    workerId: workerIdFromBytes(bytes.subarray(8, 16)),
    clusterId: hasCluster ? clusterIdFromBytes(bytes.subarray(16, 32)) : undefined,
    startCount: readUint48(view, 32),
  }
}
