import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { DAY_MS } from '../../../base/units.ts'
import { S3World, textAt, textsAt } from '../testing/s3-world.ts'
import type { S3Answer, S3RequestOptions } from '../testing/s3-world.ts'

let world: S3World
before(async () => {
  world = await S3World.start()
  await world.send('PUT', '/plain')
  await world.send('PUT', '/versions')
  const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await world.send('PUT', '/versions?versioning', { body: versioning })
  await world.send('PUT', '/locked', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
})
after(async () => {
  await world[Symbol.asyncDispose]()
})

async function outcome(method: string, target: string, options?: S3RequestOptions): Promise<string> {
  const { status, code } = await world.send(method, target, options)
  return `${status} ${code}`.trim()
}

async function put(target: string, options: S3RequestOptions = {}): Promise<S3Answer> {
  const answer = await world.send('PUT', target, options)
  assert.equal(answer.status, 200, answer.text)
  return answer
}

async function policy(bucket: string, statement: Readonly<Record<string, unknown>>): Promise<void> {
  const body = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  assert.equal((await world.send('PUT', `/${bucket}?policy`, { body })).status, 204)
}

function tagging(tags: Readonly<Record<string, string>>): string {
  const written = Object.entries(tags).map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
  return `<Tagging><TagSet>${written.join('')}</TagSet></Tagging>`
}

describe('tags of an object', () => {
  it('are set, told and removed, and counted by GET and HEAD', async () => {
    await put('/plain/tags', { headers: { 'x-amz-tagging': 'a=1&b=2%203' } })
    const first = await world.send('GET', '/plain/tags?tagging')
    assert.deepEqual(textsAt(first.xml, 'TagSet', 'Tag', 'Value'), ['1', '2 3'])
    await put('/plain/tags?tagging', { body: tagging({ c: '4' }) })
    const second = await world.send('GET', '/plain/tags?tagging')
    assert.deepEqual(textsAt(second.xml, 'TagSet', 'Tag', 'Key'), ['c'])
    assert.equal((await world.send('HEAD', '/plain/tags')).headers['x-amz-tagging-count'], '1')
    assert.equal(await outcome('DELETE', '/plain/tags?tagging'), '204')
    assert.deepEqual(textsAt((await world.send('GET', '/plain/tags?tagging')).xml, 'TagSet', 'Tag'), [])
    assert.equal((await world.send('HEAD', '/plain/tags')).headers['x-amz-tagging-count'], undefined)
  })

  it('are those of one version', async () => {
    const old = String((await put('/versions/tags')).headers['x-amz-version-id'])
    const current = String((await put('/versions/tags')).headers['x-amz-version-id'])
    const changed = await put(`/versions/tags?tagging&versionId=${old}`, { body: tagging({ of: 'old' }) })
    assert.equal(changed.headers['x-amz-version-id'], old)
    const newest = await world.send('GET', '/versions/tags?tagging')
    assert.equal(newest.headers['x-amz-version-id'], current)
    assert.deepEqual(textsAt(newest.xml, 'TagSet', 'Tag'), [])
    const removed = await world.send('DELETE', `/versions/tags?tagging&versionId=${old}`)
    assert.deepEqual([removed.status, removed.headers['x-amz-version-id']], [204, old])
    const marker = String((await world.send('DELETE', '/versions/tags')).headers['x-amz-version-id'])
    assert.equal(await outcome('GET', '/versions/tags?tagging'), '404 NoSuchKey')
    assert.equal(await outcome('GET', `/versions/tags?tagging&versionId=${marker}`), '405 MethodNotAllowed')
  })

  it('are refused where they are not as they should be', async () => {
    await put('/plain/bad-tags')
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, 'v']))
    const bodies: readonly (readonly [string, string])[] = [
      [tagging(many), '400 BadRequest'],
      [tagging({ ['k'.repeat(129)]: '' }), '400 InvalidTag'],
      [tagging({ k: 'v'.repeat(257) }), '400 InvalidTag'],
      [tagging({ 'aws:k': '' }), '400 InvalidTag'],
      ['<Tagging/>', '400 MalformedXML'],
      ['', '400 MalformedXML'],
    ]
    for (const [body, expected] of bodies)
      assert.equal(await outcome('PUT', '/plain/bad-tags?tagging', { body }), expected)
    assert.equal(await outcome('PUT', '/plain/none?tagging', { body: tagging({}) }), '404 NoSuchKey')
    const ofNone = `/versions/none?tagging&versionId=${'0'.repeat(26)}`
    assert.match(await outcome('GET', ofNone), /^(?:400 InvalidArgument|404 NoSuchVersion)$/)
  })

  it('decide by policies: those that are there, and those that are set', async () => {
    await world.send('PUT', '/tag-policy')
    await put('/tag-policy/open', { headers: { 'x-amz-tagging': 'public=yes' } })
    await put('/tag-policy/closed')
    const Condition = { StringEquals: { 's3:ExistingObjectTag/public': 'yes' } }
    const all = { Effect: 'Allow', Principal: '*', Resource: 'arn:aws:s3:::tag-policy/*' }
    await policy('tag-policy', { ...all, Action: 's3:GetObject', Condition })
    assert.equal(await outcome('GET', '/tag-policy/open', { as: null }), '200')
    assert.equal(await outcome('GET', '/tag-policy/closed', { as: null }), '403 AccessDenied')
    const set = { StringEquals: { 's3:RequestObjectTag/k': 'good' } }
    await policy('tag-policy', { ...all, Action: 's3:PutObjectTagging', Condition: set })
    const by = async (value: string): Promise<string> =>
      await outcome('PUT', '/tag-policy/closed?tagging', { as: null, body: tagging({ k: value }) })
    assert.equal(await by('good'), '200')
    assert.equal(await by('bad'), '403 AccessDenied')
  })
})

