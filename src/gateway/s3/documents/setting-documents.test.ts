// What AWS refuses of the smaller documents, and with which code.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { bucketLoggingStatus } from './bucket-logging-status.ts'
import { corsConfiguration } from './cors-configuration.ts'
import { createBucketConfiguration } from './create-bucket-configuration.ts'
import { encryptionConfiguration } from './encryption-configuration.ts'
import { objectLegalHold, objectLockConfiguration, objectRetention } from './object-lock-configuration.ts'
import { ownershipControls, publicAccessBlock } from './public-access.ts'
import { replicationConfiguration } from './replication-configuration.ts'
import { verdictOn } from './testing/codes.ts'
import { versioningConfiguration } from './versioning-configuration.ts'

test('CreateBucketConfiguration checks tags', () => {
  const on = verdictOn(createBucketConfiguration, 'CreateBucketConfiguration')
  assert.equal(on('<LocationConstraint>eu-west-1</LocationConstraint>'), 'ok')
  assert.equal(on('<Tags><Tag><Key>aws:x</Key><Value/></Tag></Tags>'), 'InvalidTag')
  assert.equal(on(`<LocationConstraint>${'x'.repeat(65)}</LocationConstraint>`), 'MalformedXML')
})

test('VersioningConfiguration needs a status and has no MFA', () => {
  const on = verdictOn(versioningConfiguration, 'VersioningConfiguration')
  assert.equal(on(''), 'IllegalVersioningConfigurationException')
  assert.equal(on('<Status>enabled</Status>'), 'MalformedXML')
  assert.equal(on('<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>'), 'NotImplemented')
  assert.match(versioningConfiguration.write({}), /<VersioningConfiguration xmlns="[^"]+"><\/VersioningConfiguration>$/)
})

describe('CORSConfiguration', () => {
  const on = verdictOn(corsConfiguration, 'CORSConfiguration')
  const rule = (inner: string): string =>
    `<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>${inner}</CORSRule>`

  test('takes up to 100 rules', () => {
    assert.equal(on(rule('').repeat(100)), 'ok')
    assert.equal(on(rule('').repeat(101)), 'InvalidRequest')
    assert.equal(on(''), 'MalformedXML')
    const long = (characters: number): string => rule(`<AllowedHeader>${'a'.repeat(characters)}</AllowedHeader>`)
    assert.equal(on(long(60_000)), 'ok')
    assert.equal(on(long(70_000)), 'MaxMessageLengthExceeded')
    assert.equal(on('<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>'), 'MalformedXML')
  })

  test('takes known methods, one wildcard, and headers without', () => {
    assert.equal(on(rule('<AllowedMethod>PATCH</AllowedMethod>')), 'InvalidRequest')
    assert.equal(on(rule('<AllowedMethod>get</AllowedMethod>')), 'InvalidRequest')
    assert.equal(on(rule('<AllowedOrigin>*.a.*</AllowedOrigin>')), 'InvalidRequest')
    assert.equal(on(rule('<AllowedHeader>*-*</AllowedHeader>')), 'InvalidRequest')
    assert.equal(on(rule('<AllowedHeader>x-*</AllowedHeader>')), 'ok')
    assert.equal(on(rule('<ExposeHeader>x-*</ExposeHeader>')), 'InvalidRequest')
    assert.equal(on(rule('<ExposeHeader>a&#13;&#10;Set-Cookie: b</ExposeHeader>')), 'InvalidRequest')
    assert.equal(on(rule('<MaxAgeSeconds>-1</MaxAgeSeconds>')), 'MalformedXML')
    assert.equal(on(rule('<ID>a</ID>').repeat(2)), 'InvalidRequest')
    assert.equal(on(rule(`<ID>${'a'.repeat(256)}</ID>`)), 'InvalidArgument')
  })
})

test('ServerSideEncryptionConfiguration has one rule, and a key only for KMS', () => {
  const on = verdictOn(encryptionConfiguration, 'ServerSideEncryptionConfiguration')
  const rule = (algorithm: string, key = ''): string =>
    `<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${key}</ApplyServerSideEncryptionByDefault></Rule>`
  assert.equal(on(rule('AES256')), 'ok')
  assert.equal(on(rule('aws:kms')), 'ok')
  assert.equal(on(rule('aes256')), 'MalformedXML')
  assert.equal(on(rule('AES256', '<KMSMasterKeyID>k</KMSMasterKeyID>')), 'InvalidArgument')
  assert.equal(on(rule('AES256').repeat(2)), 'MalformedXML')
  assert.equal(on(''), 'MalformedXML')
})

