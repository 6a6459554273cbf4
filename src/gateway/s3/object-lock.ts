// Object lock, as a write asks for it: the headers x-amz-object-lock-*, or else what the bucket's configuration says of new objects.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

import { DAY_MS } from '../../base/units.ts'
import type { ObjectInfo } from '../../master/object-service.ts'
import type { ObjectLock } from '../../meta/contract/version-row.ts'
import type { BucketState } from './bucket-cache.ts'
import { objectLockConfiguration } from './documents/object-lock-configuration.ts'
import { parseTimestamp } from './documents/timestamps.ts'
import type { S3Call } from './s3-call.ts'
import { headerOf } from './s3-call.ts'
import { S3Error } from './s3-error.ts'

/** Where `NewVersion.extra` says that a legal hold was taken back: AWS tells it from one that never was. */
const releasedField = 'hold-off'

/** A calendar year, as AWS counts a retention of years. */
const yearDays = 365

/** `undefined`: none. @throws S3Error `InvalidRequest`, `InvalidArgument`. */
export function lockOf({ headers, state }: S3Call, nowMs: number): ObjectLock | undefined {
  const mode = headerOf(headers, 'x-amz-object-lock-mode')
  const until = headerOf(headers, 'x-amz-object-lock-retain-until-date')
  const hold = headerOf(headers, 'x-amz-object-lock-legal-hold')
  const isGiven = mode !== undefined || until !== undefined || hold !== undefined
  if (state?.row.objectLock !== true) {
    if (!isGiven) return undefined
    throw missingObjectLock()
  }
  const retention = mode === undefined && until === undefined ? defaultLockOf(state, nowMs) : given(mode, until, nowMs)
  if (hold !== undefined && hold !== 'ON' && hold !== 'OFF')
    throw invalid('x-amz-object-lock-legal-hold', hold, "Legal Hold must be either of 'ON' or 'OFF'")
  if (retention === undefined && hold !== 'ON') return undefined
  return { ...retention, ...(hold === 'ON' ? { legalHold: true } : {}) }
}

/** For `NewVersion.extra` and `ChangeVersion.extra`. */
export function holdFieldOf(status: 'ON' | 'OFF'): Readonly<Record<string, Uint8Array>> {
  return { [releasedField]: status === 'OFF' ? new Uint8Array([1]) : new Uint8Array(0) }
}

/** Whether a legal hold was ever set, or taken back. */
export function isHoldKnown({ lock, extra }: Pick<ObjectInfo, 'lock' | 'extra'>): boolean {
  return lock?.legalHold === true || (extra?.[releasedField]?.length ?? 0) > 0
}

export function missingObjectLock(): S3Error {
  return new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration')
}

function given(mode: string | undefined, until: string | undefined, nowMs: number): ObjectLock {
  if (mode === undefined || until === undefined) {
    throw new S3Error(
      'InvalidArgument',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    )
  }
  const lower = mode.toLowerCase()
  if (mode !== mode.toUpperCase() || (lower !== 'governance' && lower !== 'compliance'))
    throw invalid('x-amz-object-lock-mode', mode, 'Unknown wormMode directive.')
  const retainUntilMs = parseTimestamp(until)
  if (retainUntilMs === undefined)
    throw invalid(
      'x-amz-object-lock-retain-until-date',
      until,
      'The retain until date must be provided in ISO 8601 format',
    )
  if (retainUntilMs <= nowMs)
    throw invalid('x-amz-object-lock-retain-until-date', until, 'The retain until date must be in the future!')
  return { mode: lower, retainUntilMs }
}

/** What the bucket says of new objects that come without a lock of their own. */
export function defaultLockOf(state: BucketState, nowMs: number): ObjectLock | undefined {
  if (state.row.objectLock !== true) return undefined
  const configuration = state.setting('object-lock', objectLockConfiguration)
  const retention = configuration?.rule?.defaultRetention
  if (retention === undefined) return undefined
  const days = retention.days ?? (retention.years ?? 0) * yearDays
  return { mode: retention.mode === 'COMPLIANCE' ? 'compliance' : 'governance', retainUntilMs: nowMs + days * DAY_MS }
}

function invalid(argument: string, value: string, message: string): S3Error {
  return new S3Error('InvalidArgument', message, { fields: { ArgumentName: argument, ArgumentValue: value } })
}
