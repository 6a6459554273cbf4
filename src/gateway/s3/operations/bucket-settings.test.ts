import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { S3World, textAt, textsAt } from '../testing/s3-world.ts'
import type { S3RequestOptions } from '../testing/s3-world.ts'

/** Sub-resource, what is answered where it is not set, a document, and whether it can be removed. */
const settings: readonly (readonly [string, string, string, boolean])[] = [
  ['tagging', 'NoSuchTagSet', '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>', true],
  [
    'cors',
    'NoSuchCORSConfiguration',
    '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>',
    true,
  ],
  [
    'lifecycle',
    'NoSuchLifecycleConfiguration',
    '<LifecycleConfiguration><Rule><ID>r</ID><Filter><Prefix>a</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>',
    true,
  ],
  [
    'encryption',
    'ServerSideEncryptionConfigurationNotFoundError',
    '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
    true,
  ],
  [
    'publicAccessBlock',
    'NoSuchPublicAccessBlockConfiguration',
    '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>',
    true,
  ],
  [
    'ownershipControls',
    '',
    '<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>',
    true,
  ],
  ['notification', '', '<NotificationConfiguration/>', false],
  ['logging', '', '<BucketLoggingStatus/>', false],
  [
    'website',
    'NoSuchWebsiteConfiguration',
    '<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>',
    true,
  ],
  ['requestPayment', '', '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>', false],
  ['accelerate', '', '<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>', false],
  ['replication', 'ReplicationConfigurationNotFoundError', '', true],
  [
    'policy',
    'NoSuchBucketPolicy',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::settings/*"}]}',
    true,
  ],
]

describe('settings of a bucket', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start()
    await world.send('PUT', '/settings')
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  for (const [name, unset, document, canBeRemoved] of settings) {
    it(`${name}: not set, set, given back, and removed`, async () => {
      const target = `/settings?${name}`
      const absent = await world.send('GET', target)
      assert.deepEqual([absent.status, absent.code], unset === '' ? [200, ''] : [404, unset])
      if (document !== '') {
        const put = await world.send('PUT', target, { body: document })
        // As the API's reference has it, and MinIO's client demands it of tags; of policies that demands AWS's 204.
        assert.equal(put.status, name === 'policy' ? 204 : 200, put.text)
        const got = await world.send('GET', target)
        assert.equal(got.status, 200, got.text)
        if (name === 'policy') assert.equal(got.text, document)
        else assert.equal((await world.send('PUT', target, { body: got.body })).status, put.status)
        assert.equal((await world.send('PUT', target, { body: '<a' })).status, 400)
        assert.equal((await world.send('PUT', target, { body: '' })).status, 400)
      }
      if (canBeRemoved) {
        assert.equal((await world.send('DELETE', target)).status, 204)
        assert.equal((await world.send('GET', target)).code, unset)
      }
    })
  }

  it('versioning is enabled and suspended', async () => {
    assert.equal(textAt((await world.send('GET', '/settings?versioning')).xml, 'Status'), undefined)
    for (const status of ['Enabled', 'Suspended']) {
      const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
      assert.equal((await world.send('PUT', '/settings?versioning', { body })).status, 200)
      assert.equal(textAt((await world.send('GET', '/settings?versioning')).xml, 'Status'), status)
    }
  })

  it('object lock needs versions, and keeps them', async () => {
    await world.send('PUT', '/lockable')
    assert.equal((await world.send('GET', '/lockable?object-lock')).code, 'ObjectLockConfigurationNotFoundError')
    const body = '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>'
    assert.equal((await world.send('PUT', '/lockable?object-lock', { body })).code, 'InvalidBucketState')
    const headers = { 'x-amz-bucket-object-lock-enabled': 'true' }
    assert.equal((await world.send('PUT', '/locked', { headers })).status, 200)
    assert.equal(textAt((await world.send('GET', '/locked?versioning')).xml, 'Status'), 'Enabled')
    assert.equal(textAt((await world.send('GET', '/locked?object-lock')).xml, 'ObjectLockEnabled'), 'Enabled')
    const suspended = '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>'
    assert.equal((await world.send('PUT', '/locked?versioning', { body: suspended })).code, 'InvalidBucketState')
  })

  it('reports are none, and none can be made', async () => {
    for (const name of ['analytics', 'inventory', 'metrics', 'intelligent-tiering']) {
      const all = await world.send('GET', `/settings?${name}`)
      assert.deepEqual([all.status, textAt(all.xml, 'IsTruncated')], [200, 'false'])
      assert.equal((await world.send('GET', `/settings?${name}&id=a`)).code, 'NoSuchConfiguration')
      assert.equal((await world.send('PUT', `/settings?${name}&id=a`, { body: '<a/>' })).code, 'NotImplemented')
    }
  })

  it('a policy opens a bucket to everybody, unless that is blocked', async () => {
    await world.send('PUT', '/open')
    await world.send('PUT', '/open/x', { body: 'x' })
    const body = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::open/*' }],
    })
    assert.equal((await world.send('PUT', '/open?policy', { body })).status, 204)
    assert.equal(textAt((await world.send('GET', '/open?policyStatus')).xml, 'IsPublic'), 'true')
    assert.equal((await world.send('GET', '/open/x', { as: null })).text, 'x')
    assert.equal((await world.send('GET', '/open', { as: null })).code, 'AccessDenied')
    assert.equal((await world.send('GET', '/open/absent', { as: null })).code, 'AccessDenied')
    const block =
      '<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>'
    await world.send('PUT', '/open?publicAccessBlock', { body: block })
    assert.equal((await world.send('PUT', '/open?policy', { body })).code, 'AccessDenied')
  })

  it('who may do what in a bucket is changed by nobody who does not sign, however open it is', async () => {
    await world.send('PUT', '/wide', { headers: { 'x-amz-object-ownership': 'ObjectWriter' } })
    const Resource = ['arn:aws:s3:::wide', 'arn:aws:s3:::wide/*']
    const body = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource }],
    })
    assert.equal((await world.send('PUT', '/wide?policy', { body })).status, 204)
    const open = { 'x-amz-acl': 'public-read-write' }
    const outcome = async (method: string, target: string, more: S3RequestOptions = {}): Promise<string> => {
      const { status, code } = await world.send(method, target, { as: null, ...more })
      return code === '' ? String(status) : `${status} ${code}`
    }
    assert.equal(await outcome('PUT', '/wide/x', { body: 'x' }), '200')
    for (const method of ['GET', 'PUT', 'DELETE'])
      assert.equal(await outcome(method, '/wide?policy', { body }), '405 MethodNotAllowed')
    for (const target of ['/wide?acl', '/wide/x?acl'])
      assert.equal(await outcome('PUT', target, { headers: open }), '403 AccessDenied')
    for (const query of ['ownershipControls', 'publicAccessBlock']) {
      assert.equal(await outcome('PUT', `/wide?${query}`, { body: '<a/>' }), '403 AccessDenied')
      assert.equal(await outcome('DELETE', `/wide?${query}`), '403 AccessDenied')
    }
    assert.equal(await outcome('GET', '/wide?acl'), '200')
    const guest = await world.user('named-guest', 'none')
    assert.equal((await world.send('PUT', '/wide?acl', { as: guest, headers: open })).status, 200)
    assert.equal((await world.send('DELETE', '/wide?policy', { as: guest })).status, 204)
  })

  it('ACLs are closed unless the bucket asks for them', async () => {
    const headers = { 'x-amz-acl': 'public-read' }
    await world.send('PUT', '/acls')
    assert.equal((await world.send('PUT', '/acls/x', { headers, body: 'x' })).code, 'AccessControlListNotSupported')
    assert.equal((await world.send('PUT', '/acls?acl', { headers })).code, 'AccessControlListNotSupported')
    assert.equal((await world.send('PUT', '/acls/x', { headers: { 'x-amz-acl': 'private' } })).status, 200)
    const body = '<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>'
    await world.send('PUT', '/acls?ownershipControls', { body })
    assert.equal((await world.send('PUT', '/acls/x', { headers, body: 'x' })).status, 200)
    assert.equal((await world.send('GET', '/acls/x', { as: null })).text, 'x')
    assert.equal((await world.send('GET', '/acls', { as: null })).code, 'AccessDenied')
    assert.equal((await world.send('PUT', '/acls?acl', { headers })).status, 200)
    assert.deepEqual(textsAt((await world.send('GET', '/acls', { as: null })).xml, 'Contents', 'Key'), ['x'])
    const acl = await world.send('GET', '/acls/x?acl')
    assert.deepEqual(textsAt(acl.xml, 'AccessControlList', 'Grant', 'Permission'), ['FULL_CONTROL', 'READ'])
    assert.equal((await world.send('PUT', '/acls/x?acl', { body: acl.body })).status, 200)
    assert.equal((await world.send('PUT', '/acls/x?acl', { headers: { 'x-amz-acl': 'private' } })).status, 200)
    assert.equal((await world.send('GET', '/acls/x', { as: null })).code, 'AccessDenied')
  })

  it('are read from the master once a second at most', async () => {
    await world.send('GET', '/settings?tagging')
    const reads = world.objects.settingReads
    for (let count = 0; count < 5; count++) await world.send('HEAD', '/settings')
    assert.ok(world.objects.settingReads <= reads + 1)
  })

  it('nothing but a refusal comes of what is not implemented', async () => {
    for (const target of ['/settings?metadataTable', '/settings?session', '/settings/x?torrent']) {
      assert.equal((await world.send('GET', target)).code, 'NotImplemented', target)
    }
    assert.equal((await world.send('DELETE', '/settings?acl')).code, 'MethodNotAllowed')
    assert.equal((await world.send('HEAD', '/settings')).status, 200)
  })
})
