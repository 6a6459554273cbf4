// Object lock: a version that is locked cannot be deleted, by nobody in compliance mode, and only by who says so in governance mode.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import {
  DeleteObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3'

import { expectError, makeBucket, put, textOf } from './client.ts'
import type { Sdk } from './client.ts'

const dayMs = 86_400_000

export function locks(sdk: Sdk): void {
  let bucket: string
  const send = sdk.client
  const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + dayMs)
  const remove = async (
    Key: string,
    VersionId: string | undefined,
    BypassGovernanceRetention?: boolean,
  ): Promise<void> => {
    await send().send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId, BypassGovernanceRetention }))
  }

  before(async () => {
    bucket = await makeBucket(sdk, { ObjectLockEnabledForBucket: true })
  })

  test('a bucket made for locks says so, and one that was not has none', async () => {
    const { ObjectLockConfiguration } = await send().send(new GetObjectLockConfigurationCommand({ Bucket: bucket }))
    assert.deepEqual(ObjectLockConfiguration, { ObjectLockEnabled: 'Enabled' })
    const other = await makeBucket(sdk)
    const call = send().send(new GetObjectLockConfigurationCommand({ Bucket: other }))
    await expectError(call, 'ObjectLockConfigurationNotFoundError', 404)
  })

  test('in governance mode only who says so deletes', async () => {
    const lock = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until } as const
    const { version } = await put(sdk, [bucket, 'governed'], 'locked', lock)
    const { Retention } = await send().send(new GetObjectRetentionCommand({ Bucket: bucket, Key: 'governed' }))
    assert.deepEqual(Retention, { Mode: 'GOVERNANCE', RetainUntilDate: until })
    await expectError(remove('governed', version), 'AccessDenied', 403)
    // A marker deletes nothing.
    await remove('governed', undefined)
    assert.equal(await textOf(sdk, [bucket, 'governed'], { VersionId: version }), 'locked')
    const sooner = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(until.getTime() - dayMs / 2) } as const
    const at = { Bucket: bucket, Key: 'governed', VersionId: version }
    await expectError(send().send(new PutObjectRetentionCommand({ ...at, Retention: sooner })), 'AccessDenied', 403)
    await send().send(new PutObjectRetentionCommand({ ...at, Retention: sooner, BypassGovernanceRetention: true }))
    await remove('governed', version, true)
    await expectError(textOf(sdk, [bucket, 'governed'], { VersionId: version }), 'NoSuchVersion', 404)
  })

  test('in compliance mode nobody does, and the time only grows', async () => {
    const soon = new Date(Date.now() + 30_000)
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: soon } as const
    const { version } = await put(sdk, [bucket, 'complied'], 'locked', lock)
    await expectError(remove('complied', version, true), 'AccessDenied', 403)
    const at = { Bucket: bucket, Key: 'complied', VersionId: version, BypassGovernanceRetention: true }
    const sooner = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(soon.getTime() - 10_000) } as const
    await expectError(send().send(new PutObjectRetentionCommand({ ...at, Retention: sooner })), 'AccessDenied', 403)
    const later = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(soon.getTime() + 5000) } as const
    await send().send(new PutObjectRetentionCommand({ ...at, Retention: later }))
    const head = await send().send(new HeadObjectCommand({ Bucket: bucket, Key: 'complied' }))
    assert.equal(head.ObjectLockMode, 'COMPLIANCE')
  })

  test('a legal hold holds until it is lifted', async () => {
    const { version } = await put(sdk, [bucket, 'held'], 'held', { ObjectLockLegalHoldStatus: 'ON' })
    const at = { Bucket: bucket, Key: 'held' }
    assert.deepEqual((await send().send(new GetObjectLegalHoldCommand(at))).LegalHold, { Status: 'ON' })
    await expectError(remove('held', version, true), 'AccessDenied', 403)
    await send().send(new PutObjectLegalHoldCommand({ ...at, LegalHold: { Status: 'OFF' } }))
    await remove('held', version)
  })

  test('the default of the bucket locks what says nothing', async () => {
    const rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule: rule } as const
    await send().send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration }))
    const told = await send().send(new GetObjectLockConfigurationCommand({ Bucket: bucket }))
    assert.deepEqual(told.ObjectLockConfiguration, ObjectLockConfiguration)
    const { version } = await put(sdk, [bucket, 'by default'], 'locked')
    const head = await send().send(new HeadObjectCommand({ Bucket: bucket, Key: 'by default' }))
    assert.equal(head.ObjectLockMode, 'GOVERNANCE')
    assert.ok(Math.abs((head.ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now() - dayMs) < 60_000)
    await expectError(remove('by default', version), 'AccessDenied', 403)
    await remove('by default', version, true)
  })

  test('what cannot be is refused', async () => {
    const past = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date(Date.now() - dayMs) } as const
    await expectError(put(sdk, [bucket, 'past'], '', past), 'InvalidArgument', 400)
    const other = await makeBucket(sdk)
    const lock = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until } as const
    await expectError(put(sdk, [other, 'unlockable'], '', lock), 'InvalidRequest', 400)
  })
}
