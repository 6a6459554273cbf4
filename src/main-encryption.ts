// Puts the encryption of objects together, for both faces of a master process.

import { EncryptedFiles } from './gateway/encryption/encrypted-files.ts'
import { EncryptedObjects } from './gateway/encryption/encrypted-objects.ts'
import { KeyRing } from './gateway/encryption/key-ring.ts'
import { ObjectEncryption } from './gateway/encryption/object-encryption.ts'
import { accountId } from './gateway/policy/arn.ts'
import { BucketCache } from './gateway/s3/bucket-cache.ts'
import { defaultEncryptionOf } from './gateway/s3/encryption/call-encryption.ts'
import { defaultLockOf } from './gateway/s3/object-lock.ts'
import type { Master } from './master/master.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import { NodeVault } from './node/vault.ts'
import type { Clock } from './ports/clock.ts'
import type { Compute } from './ports/compute.ts'
import type { Random } from './ports/random.ts'

export interface Encryption {
  readonly keys: KeyRing
  readonly encrypted: EncryptedObjects
  /** The bytes of files, for REST. */
  readonly content: EncryptedFiles
}

export interface EncryptionParts {
  readonly master: Master
  readonly metadata: MetadataStore
  /** Of the cluster. */
  readonly secret: Uint8Array
  /** Of the ARNs of keys. */
  readonly region: string
}

export function makeEncryption(
  given: { readonly clock: Clock; readonly compute: Compute; readonly random: Random },
  { master, metadata, secret, region }: EncryptionParts,
): Encryption {
  const { files, objects } = master
  const ports = { ...given, vault: new NodeVault() }
  const keys = new KeyRing({ ...ports, metadata }, secret, { region, account: accountId })
  const encrypted = new EncryptedObjects(objects, new ObjectEncryption(ports, keys), ports)
  const buckets = new BucketCache(objects, given.clock)
  const content = new EncryptedFiles({
    files,
    objects,
    encrypted,
    defaultOf: async (bucket) => defaultEncryptionOf(await buckets.get(bucket)),
    lockOf: async (bucket) => defaultLockOf(await buckets.get(bucket), given.clock.wallMs()),
  })
  return { keys, encrypted, content }
}
