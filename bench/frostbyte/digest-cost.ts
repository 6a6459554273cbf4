// What a digest of a body costs on this machine, at the time of the run: S3 demands MD5 for ETags, and SHA-256 where a
// request is signed with it. No server of this interface can do without, so the report shows it apart.

import { createHash } from 'node:crypto'

import { GIB, MIB } from '../../src/base/units.ts'

export type Digest = 'md5' | 'sha256'

const measuredMs = 300

/** CPU-seconds for one body. */
export function measureDigest(digest: Digest, sizeBytes: number): number {
  const slice = Buffer.alloc(Math.min(sizeBytes, MIB), 0x5a)
  const one = (): void => {
    const hash = createHash(digest)
    for (let at = 0; at < sizeBytes; at += slice.length) hash.update(slice)
    hash.digest()
  }
  one()
  const before = process.cpuUsage()
  const endMs = performance.now() + measuredMs
  let count = 0
  do {
    one()
    count++
  } while (performance.now() < endMs)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6 / count
}

/** CPU-milliseconds for each body, or CPU-seconds per GiB of bodies: as the rows of this size are judged. */
export function digestFigure(cpuSeconds: number, sizeBytes: number, isByGib: boolean): number {
  return isByGib ? (cpuSeconds * GIB) / sizeBytes : cpuSeconds * 1000
}
