// Parts that several listings have: owners, checksums, common prefixes.

import type { XmlWriter } from '../xml/xml-writer.ts'
import type { ChecksumAlgorithm, ChecksumType } from '../checksums.ts'
import { checksumKind } from '../checksums.ts'
import type { Owner } from './access-control-policy.ts'

/** As it is told: the value in base64, with `-N` where it is composite of N parts. */
export interface WrittenChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly value: string
}

export function writeOwner(writer: XmlWriter, name: 'Owner' | 'Initiator', owner: Owner | undefined): void {
  if (owner === undefined) return
  writer.open(name)
  writer.element('ID', owner.id)
  writer.optional('DisplayName', owner.displayName)
  writer.close(name)
}

export function writeChecksums(
  writer: XmlWriter,
  checksums: readonly WrittenChecksum[] | undefined,
  type: ChecksumType | undefined,
): void {
  if (checksums === undefined) return
  for (const { algorithm, value } of checksums) writer.element(checksumKind(algorithm).element, value)
  if (checksums.length > 0) writer.optional('ChecksumType', type)
}

export function writeCommonPrefixes(
  writer: XmlWriter,
  prefixes: readonly string[],
  written: (key: string) => string,
): void {
  for (const prefix of prefixes) {
    writer.open('CommonPrefixes')
    writer.element('Prefix', written(prefix))
    writer.close('CommonPrefixes')
  }
}
