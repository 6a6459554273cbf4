// The cluster's id and secret, as files of a master's data directory, outside the metadata: they must survive its loss.

import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { FrostError } from '../base/errors.ts'
import { clusterIdFromBytes, fromHex, parseClusterId, toHex } from '../base/ids.ts'
import type { ClusterId } from '../base/ids.ts'
import type { Random } from '../ports/random.ts'
import { readTextIfThere, writeDurably } from './durable-files.ts'

const secretBytes = 32
const clusterFileName = 'cluster.json'
export const secretFileName = 'secret'

/** Reads the secret; makes one, for the owner's eyes only, where there is none yet. */
export async function loadOrMakeSecret(path: string, random: Random): Promise<Uint8Array<ArrayBuffer>> {
  const text = await readTextIfThere(path)
  if (text !== undefined) return parseSecret(text, path)
  const secret = random.bytes(secretBytes)
  await mkdir(dirname(path), { recursive: true })
  await writeDurably(path, `${toHex(secret)}\n`)
  return secret
}

/** @throws FrostError `config-invalid`: there is no such file, or no secret in it. */
export async function loadSecret(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = await readTextIfThere(path)
  if (text === undefined) {
    throw new FrostError('config-invalid', `The secret file ${path} does not exist.`, {
      remedy: 'Copy the file "secret" from the data directory of the master, and name it with --secret-file.',
    })
  }
  return parseSecret(text, path)
}

function parseSecret(text: string, source: string): Uint8Array<ArrayBuffer> {
  const digits = text.trim()
  if (!/^(?:[0-9a-f]{2}){16,64}$/.test(digits)) {
    throw new FrostError('config-invalid', `${source} holds no cluster secret.`, {
      remedy: 'A secret is 32 to 128 lower-case hex digits; make one with: openssl rand -hex 32',
    })
  }
  return fromHex(digits)
}

/** Reads the id of the cluster that the directory belongs to; makes one where there is none yet. */
export async function loadOrMakeClusterId(directory: string, random: Pick<Random, 'bytes'>): Promise<ClusterId> {
  const known = await loadClusterId(directory)
  if (known !== undefined) return known
  const id = clusterIdFromBytes(random.bytes(16))
  await storeClusterId(directory, id)
  return id
}

/** @throws FrostError `directory-foreign`. */
export async function loadClusterId(directory: string): Promise<ClusterId | undefined> {
  const path = join(directory, clusterFileName)
  const text = await readTextIfThere(path)
  if (text === undefined) return undefined
  const id = parseClusterFile(text)
  if (id !== undefined) return id
  throw new FrostError('directory-foreign', `${path} is not a cluster file of FrostByte.`, {
    remedy: 'Give another directory with --data.',
  })
}

/** The directory belongs to this cluster from now on. */
export async function storeClusterId(directory: string, id: ClusterId): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeDurably(join(directory, clusterFileName), `${JSON.stringify({ format: 1, cluster: id })}\n`)
}

export async function hasSecret(path: string): Promise<boolean> {
  return (await readTextIfThere(path)) !== undefined
}

function parseClusterFile(text: string): ClusterId | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('cluster' in value)) return undefined
    return typeof value.cluster === 'string' ? parseClusterId(value.cluster) : undefined
  } catch {
    return undefined
  }
}
