// Retention and legal hold of one version. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html,
// .../API_PutObjectLegalHold.html, https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
//
// What may be weakened and by whom is decided by the commit (version-metadata.ts); here is asked for the leave to bypass governance.

import { objectLegalHold, objectRetention } from '../documents/object-lock-configuration.ts'
import type { Retention } from '../documents/object-lock-configuration.ts'
import { holdFieldOf, isHoldKnown, missingObjectLock } from '../object-lock.ts'
import { receiveDocument } from '../receive-body.ts'
import type { BucketCall, S3Parts } from '../s3-call.ts'
import { sendXml } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { changeObject, sendChanged } from './change-object.ts'
import { asksBypass } from './delete-object.ts'
import { findForRead } from './find-object.ts'

const documentBytesMax = 64 * 1024

export async function getObjectRetention(call: BucketCall, parts: S3Parts): Promise<void> {
  const { lock } = await findForRead(call, parts)
  checkBucket(call)
  if (lock?.mode === undefined || lock.retainUntilMs === undefined) throw new S3Error('NoSuchObjectLockConfiguration')
  const mode = lock.mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE'
  sendXml(call, objectRetention.write({ mode, retainUntilMs: lock.retainUntilMs }))
}

/** An empty document removes it. */
export async function putObjectRetention(call: BucketCall, parts: S3Parts): Promise<void> {
  const retention = objectRetention.parse(await receiveDocument(call, parts, documentBytesMax))
  const bypassesGovernance = asksBypass(call.headers)
  const info = await findForRead(call, parts, { bypassesGovernance }, { objectLock: lockFactsOf(retention) })
  checkBucket(call)
  const { mode, retainUntilMs } = retention
  if (retainUntilMs !== undefined && retainUntilMs <= parts.clock.wallMs())
    throw new S3Error('InvalidArgument', 'The retain until date must be in the future!')
  const changed = await changeObject(call, parts, info, {
    retention:
      mode === undefined || retainUntilMs === undefined
        ? {}
        : { mode: mode === 'COMPLIANCE' ? 'compliance' : 'governance', retainUntilMs },
    ...(bypassesGovernance ? { bypassGovernance: true } : {}),
    event: 's3:ObjectRetention:Put',
  })
  sendChanged(call, changed, 200)
}

export async function getObjectLegalHold(call: BucketCall, parts: S3Parts): Promise<void> {
  const info = await findForRead(call, parts)
  checkBucket(call)
  if (!isHoldKnown(info)) throw new S3Error('NoSuchObjectLockConfiguration')
  sendXml(call, objectLegalHold.write({ status: info.lock?.legalHold === true ? 'ON' : 'OFF' }))
}

export async function putObjectLegalHold(call: BucketCall, parts: S3Parts): Promise<void> {
  const { status } = objectLegalHold.parse(await receiveDocument(call, parts, documentBytesMax))
  const info = await findForRead(call, parts, {}, { objectLock: { legalHold: status } })
  checkBucket(call)
  const change = { legalHold: status === 'ON', extra: holdFieldOf(status) }
  sendChanged(call, await changeObject(call, parts, info, change), 200)
}

function lockFactsOf({ mode, retainUntilMs }: Retention): { readonly mode?: string; readonly retainUntilMs?: number } {
  return { ...(mode === undefined ? {} : { mode }), ...(retainUntilMs === undefined ? {} : { retainUntilMs }) }
}

function checkBucket({ state }: BucketCall): void {
  if (state.row.objectLock !== true) throw missingObjectLock()
}
