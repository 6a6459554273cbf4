// What is set on a bucket besides what every commit has to know (`BucketRow`): one document of each kind, opaque here. Who keeps what he
// read says for how long; a face that keeps it for at most a second does as S3 does, which promises less.

export const bucketSettingKinds = [
  'accelerate',
  'acl',
  'cors',
  'encryption',
  'lifecycle',
  'lifecycle-scan',
  'logging',
  'notification',
  'object-lock',
  'ownership',
  'policy',
  'public-access-block',
  'replication',
  'request-payment',
  'tagging',
  'website',
] as const

export type BucketSettingKind = (typeof bucketSettingKinds)[number]

export type BucketSettings = { readonly [Kind in BucketSettingKind]?: Uint8Array }

export interface BucketSettingReads {
  /** All that are set. @throws FrostError `bucket-not-found`. */
  getBucketSettings(bucket: string): Promise<BucketSettings>
  /** Buckets that have one of a kind, by name in byte order. */
  listBucketSettings(request: ListBucketSettings): Promise<readonly BucketSetting[]>
}

export interface BucketSettingMutations {
  /**
   * Sets, or with `value` absent removes. A repeat is harmless.
   * @throws FrostError `bucket-not-found`, `bad-request` above `settingBytesMax`.
   */
  setBucketSetting(command: SetBucketSetting): Promise<void>
}

export interface SetBucketSetting {
  readonly bucket: string
  readonly kind: BucketSettingKind
  readonly value?: Uint8Array
}

export interface BucketSetting {
  readonly bucket: string
  readonly value: Uint8Array
}

export interface ListBucketSettings {
  readonly kind: BucketSettingKind
  readonly after?: string
  readonly limit: number
}

export const settingBytesMax = 512 * 1024
