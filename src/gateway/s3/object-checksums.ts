// Checksums of an object, as they are stored and told. An object that came without one has its CRC-32 all the same, which the data path
// computes for its own sake: no digest is computed that nobody asked for.

import type { ObjectInfo } from '../../master/object-service.ts'
import { crc32Checksum } from '../../master/range-crc.ts'
import type { Checksum } from '../../meta/contract/version-row.ts'
import { checksumKindOf, checksumTypeOf, formatChecksum } from './checksums.ts'
import type { ChecksumAlgorithm } from './checksums.ts'
import type { WrittenChecksum } from './documents/listed.ts'
import type { ReceivedBody } from './receive-body.ts'

/** `undefined`: the client named none. */
export function checksumsToStore({ checksums }: Pick<ReceivedBody, 'checksums'>): readonly Checksum[] | undefined {
  if (checksums.size === 0) return undefined
  return Array.from(checksums, ([algorithm, value]) => ({ algorithm, value }))
}

/** At least one. */
export function checksumsOf(info: Pick<ObjectInfo, 'checksums' | 'crc32'>): readonly Checksum[] {
  if (info.checksums !== undefined && info.checksums.length > 0) return info.checksums
  return [crc32Checksum(info.crc32)]
}

/** At most one of them; neither: a copy has the checksums of its source. */
export interface ChecksumOfCopy {
  /** Nothing has to be read for it. */
  readonly known?: Checksum
  /** The content must be read for it. */
  readonly toCompute?: ChecksumAlgorithm
}

/** `algorithm`: that the request asks for. A copy's checksum is that of all its bytes. */
export function checksumOfCopy(
  algorithm: ChecksumAlgorithm | undefined,
  source: Pick<ObjectInfo, 'checksums' | 'crc32'>,
): ChecksumOfCopy {
  if (algorithm === undefined) return {}
  const known = source.checksums?.find((one) => one.algorithm === algorithm && one.composite !== true)
  if (known !== undefined) return { known }
  return algorithm === 'crc32' ? { known: crc32Checksum(source.crc32) } : { toCompute: algorithm }
}

/** Of the whole object. */
export function addChecksumHeaders(headers: string[], info: Pick<ObjectInfo, 'checksums' | 'crc32' | 'parts'>): void {
  addChecksums(headers, checksumsOf(info), info.parts?.length ?? 1)
}

/** `partCount`: of the object, for composite ones. */
export function addChecksums(headers: string[], checksums: readonly Checksum[], partCount: number): void {
  for (const checksum of checksums) {
    const kind = checksumKindOf(checksum.algorithm)
    if (kind === undefined) continue
    headers.push(kind.header, formatChecksum(checksum, partCount), 'x-amz-checksum-type', checksumTypeOf(checksum))
  }
}

/** As documents have them. */
export function writtenChecksums(checksums: readonly Checksum[], partCount: number): readonly WrittenChecksum[] {
  return checksums.flatMap((checksum) => {
    const kind = checksumKindOf(checksum.algorithm)
    return kind === undefined ? [] : [{ algorithm: kind.algorithm, value: formatChecksum(checksum, partCount) }]
  })
}
