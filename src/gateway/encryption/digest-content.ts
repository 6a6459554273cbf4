// What a body amounts to, without keeping it: for a checksum that nobody has computed yet.

import { KIB } from '../../base/units.ts'
import type { FileBody } from '../../master/file-service.ts'
import type { Digest } from '../../ports/compute.ts'

/** What a digest takes at once. */
const pieceBytesMax = 256 * KIB

/** To its end, one slice in memory at a time; closed at the end, whatever it is. @throws what the body throws. */
export async function digestContent(body: FileBody, digest: Digest): Promise<Uint8Array<ArrayBuffer>> {
  try {
    for (let slice = await body.next(); slice !== undefined; slice = await body.next()) {
      try {
        const { bytes } = slice
        for (let at = 0; at < bytes.length; at += pieceBytesMax) digest.update(bytes.subarray(at, at + pieceBytesMax))
      } finally {
        slice.release()
      }
    }
    return digest.digest()
  } finally {
    body.close()
  }
}
