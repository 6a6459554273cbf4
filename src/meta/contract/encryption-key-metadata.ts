// The master keys of object encryption, sealed under the cluster's secret: opaque to the metadata, which only keeps them. Who uses them
// is src/gateway/encryption/key-ring.ts.

export interface EncryptionKeyRow {
  /** `sse-s3`, or the id of a named key. */
  readonly id: string
  /** `alias/NAME`. */
  readonly aliases: readonly string[]
  readonly isEnabled: boolean
  readonly createdMs: number
  /** Counts the changes of the row, from 1. */
  readonly revision: number
  /** From the oldest; numbers from 1, none is ever removed. */
  readonly generations: readonly KeyGeneration[]
}

export interface KeyGeneration {
  readonly number: number
  readonly createdMs: number
  readonly sealed: Uint8Array
}

export interface EncryptionKeyReads {
  /** All, by id in byte order; at most `encryptionKeysMax`. */
  listEncryptionKeys(): Promise<readonly EncryptionKeyRow[]>
}

export interface EncryptionKeyMutations {
  /**
   * Stores a row in the place of the one with the revision before it (revision 1: where there is none). A repeat is harmless.
   * @throws FrostError `precondition-failed`: another revision is stored; `bad-request`: generations would be lost, or there are
   * `encryptionKeysMax`.
   */
  putEncryptionKey(command: { readonly row: EncryptionKeyRow }): Promise<void>
}

export const encryptionKeysMax = 1000
