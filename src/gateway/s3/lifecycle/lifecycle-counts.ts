// What the lifecycle of this process has done, for metrics.

export interface LifecycleCounts {
  readonly scannedVersions: number
  readonly scannedUploads: number
  /** The newest versions that were removed or hidden below a delete marker. */
  readonly expired: number
  readonly removedNoncurrent: number
  readonly removedMarkers: number
  readonly abortedUploads: number
  /** Of versions that are gone for good. */
  readonly removedBytes: number
  /** Left because of object lock or a legal hold. */
  readonly locked: number
  /** Left because they changed between the judgement and the removal. */
  readonly changed: number
  /** Scans of a bucket that have ended. */
  readonly scans: number
  /** When the last of them did, on the wall clock; `undefined`: none has. */
  readonly lastScanMs: number | undefined
}

export type MutableCounts = { -readonly [Name in keyof LifecycleCounts]: LifecycleCounts[Name] }

export function newCounts(): MutableCounts {
  return {
    scannedVersions: 0,
    scannedUploads: 0,
    expired: 0,
    removedNoncurrent: 0,
    removedMarkers: 0,
    abortedUploads: 0,
    removedBytes: 0,
    locked: 0,
    changed: 0,
    scans: 0,
    lastScanMs: undefined,
  }
}
