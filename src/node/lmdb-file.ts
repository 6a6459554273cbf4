// A look at an LMDB file before LMDB opens it, because LMDB trusts what it maps: on a file that is cut off, or whose first
// meta page is not one, lmdb 3.5.6 ends the process with a segmentation fault instead of an error. (A power loss during the
// very first open can leave such a file.) Only the two meta pages and the size are looked at; LMDB has no checksums
// that would tell more.
//
// A meta page (LMDB 1.0 as lmdb-js ships it, little-endian): 16 [2] 0 · 18 u16 flags (8: meta) · 24 u32 magic · 28 u32 version
// · 48 u32 page size · 144 u64 last page · 152 u64 transaction.

import { open } from 'node:fs/promises'

export const lmdbPageBytes = 4096

const metaFlag = 8
const magic = 0xbeef_c0de
const version = 2
/** Pages at the end that were taken and given back in one transaction are never written. */
const unwrittenPagesMax = 64

/** False where opening the file would be dangerous. True where there is none, or an empty one: LMDB makes it. */
export async function canOpenLmdb(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(ignoreMissing)
  if (file === undefined) return true
  try {
    const { size } = await file.stat()
    if (size === 0) return true
    const bytes = new Uint8Array(2 * lmdbPageBytes)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    if (bytesRead < bytes.length) return false
    const metas = [readMeta(bytes, 0), readMeta(bytes, lmdbPageBytes)]
    const [first, second] = metas
    if (first === undefined || second === undefined) return false
    const { lastPage } = first.transaction > second.transaction ? first : second
    return size >= (lastPage + 1 - unwrittenPagesMax) * lmdbPageBytes
  } finally {
    await file.close()
  }
}

function readMeta(
  bytes: Uint8Array,
  offset: number,
): { readonly lastPage: number; readonly transaction: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, lmdbPageBytes)
  const isMeta =
    view.getUint16(18, true) === metaFlag &&
    view.getUint32(24, true) === magic &&
    view.getUint32(28, true) === version &&
    view.getUint32(48, true) === lmdbPageBytes
  if (!isMeta) return undefined
  return { lastPage: Number(view.getBigUint64(144, true)), transaction: Number(view.getBigUint64(152, true)) }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
  throw error
}