describe('locks of a version', () => {
  const retention = (mode: string, days: number): string =>
    `<Retention><Mode>${mode}</Mode><RetainUntilDate>${inDays(days)}</RetainUntilDate></Retention>`
  const bypass = { 'x-amz-bypass-governance-retention': 'true' }

  it('need a bucket with object lock', async () => {
    await put('/plain/lock')
    for (const [method, resource, body] of [
      ['GET', 'retention', undefined],
      ['PUT', 'retention', retention('GOVERNANCE', 1)],
      ['GET', 'legal-hold', undefined],
      ['PUT', 'legal-hold', '<LegalHold><Status>ON</Status></LegalHold>'],
    ] as const) {
      const answer = await outcome(method, `/plain/lock?${resource}`, body === undefined ? {} : { body })
      assert.equal(answer, '400 InvalidRequest', `${method} ${resource}`)
    }
    const headers = { 'x-amz-object-lock-mode': 'GOVERNANCE', 'x-amz-object-lock-retain-until-date': inDays(1) }
    assert.equal(await outcome('PUT', '/plain/lock', { headers }), '400 InvalidRequest')
  })

  it('retain: governance gives way to who may bypass it, compliance to nobody', async () => {
    const version = String((await put('/locked/g')).headers['x-amz-version-id'])
    assert.equal(await outcome('GET', '/locked/g?retention'), '404 NoSuchObjectLockConfiguration')
    await put('/locked/g?retention', { body: retention('GOVERNANCE', 10) })
    const got = await world.send('GET', '/locked/g?retention')
    assert.equal(textAt(got.xml, 'Mode'), 'GOVERNANCE')
    const head = await world.send('HEAD', '/locked/g')
    assert.equal(head.headers['x-amz-object-lock-mode'], 'GOVERNANCE')
    assert.equal(head.headers['x-amz-object-lock-retain-until-date'], textAt(got.xml, 'RetainUntilDate'))
    const shorter = { body: retention('GOVERNANCE', 5) }
    assert.equal(await outcome('PUT', '/locked/g?retention', shorter), '403 AccessDenied')
    assert.equal(await outcome('PUT', '/locked/g?retention', { body: retention('GOVERNANCE', 11) }), '200')
    assert.equal(await outcome('PUT', '/locked/g?retention', { body: '<Retention/>' }), '403 AccessDenied')
    assert.equal(await outcome('PUT', '/locked/g?retention', { ...shorter, headers: bypass }), '200')
    assert.equal(await outcome('DELETE', `/locked/g?versionId=${version}`), '403 AccessDenied')
    const writer = await world.user('bypasses-not', 'writer')
    assert.equal(
      await outcome('PUT', '/locked/g?retention', { ...shorter, headers: bypass, as: writer }),
      '403 AccessDenied',
    )
    assert.equal(await outcome('PUT', '/locked/g?retention', { body: '<Retention/>', headers: bypass }), '200')
    assert.equal(await outcome('GET', '/locked/g?retention'), '404 NoSuchObjectLockConfiguration')
    await put('/locked/g?retention', { body: retention('COMPLIANCE', 5) })
    assert.equal(await outcome('PUT', '/locked/g?retention', { ...shorter, headers: bypass }), '403 AccessDenied')
    assert.equal(await outcome('DELETE', `/locked/g?versionId=${version}`, { headers: bypass }), '403 AccessDenied')
  })

  it('are refused where the document is not as it should be', async () => {
    await put('/locked/bad')
    for (const [body, expected] of [
      [retention('GOVERNANCE', -1), '400 InvalidArgument'],
      [retention('governance', 1), '400 MalformedXML'],
      ['<Retention><Mode>GOVERNANCE</Mode></Retention>', '400 MalformedXML'],
      ['', '400 MalformedXML'],
    ] as const)
      assert.equal(await outcome('PUT', '/locked/bad?retention', { body }), expected, body)
    assert.equal(
      await outcome('PUT', '/locked/bad?legal-hold', { body: '<LegalHold><Status>abc</Status></LegalHold>' }),
      '400 MalformedXML',
    )
    assert.equal(await outcome('GET', '/locked/none?legal-hold'), '404 NoSuchKey')
  })

  it('hold until the hold is taken back, which is told from one that never was', async () => {
    const version = String((await put('/locked/h')).headers['x-amz-version-id'])
    const hold = async (status: string): Promise<S3Answer> =>
      await put('/locked/h?legal-hold', { body: `<LegalHold><Status>${status}</Status></LegalHold>` })
    assert.equal(await outcome('GET', '/locked/h?legal-hold'), '404 NoSuchObjectLockConfiguration')
    await hold('ON')
    assert.equal(textAt((await world.send('GET', '/locked/h?legal-hold')).xml, 'Status'), 'ON')
    assert.equal((await world.send('HEAD', '/locked/h')).headers['x-amz-object-lock-legal-hold'], 'ON')
    assert.equal(await outcome('DELETE', `/locked/h?versionId=${version}`, { headers: bypass }), '403 AccessDenied')
    await hold('OFF')
    assert.equal(textAt((await world.send('GET', '/locked/h?legal-hold')).xml, 'Status'), 'OFF')
    assert.equal((await world.send('HEAD', '/locked/h')).headers['x-amz-object-lock-legal-hold'], 'OFF')
    assert.equal(await outcome('DELETE', `/locked/h?versionId=${version}`), '204')
  })

  it('come with a put, or else from what the bucket says of new objects', async () => {
    await world.send('PUT', '/default-lock', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
    const configuration =
      '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>' +
      '<Mode>COMPLIANCE</Mode><Days>2</Days></DefaultRetention></Rule></ObjectLockConfiguration>'
    await put('/default-lock?object-lock', { body: configuration })
    await put('/default-lock/default')
    const head = await world.send('HEAD', '/default-lock/default')
    assert.equal(head.headers['x-amz-object-lock-mode'], 'COMPLIANCE')
    const leftMs = Date.parse(String(head.headers['x-amz-object-lock-retain-until-date'])) - Date.now()
    assert.ok(leftMs > DAY_MS && leftMs <= 2 * DAY_MS)
    const headers = { 'x-amz-object-lock-mode': 'GOVERNANCE', 'x-amz-object-lock-retain-until-date': inDays(9) }
    await put('/default-lock/own', { headers: { ...headers, 'x-amz-object-lock-legal-hold': 'OFF' } })
    const own = await world.send('HEAD', '/default-lock/own')
    assert.equal(own.headers['x-amz-object-lock-mode'], 'GOVERNANCE')
    assert.equal(own.headers['x-amz-object-lock-legal-hold'], 'OFF')
  })

  function inDays(days: number): string {
    return new Date(Date.now() + days * DAY_MS).toISOString()
  }
})

describe('attributes of an object', () => {
  const of = async (target: string, attributes: string, headers: Record<string, string> = {}): Promise<S3Answer> =>
    await world.send('GET', target, { headers: { ...headers, 'x-amz-object-attributes': attributes } })

  it('are those that were asked for', async () => {
    const sha = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='
    const { headers } = await put('/versions/attributes', { body: 'hello', headers: { 'x-amz-checksum-sha256': sha } })
    const all = await of('/versions/attributes?attributes', 'ETag,Checksum,ObjectParts,StorageClass,ObjectSize')
    assert.equal(all.status, 200, all.text)
    assert.equal(`"${textAt(all.xml, 'ETag')}"`, headers.etag)
    assert.deepEqual(textsAt(all.xml, 'Checksum', 'ChecksumSHA256'), [sha])
    assert.deepEqual(textsAt(all.xml, 'Checksum', 'ChecksumType'), ['FULL_OBJECT'])
    assert.deepEqual([textAt(all.xml, 'ObjectSize'), textAt(all.xml, 'StorageClass')], ['5', 'STANDARD'])
    assert.equal(all.headers['x-amz-version-id'], headers['x-amz-version-id'])
    assert.match(String(all.headers['last-modified']), /GMT$/)
    const one = await of('/versions/attributes?attributes', 'ObjectSize')
    assert.deepEqual(
      one.xml.children.map(({ name }) => name),
      ['ObjectSize'],
    )
    assert.equal((await of('/versions/attributes?attributes', 'Size')).code, 'InvalidArgument')
    assert.equal((await world.send('GET', '/versions/attributes?attributes')).code, 'InvalidRequest')
    assert.equal((await of('/versions/no?attributes', 'ETag')).code, 'NoSuchKey')
  })

  it('list the parts of what was uploaded in parts, page by page', async () => {
    const name = { bucket: 'plain', key: 'parts' }
    const { upload } = await world.objects.createMultipart({ ...name, template: {} })
    const parts = []
    for (const number of [2, 5, 9]) {
      const checksums = [{ algorithm: 'crc32', value: new Uint8Array(4).fill(number) }]
      const part = await world.objects.putPart({ ...name, upload, number })
      await part.write(Buffer.alloc(number))
      parts.push({ number, id: (await part.finish({ etag: 'e', checksums })).id })
    }
    const checksums = [{ algorithm: 'crc32', value: new Uint8Array(4), composite: true as const }]
    await world.objects.complete({ ...name, upload, parts, sealing: { etag: 'e-3', checksums } })
    const first = await of('/plain/parts?attributes', 'ObjectParts,Checksum', { 'x-amz-max-parts': '2' })
    assert.equal(textAt(first.xml, 'ObjectParts', 'PartsCount'), '3')
    assert.deepEqual(textsAt(first.xml, 'ObjectParts', 'Part', 'PartNumber'), ['1', '2'])
    assert.deepEqual(textsAt(first.xml, 'ObjectParts', 'Part', 'Size'), ['2', '5'])
    assert.equal(textAt(first.xml, 'ObjectParts', 'IsTruncated'), 'true')
    assert.equal(textAt(first.xml, 'Checksum', 'ChecksumType'), 'COMPOSITE')
    const marker = String(textAt(first.xml, 'ObjectParts', 'NextPartNumberMarker'))
    const second = await of('/plain/parts?attributes', 'ObjectParts', { 'x-amz-part-number-marker': marker })
    assert.deepEqual(textsAt(second.xml, 'ObjectParts', 'Part', 'Size'), ['9'])
    assert.equal(textAt(second.xml, 'ObjectParts', 'IsTruncated'), 'false')
    assert.equal((await of('/plain/parts?attributes', 'ETag', { 'x-amz-max-parts': 'x' })).code, 'InvalidArgument')
  })
})

describe('ACL of an object', () => {
  it('opens it where the bucket has ACLs, by its name, by grants and by a document', async () => {
    await world.send('PUT', '/acls', { headers: { 'x-amz-object-ownership': 'ObjectWriter' } })
    await put('/acls/o', { body: 'x' })
    assert.equal(await outcome('GET', '/acls/o', { as: null }), '403 AccessDenied')
    await put('/acls/o?acl', { headers: { 'x-amz-acl': 'public-read' } })
    assert.equal(await outcome('GET', '/acls/o', { as: null }), '200')
    const { xml, text } = await world.send('GET', '/acls/o?acl')
    assert.deepEqual(textsAt(xml, 'AccessControlList', 'Grant', 'Permission'), ['FULL_CONTROL', 'READ'])
    await put('/acls/o?acl', { headers: { 'x-amz-acl': 'private' } })
    assert.equal(await outcome('GET', '/acls/o', { as: null }), '403 AccessDenied')
    await put('/acls/o?acl', { body: text })
    assert.equal(await outcome('GET', '/acls/o', { as: null }), '200')
    const uri = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
    await put('/acls/granted', { headers: { 'x-amz-grant-read-acp': uri } })
    assert.equal(await outcome('GET', '/acls/granted', { as: null }), '403 AccessDenied')
    assert.equal(await outcome('GET', '/acls/granted?acl', { as: null }), '200')
    const both = { 'x-amz-acl': 'private', 'x-amz-grant-read': uri }
    assert.equal(await outcome('PUT', '/acls/o?acl', { headers: both }), '400 InvalidRequest')
    assert.equal(await outcome('PUT', '/acls/o?acl', { headers: { 'x-amz-acl': 'none' } }), '400 InvalidArgument')
  })

  it('is refused where the owner of the bucket owns all, but for the one that says so', async () => {
    await put('/plain/acl')
    const headers = { 'x-amz-acl': 'public-read' }
    assert.equal(await outcome('PUT', '/plain/acl?acl', { headers }), '400 AccessControlListNotSupported')
    assert.equal(await outcome('PUT', '/plain/acl', { headers }), '400 AccessControlListNotSupported')
    await put('/plain/acl?acl', { headers: { 'x-amz-acl': 'bucket-owner-full-control' } })
    await put('/plain/acl', { headers: { 'x-amz-acl': 'bucket-owner-full-control' } })
  })

  it('comes with an object from whoever may write it, for he owns it', async () => {
    const guest = await world.user('acl-giver', 'none')
    const open = { 'x-amz-object-ownership': 'ObjectWriter', 'x-amz-acl': 'public-read-write' }
    await world.send('PUT', '/written', { headers: open })
    const headers = { 'x-amz-acl': 'public-read' }
    await put('/written/o', { as: guest, headers })
    assert.equal(await outcome('GET', '/written/o', { as: null }), '200')
    await put('/written/copy', { as: guest, headers: { ...headers, 'x-amz-copy-source': '/written/o' } })
    assert.equal(await outcome('POST', '/written/o?uploads', { as: guest, headers }), '200')
    // Nobody owns what nobody signed for, and others’ objects are theirs.
    await put('/written/anonymous', { as: null })
    assert.equal(await outcome('PUT', '/written/anonymous', { as: null, headers }), '403 AccessDenied')
    await put('/written/roots')
    assert.equal(await outcome('PUT', '/written/roots?acl', { as: guest, headers }), '403 AccessDenied')
    const Resource = 'arn:aws:s3:::written/*'
    await policy('written', { Effect: 'Deny', Principal: '*', Action: 's3:PutObjectAcl', Resource })
    assert.equal(await outcome('PUT', '/written/denied', { as: guest, headers }), '403 AccessDenied')
    await world.send('PUT', '/closed-lists')
    const WriteOnly = { Effect: 'Allow', Principal: '*', Action: 's3:PutObject' }
    await policy('closed-lists', { ...WriteOnly, Resource: 'arn:aws:s3:::closed-lists/*' })
    assert.equal(await outcome('PUT', '/closed-lists/o', { as: guest, headers }), '403 AccessDenied')
    await put('/closed-lists/o', { as: guest })
  })

  it('belongs to the owner of the bucket where he owns all, and where the writer gives it to him', async () => {
    const writer = await world.user('acl-writer', 'writer')
    const ownerOf = async (target: string): Promise<string | undefined> =>
      textAt((await world.send('GET', `${target}?acl`)).xml, 'Owner', 'ID')
    await world.send('PUT', '/preferred', { headers: { 'x-amz-object-ownership': 'BucketOwnerPreferred' } })
    const root = textAt((await world.send('GET', '/preferred?acl')).xml, 'Owner', 'ID')
    const Resource = 'arn:aws:s3:::preferred/*'
    await policy('preferred', { Effect: 'Allow', Principal: '*', Action: 's3:PutObjectAcl', Resource })
    await put('/preferred/his', { as: writer })
    assert.notEqual(await ownerOf('/preferred/his'), root)
    const guest = await world.user('acl-guest', 'none')
    const WriteOnly = { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource }
    await policy('preferred', WriteOnly)
    await put('/preferred/guests', { as: guest })
    assert.equal(await outcome('GET', '/preferred/guests', { as: guest }), '200')
    assert.equal(await outcome('GET', '/preferred/his', { as: guest }), '403 AccessDenied')
    await policy('preferred', { ...WriteOnly, Action: 's3:PutObjectAcl' })
    await put('/preferred/given', { as: writer, headers: { 'x-amz-acl': 'bucket-owner-full-control' } })
    assert.equal(await ownerOf('/preferred/given'), root)
    await put('/plain/enforced', { as: writer })
    assert.equal(await ownerOf('/plain/enforced'), root)
    const listed = await world.send('GET', '/plain?list-type=2&fetch-owner=true&prefix=enforced')
    assert.deepEqual(textsAt(listed.xml, 'Contents', 'Owner', 'ID'), [root])
  })
})

describe('restoring an object', () => {
  it('is answered as for one that is not archived', async () => {
    await put('/plain/restore')
    const body = '<RestoreRequest><Days>1</Days></RestoreRequest>'
    assert.equal(await outcome('POST', '/plain/restore?restore', { body }), '403 InvalidObjectState')
    assert.equal(await outcome('POST', '/plain/none?restore', { body }), '404 NoSuchKey')
    assert.equal(await outcome('POST', '/plain/restore?restore', { body: '<a' }), '400 MalformedXML')
    const select = '<RestoreRequest><Type>SELECT</Type></RestoreRequest>'
    assert.equal(await outcome('POST', '/plain/restore?restore', { body: select }), '501 NotImplemented')
  })
})
