/** The methods of the internal protocol. A number is never used again for something else (docs/design/protocol.md). */
export const methods = {
  /** Master to worker: store one fragment. */
  put: 1,
  /** Master to worker: chunks of one fragment. */
  get: 2,
  /** Master to worker: the record header of one fragment, its CRC table and manifest. */
  inspect: 3,
  /** Master to worker: drop everything of some data ids. */
  drop: 4,
  /** Master to worker: data ids of a group, by pages. */
  listIds: 5,
  /** Master to worker: newer placement groups that it holds slots of. */
  adopt: 6,
  /** Worker to master: I am here. */
  register: 7,
  /** Worker to master: I am still here, and how I am. */
  heartbeat: 8,
  /** Master process to the one that commits: a metadata command. */
  metadataCommand: 9,
  /** Master to worker: how much it holds of each group, by pages. */
  groupUsage: 10,
  /** Master to worker: make fragments anew from what others hold of their blocks. */
  rebuild: 11,
  /** Master to worker: the digest of what it holds of a slot. */
  digest: 12,
  /** Master to worker, worker to worker: fragments of a group, by pages. */
  listFragments: 13,
  /** Master to worker: drop these fragments, where they are still the ones meant. */
  dropFragments: 14,
  /** Master to worker: read everything that is stored, now. */
  scrub: 15,
  /** To the master that holds the lease: what it knows of the redundancy. */
  healingState: 16,
  /** To the master that holds the lease: compare everything again. */
  compareAll: 17,
  /** Master to worker: read and check fragments where they lie. */
  verify: 18,
  /** Master to worker: the placement groups that it has adopted, by pages. For a rebuild of metadata. */
  adoptedGroups: 21,
} as const
