// Bytes that are read from one version and written to another: for copies that cannot share them, because one side is encrypted and the
// other is not, or with another key.

import { KIB } from '../../base/units.ts'
import type { FileBody } from '../../master/file-service.ts'
import type { ObjectUpload, Sealing } from '../../master/object-service.ts'
import type { Digest } from '../../ports/compute.ts'

/** An upload takes its slices over, and those of a read go back to their pool: each is copied, in pieces that a digest takes at once. */
const pieceBytesMax = 256 * KIB

export interface Rewriting<Result> {
  /** Closed at the end, whatever it is. */
  readonly body: FileBody
  /** Finished, or aborted where something fails. */
  readonly upload: ObjectUpload<Result>
  /** See every byte. */
  readonly digests: readonly Digest[]
  /** Called after the last byte. */
  readonly seal: () => Sealing
}

export async function writeAnew<Result>(rewriting: Rewriting<Result>): Promise<Result> {
  const { body, upload, seal } = rewriting
  try {
    for (let slice = await body.next(); slice !== undefined; slice = await body.next()) {
      try {
        await writePieces(slice.bytes, rewriting)
      } finally {
        slice.release()
      }
    }
    return await upload.finish(seal())
  } catch (error) {
    upload.abort(error)
    throw error
  } finally {
    body.close()
  }
}

async function writePieces(bytes: Uint8Array, { upload, digests }: Rewriting<unknown>): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytesMax) {
    const piece = bytes.slice(at, at + pieceBytesMax)
    for (const digest of digests) digest.update(piece)
    await upload.write(piece)
  }
}
