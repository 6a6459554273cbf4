// What every MetadataStore must do: one suite for memory, LMDB and MongoDB. A store under test is empty, and alone.

import { accessTests } from './metadata/access.ts'
import { identityTests } from './metadata/identities.ts'
import { bucketTests } from './metadata/buckets.ts'
import { changeTests } from './metadata/changes.ts'
import { clusterTests } from './metadata/cluster.ts'
import { commitTests } from './metadata/commits.ts'
import { dataTests } from './metadata/data.ts'
import { deleteTests } from './metadata/deletes.ts'
import { encryptionKeyTests } from './metadata/encryption-keys.ts'
import { groupTests } from './metadata/groups.ts'
import { listingTests } from './metadata/listings.ts'
import { largeMultipartTests } from './metadata/large-multiparts.ts'
import { multipartTests } from './metadata/multipart.ts'
import { processTests } from './metadata/processes.ts'
import { rebuildTests } from './metadata/rebuilds.ts'
import { referenceTests } from './metadata/references.ts'
import type { CreateStore } from './metadata/scene.ts'
import { settingTests } from './metadata/settings.ts'
import { versionListingTests } from './metadata/version-listings.ts'
import { lockTests } from './metadata/locks.ts'
import { versioningTests } from './metadata/versioning.ts'
import { versionTests } from './metadata/versions.ts'

export function metadataStoreConformance(name: string, create: CreateStore): void {
  clusterTests(name, create)
  bucketTests(name, create)
  commitTests(name, create)
  versionTests(name, create)
  versioningTests(name, create)
  lockTests(name, create)
  deleteTests(name, create)
  referenceTests(name, create)
  listingTests(name, create)
  versionListingTests(name, create)
  multipartTests(name, create)
  largeMultipartTests(name, create)
  settingTests(name, create)
  dataTests(name, create)
  processTests(name, create)
  groupTests(name, create)
  changeTests(name, create)
  rebuildTests(name, create)
  accessTests(name, create)
  identityTests(name, create)
  encryptionKeyTests(name, create)
}
