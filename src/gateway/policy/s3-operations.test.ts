import assert from 'node:assert/strict'
import { test } from 'node:test'

import { s3ActionKind } from './s3-actions.ts'
import { actionsOf, s3OperationNames } from './s3-operations.ts'

test('every action that an operation needs is one of S3, done to what it is done to', () => {
  assert.ok(s3OperationNames.length > 90)
  for (const operation of [...s3OperationNames, 'GetObjectAttributes']) {
    const all = { hasVersionId: true, setsAcl: true, setsTags: true, copiesTags: true, setsRetention: true }
    for (const shape of [{}, { ...all, setsLegalHold: true, bypassesGovernance: true, setsObjectLock: true }]) {
      const needed = actionsOf(operation, shape)
      assert.ok(needed !== undefined && needed.length > 0, operation)
      for (const { action, on } of needed)
        assert.equal(s3ActionKind(action)?.on, on === 'source' ? 'object' : on, `${operation}: ${action}`)
    }
  }
  assert.equal(actionsOf('toString'), undefined)
})

test('versions, copies and what a write sets beside the object', () => {
  const names = (...args: Parameters<typeof actionsOf>): readonly string[] =>
    (actionsOf(...args) ?? []).map(({ action, on }) => `${action} on ${on}`)
  assert.deepEqual(names('PutObjectTagging', { hasVersionId: true }), ['s3:PutObjectVersionTagging on object'])
  assert.deepEqual(names('DeleteObject', { bypassesGovernance: true }), [
    's3:DeleteObject on object',
    's3:BypassGovernanceRetention on object',
  ])
  assert.deepEqual(names('CopyObject', { hasSourceVersionId: true, copiesTags: true, setsTags: true }), [
    's3:GetObjectVersion on source',
    's3:GetObjectVersionTagging on source',
    's3:PutObject on object',
    's3:PutObjectTagging on object',
  ])
  assert.deepEqual(names('GetObjectAttributes'), ['s3:GetObject on object', 's3:GetObjectAttributes on object'])
  assert.deepEqual(names('ListBuckets'), ['s3:ListAllMyBuckets on account'])
})
