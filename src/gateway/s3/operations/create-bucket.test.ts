import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { S3World, textAt, textsAt } from '../testing/s3-world.ts'

describe('CreateBucket', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start()
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  it('refuses an ACL where the bucket would have none', async () => {
    const refused = await world.send('PUT', '/enforced', { headers: { 'x-amz-acl': 'public-read' } })
    assert.deepEqual([refused.status, refused.code], [400, 'InvalidBucketAclWithObjectOwnership'])
    assert.equal((await world.send('HEAD', '/enforced')).status, 404)
    const unknown = { 'x-amz-acl': 'public-readwrite', 'x-amz-object-ownership': 'ObjectWriter' }
    assert.equal((await world.send('PUT', '/enforced', { headers: unknown })).code, 'InvalidArgument')
    assert.equal((await world.send('PUT', '/enforced', { headers: { 'x-amz-acl': 'private' } })).status, 200)
  })

  it('keeps the ACL that it is given, and lets who makes a bucket say what is his own to say', async () => {
    const maker = await world.user('maker', 'none')
    await allow(world, 'maker', 's3:CreateBucket')
    const headers = { 'x-amz-acl': 'public-read', 'x-amz-object-ownership': 'ObjectWriter' }
    assert.equal((await world.send('PUT', '/listed', { headers, as: maker })).status, 200)
    const acl = await world.send('GET', '/listed?acl', { as: maker })
    assert.deepEqual(textsAt(acl.xml, 'AccessControlList', 'Grant', 'Permission'), ['FULL_CONTROL', 'READ'])
    assert.equal((await world.send('GET', '/listed', { as: null })).status, 200)
    const controls = await world.send('GET', '/listed?ownershipControls', { as: maker })
    assert.equal(textAt(controls.xml, 'Rule', 'ObjectOwnership'), 'ObjectWriter')
    const reader = await world.user('looker', 'reader')
    assert.equal((await world.send('PUT', '/unlisted', { headers, as: reader })).code, 'AccessDenied')
  })

  it('refuses to give something to nobody', async () => {
    const grant = { 'x-amz-grant-read': `id="${'9'.repeat(64)}"`, 'x-amz-object-ownership': 'ObjectWriter' }
    assert.equal((await world.send('PUT', '/to-nobody', { headers: grant })).code, 'InvalidArgument')
    await world.send('PUT', '/to-nobody', { headers: { 'x-amz-object-ownership': 'ObjectWriter' } })
    assert.equal((await world.send('PUT', '/to-nobody?acl', { headers: grant })).code, 'InvalidArgument')
    assert.equal((await world.send('PUT', '/to-nobody?acl')).code, 'MissingSecurityHeader')
  })
})

describe('Owners', () => {
  it('are told with their display names, in listings and lists of who may', async () => {
    await using world = await S3World.start()
    await world.send('PUT', '/named')
    await world.send('PUT', '/named/key', { body: 'x' })
    assert.equal(textAt((await world.send('GET', '/named?acl')).xml, 'Owner', 'DisplayName'), 'root')
    assert.equal(textAt((await world.send('GET', '/named/key?acl')).xml, 'Owner', 'DisplayName'), 'root')
    assert.equal(textAt((await world.send('GET', '/named')).xml, 'Contents', 'Owner', 'DisplayName'), 'root')
    const second = await world.send('GET', '/named?list-type=2')
    assert.equal(textAt(second.xml, 'Contents', 'Owner', 'DisplayName'), undefined)
    const fetched = await world.send('GET', '/named?list-type=2&fetch-owner=true')
    assert.equal(textAt(fetched.xml, 'Contents', 'Owner', 'DisplayName'), 'root')
    assert.equal(textAt((await world.send('GET', '/named?versions')).xml, 'Version', 'Owner', 'DisplayName'), 'root')
  })
})

describe('What is not there', () => {
  it('is told to who may list the bucket by its ACL', async () => {
    await using world = await S3World.start()
    const headers = { 'x-amz-acl': 'public-read', 'x-amz-object-ownership': 'ObjectWriter' }
    await world.send('PUT', '/readable', { headers })
    assert.equal((await world.send('GET', '/readable/absent', { as: null })).code, 'NoSuchKey')
    await world.send('PUT', '/readable?acl', { headers: { 'x-amz-acl': 'private' } })
    assert.equal((await world.send('GET', '/readable/absent', { as: null })).code, 'AccessDenied')
  })
})

describe('A copy', () => {
  it('takes no leave for tags that its source does not have', async () => {
    await using world = await S3World.start()
    const other = await world.user('another', 'none')
    await world.send('PUT', '/shared', {
      headers: { 'x-amz-acl': 'public-read-write', 'x-amz-object-ownership': 'ObjectWriter' },
    })
    const open = { 'x-amz-acl': 'public-read' }
    await world.send('PUT', '/shared/plain', { body: 'x', headers: open })
    await world.send('PUT', '/shared/tagged', { body: 'x', headers: { ...open, 'x-amz-tagging': 'a=b' } })
    const copy = async (key: string): Promise<string | number> => {
      const source = { 'x-amz-copy-source': `shared/${key}` }
      const { status, code } = await world.send('PUT', '/shared/copy', { headers: source, as: other })
      return status === 200 ? 200 : code
    }
    assert.equal(await copy('plain'), 200)
    assert.equal(await copy('tagged'), 'AccessDenied')
  })
})

describe('A request that says whose bucket it expects', () => {
  it('is refused in another account, and where that is no account', async () => {
    await using world = await S3World.start()
    await world.send('PUT', '/expected')
    await world.send('PUT', '/expected/key', { body: 'x' })
    const expecting = async (owner: string, name = 'x-amz-expected-bucket-owner'): Promise<string | number> => {
      const source = name.includes('source') ? { 'x-amz-copy-source': 'expected/key' } : {}
      const { status, code } = await world.send('PUT', '/expected/copy', { headers: { [name]: owner, ...source } })
      return status === 200 ? 200 : code
    }
    for (const name of ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']) {
      assert.equal(await expecting('000000000000', name), 200)
      assert.equal(await expecting('123456789012', name), 'AccessDenied')
      assert.equal(await expecting('somebody', name), 'InvalidBucketOwnerAWSAccountID')
    }
  })
})

async function allow(world: S3World, user: string, action: string): Promise<void> {
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: action, Resource: '*' },
  })
  const form = {
    Action: 'PutUserPolicy',
    Version: '2010-05-08',
    UserName: user,
    PolicyName: 'own',
    PolicyDocument: document,
  }
  const answer = await world.send('POST', '/', {
    as: { ...world.root, service: 'iam' },
    body: new URLSearchParams(form).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  })
  assert.equal(answer.status, 200, answer.text)
}
