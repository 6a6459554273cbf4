// What becomes of an upload's bytes once they are stored: the border between how bytes are stored (upload.ts) and what they are for.

import type { NewData } from '../meta/contract/file-metadata.ts'
import type { Extent } from '../meta/contract/version-row.ts'
import type { Room } from './quotas.ts'
import type { Sealing } from './object-service.ts'

/** Bytes as they were written. */
export interface StoredBody {
  readonly sizeBytes: number
  /** CRC-32 of all of them; while the manifest is made, of all before the last block. */
  readonly crc32: number
  readonly extents: readonly Extent[]
}

export interface UploadEnding<Result> {
  /** What the fragments of the last block say about what they are part of, for `rebuild-metadata`. */
  manifest(body: StoredBody, sealing: Sealing): Uint8Array<ArrayBuffer>
  /** Durable and visible when it resolves; run again by nobody. `newData`: each data id that holds the body. */
  commit(body: StoredBody, newData: readonly NewData[], sealing: Sealing): Promise<Result>
}

/** What metadata said as the upload began, for the manifest. */
export interface SeenAtStart {
  /** Of the newest version of the key; 0: there is none. */
  readonly headSequence: number
  /** The number of the last change. */
  readonly seenSequence: number
  /** Whether new versions of the bucket go by their ids; what it is in the end the commit decides. */
  readonly isVersioned: boolean
  /** When the bucket was made: another one of its name is not meant. */
  readonly bucketMs?: number
  /** Of the bucket's owner, where he has a quota. */
  readonly room?: Room
}