describe('object lock', () => {
  test('has a default retention in days or years, positive and bounded', () => {
    const on = verdictOn(objectLockConfiguration, 'ObjectLockConfiguration')
    const enabled = '<ObjectLockEnabled>Enabled</ObjectLockEnabled>'
    const rule = (inner: string, mode = 'GOVERNANCE'): string =>
      `${enabled}<Rule><DefaultRetention><Mode>${mode}</Mode>${inner}</DefaultRetention></Rule>`
    assert.equal(on(rule('<Days>1</Days>')), 'ok')
    assert.equal(on(rule('<Days>0</Days>')), 'InvalidRetentionPeriod')
    assert.equal(on(rule('<Years>-1</Years>')), 'InvalidRetentionPeriod')
    assert.equal(on(rule('<Years>101</Years>')), 'InvalidRetentionPeriod')
    assert.equal(on(rule('<Days>1</Days><Years>1</Years>')), 'MalformedXML')
    assert.equal(on(rule('')), 'MalformedXML')
    assert.equal(on(rule('<Days>1</Days>', 'governance')), 'MalformedXML')
    assert.equal(on('<ObjectLockEnabled>Disabled</ObjectLockEnabled>'), 'MalformedXML')
    assert.equal(on(''), 'MalformedXML')
  })

  test('has both of a retention or none, and a hold that is ON or OFF', () => {
    const onRetention = verdictOn(objectRetention, 'Retention')
    assert.equal(onRetention('<Mode>COMPLIANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>'), 'ok')
    assert.equal(onRetention('<Mode>COMPLIANCE</Mode>'), 'MalformedXML')
    assert.equal(onRetention('<Mode>abc</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>'), 'MalformedXML')
    assert.equal(onRetention('<Mode>COMPLIANCE</Mode><RetainUntilDate>soon</RetainUntilDate>'), 'MalformedXML')
    const onHold = verdictOn(objectLegalHold, 'LegalHold')
    assert.equal(onHold('<Status>OFF</Status>'), 'ok')
    assert.equal(onHold('<Status>abc</Status>'), 'MalformedXML')
  })
})

test('PublicAccessBlockConfiguration takes what is not said as false', () => {
  const xml = '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>'
  assert.deepEqual(publicAccessBlock.parse(Buffer.from(xml)), {
    blockPublicAcls: true,
    ignorePublicAcls: false,
    blockPublicPolicy: false,
    restrictPublicBuckets: false,
  })
})

test('OwnershipControls has one rule', () => {
  const on = verdictOn(ownershipControls, 'OwnershipControls')
  const rule = '<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>'
  assert.equal(on(rule), 'ok')
  assert.equal(on(rule + rule), 'MalformedXML')
  assert.equal(on('<Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule>'), 'MalformedXML')
})

test('BucketLoggingStatus needs a target, and has one format of keys', () => {
  const on = verdictOn(bucketLoggingStatus, 'BucketLoggingStatus')
  const logging = (inner: string): string => `<LoggingEnabled><TargetBucket>b</TargetBucket>${inner}</LoggingEnabled>`
  assert.equal(on(''), 'ok')
  assert.equal(on(logging('<TargetPrefix/>')), 'ok')
  assert.equal(on(logging('')), 'MalformedXML')
  const format = '<SimplePrefix/><PartitionedPrefix/>'
  assert.equal(on(logging(`<TargetPrefix/><TargetObjectKeyFormat>${format}</TargetObjectKeyFormat>`)), 'MalformedXML')
})

test('ReplicationConfiguration names a bucket, and each priority and id once', () => {
  const on = verdictOn(replicationConfiguration, 'ReplicationConfiguration')
  const rule = (inner: string, bucket = 'arn:aws:s3:::b'): string =>
    `<Rule><Status>Enabled</Status>${inner}<Destination><Bucket>${bucket}</Bucket></Destination></Rule>`
  assert.equal(on(rule('<Priority>1</Priority>') + rule('<Priority>2</Priority>')), 'ok')
  assert.equal(on(rule('<Priority>1</Priority>').repeat(2)), 'InvalidRequest')
  assert.equal(on(rule('<ID>a</ID>').repeat(2)), 'InvalidArgument')
  assert.equal(on(rule('', 'b')), 'InvalidArgument')
  assert.equal(on(rule('<Prefix/><Filter/>')), 'MalformedXML')
})
