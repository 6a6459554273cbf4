// Object lock: what keeps a version from being removed, and how that may change. Decided with the removal or the change, so that none slips
// in between. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

import { FrostError } from '../../base/errors.ts'
import type { ChangeVersion } from '../contract/version-metadata.ts'
import type { ObjectLock, VersionRow } from '../contract/version-row.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'

interface Asking {
  readonly wallMs: number
  readonly bypassGovernance?: true
}

/** @throws FrostError `object-locked`. */
export function checkRemovable({ version, lock }: VersionRow, asking: Asking): void {
  if (lock === undefined) return
  if (lock.legalHold === true) throw locked(version, 'it is under a legal hold')
  if (isRetained(lock, asking)) throw locked(version, `it is retained until ${isoTime(lock.retainUntilMs)}`)
}

/** The lock as a change leaves it. @throws FrostError `object-locked` where it would be weakened. */
export function changeLock(
  version: string,
  lock: ObjectLock,
  { retention, legalHold, ...asking }: Pick<ChangeVersion, 'retention' | 'legalHold' | 'wallMs' | 'bypassGovernance'>,
): ObjectLock | undefined {
  const { mode, retainUntilMs } = retention ?? lock
  const isKept = mode === lock.mode && (retainUntilMs ?? 0) >= (lock.retainUntilMs ?? 0)
  if (retention !== undefined && !isKept && isRetained(lock, asking))
    throw locked(version, `it is retained until ${isoTime(lock.retainUntilMs)}`)
  const isHeld = legalHold ?? lock.legalHold ?? false
  if (mode === undefined && retainUntilMs === undefined && !isHeld) return undefined
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(retainUntilMs === undefined ? {} : { retainUntilMs }),
    ...(isHeld ? { legalHold: true } : {}),
  }
}

/** @throws FrostError `bad-request`: what is locked there could be overwritten. */
export function checkLockAllowed(bucket: StoredBucket, lock: ObjectLock | undefined): void {
  if (lock !== undefined && bucket.objectLock !== true)
    throw new FrostError('bad-request', 'The bucket has no object lock, which a lock on a version needs.')
}

function isRetained({ mode, retainUntilMs = 0 }: ObjectLock, { wallMs, bypassGovernance }: Asking): boolean {
  if (mode === undefined || retainUntilMs <= wallMs) return false
  return mode === 'compliance' || bypassGovernance !== true
}

function locked(version: string, why: string): FrostError {
  return new FrostError('object-locked', `The version ${version} is locked: ${why}.`)
}

function isoTime(ms = 0): string {
  return new Date(ms).toISOString()
}
