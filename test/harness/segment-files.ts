// A worker's segment files as files: found, searched and damaged from outside, as a bad disk would.

import { open, readdir, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'

import type { RealNode } from './real-cluster.ts'

export interface SegmentFile {
  readonly path: string
  readonly bytes: number
}

/** Where bytes were found. */
export interface Place {
  readonly path: string
  readonly offset: number
}

export async function listSegmentFiles(worker: RealNode): Promise<readonly SegmentFile[]> {
  const files: SegmentFile[] = []
  for (const log of ['small', 'large']) {
    const folder = join(worker.dataDirectory, 'store', log)
    for (const name of await readdir(folder).catch(() => [])) {
      if (!name.endsWith('.seg')) continue
      const path = join(folder, name)
      // It may be compacted away between the two calls.
      const found = await stat(path).catch(() => undefined)
      if (found !== undefined) files.push({ path, bytes: found.size })
    }
  }
  return files
}

export async function segmentBytes(workers: readonly RealNode[]): Promise<number> {
  const files = await Promise.all(workers.map(async (worker) => await listSegmentFiles(worker)))
  return files.flat().reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Where the worker's segments hold exactly these bytes; the first place. */
export async function findInSegments(worker: RealNode, needle: Uint8Array): Promise<Place | undefined> {
  for (const { path } of await listSegmentFiles(worker)) {
    const offset = (await readFile(path)).indexOf(needle)
    if (offset >= 0) return { path, offset }
  }
  return undefined
}

export async function readAt({ path, offset }: Place, length: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    await file.read(bytes, 0, length, offset)
    return bytes
  } finally {
    await file.close()
  }
}

export async function overwriteAt({ path, offset }: Place, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, offset)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Turns over one bit. */
export async function flipBit(place: Place): Promise<void> {
  const [byte = 0] = await readAt(place, 1)
  await overwriteAt(place, Uint8Array.of(byte ^ 0x10))
}

/** Cuts the file at the place. */
export async function truncateAt({ path, offset }: Place): Promise<void> {
  await truncate(path, offset)
}
