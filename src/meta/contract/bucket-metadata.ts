// Buckets: what every commit has to know of one, what they add up to, and how they are made, changed and removed. What else is set on
// them: bucket-settings.ts.

export interface BucketRow {
  readonly name: string
  readonly createdMs: number
  /** What becomes of a version that is no longer the newest: version-metadata.ts. Absent: versions were never kept. */
  readonly versioning?: 'enabled' | 'suspended'
  /** Versions can be locked. Never taken back, and needs `versioning` enabled. */
  readonly objectLock?: true
  /** Canonical id of the user whose it is. Absent: nobody's, which only administrators may use as an owner does. */
  readonly owner?: string
  /** Of `BucketUsage.bytes`; what would be more is refused with `quota-exceeded`. Absent: no limit. */
  readonly quotaBytes?: number
}

/** What the newest and kept versions of a bucket add up to. */
export interface BucketUsage {
  /** Keys with a newest version that is not a delete marker. */
  readonly files: number
  /** Logical bytes of all versions, and of all parts of unfinished multipart uploads. */
  readonly bytes: number
}

export interface BucketReads {
  getBucket(name: string): Promise<BucketRow | undefined>
  /** All of them, by name in byte order; a cluster has at most `bucketsMax`. */
  listBuckets(): Promise<readonly BucketRow[]>
  /**
   * As of the last commit, except where the implementation counts apart; then a few seconds older.
   * @throws FrostError `bucket-not-found`.
   */
  getBucketUsage(name: string): Promise<BucketUsage>
}

export interface BucketMutations {
  /**
   * @throws FrostError `bucket-exists`. A repeat cannot tell its own bucket from another's: after `outcome-unknown`, read the
   * row and compare `createdMs`. `bad-request` above `bucketsMax`.
   */
  createBucket(row: BucketRow): Promise<void>
  /**
   * Its settings go with it. @throws FrostError `bucket-not-found` (a repeat may meet it: then it is gone), `bucket-not-empty` while it
   * holds any version or unfinished multipart upload.
   */
  deleteBucket(command: { readonly name: string }): Promise<void>
  /**
   * Changes what is given; resolves to the row. A repeat is harmless.
   * @throws FrostError `bucket-not-found`; `bad-request`: object lock needs versioning enabled, and keeps it so.
   */
  changeBucket(command: ChangeBucket): Promise<BucketRow>
}

export interface ChangeBucket {
  readonly name: string
  readonly versioning?: 'enabled' | 'suspended'
  readonly objectLock?: true
  readonly owner?: string
  /** 0: no limit. */
  readonly quotaBytes?: number
}

export const bucketsMax = 10_000
