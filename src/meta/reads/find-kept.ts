// Where a kept version of a key lies: one look-up, however many there are.

import type { ByteString, KeyValueView } from '../../ports/key-value.ts'
import type { VersionName } from '../contract/version-metadata.ts'
import { decodeKeptReference } from '../encoding/kept-reference.ts'
import { keptByIdKey, keptKey, nullKeptKey } from '../encoding/keys.ts'
import { decodeNumbers } from '../encoding/plain-rows.ts'

interface NamedVersion {
  readonly bucket: string
  readonly key: string
  readonly version: VersionName
}

/** The key of its row. */
export function findKeptKey(view: Pick<KeyValueView, 'get'>, named: NamedVersion): ByteString | undefined {
  const { bucket, key, version } = named
  if (version === 'null') {
    const stored = view.get(nullKeptKey(bucket, key))
    const [sequence] = decodeNumbers(stored, 1)
    return stored === undefined || sequence === undefined ? undefined : keptKey(bucket, key, sequence)
  }
  const stored = view.get(keptByIdKey(version))
  if (stored === undefined) return undefined
  const reference = decodeKeptReference(stored)
  return reference.bucket === bucket && reference.key === key ? keptKey(bucket, key, reference.sequence) : undefined
}
