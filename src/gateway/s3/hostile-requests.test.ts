// Requests by somebody who wants what is not his: signed ones that are changed where the signature does not see it, and leave that was
// given for one thing and is used for another. Over HTTP.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { before, after, test } from 'node:test'

import { S3World } from './testing/s3-world.ts'
import type { S3Answer } from './testing/s3-world.ts'
import type { ClientCredentials } from './testing/signing-client.ts'

const domain = 's3.example.test'
let world: S3World
let alice: ClientCredentials

before(async () => {
  world = await S3World.start({
    domains: [domain],
    endpointHosts: [domain],
    acceptsV2: true,
    trustedProxies: ['127.0.0.1'],
  })
  for (const bucket of ['alpha', 'beta']) assert.equal((await world.send('PUT', `/${bucket}`)).status, 200)
  alice = await world.user('alice', 'none')
})

after(async () => world[Symbol.asyncDispose]())

/** What somebody sends who holds a presigned URL and no credentials. */
async function use(
  method: string,
  target: string,
  options: { readonly host?: string; readonly forwardedHost?: string; readonly body?: string } = {},
): Promise<S3Answer> {
  const { host = `127.0.0.1:${world.port}`, forwardedHost, body = '' } = options
  const bytes = Buffer.from(body)
  const forwarded = forwardedHost === undefined ? [] : ['X-Forwarded-Host', forwardedHost]
  return await world.raw(method, target, ['Host', host, 'Content-Length', String(bytes.length), ...forwarded], bytes)
}

/** What alice may do in the bucket. */
async function allow(bucket: string, ...statements: readonly object[]): Promise<void> {
  const own = statements.map((statement) => ({
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::000000000000:user/alice' },
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    ...statement,
  }))
  const body = JSON.stringify({ Version: '2012-10-17', Statement: own })
  const answer = await world.send('PUT', `/${bucket}?policy`, { body })
  assert.equal(answer.status, 204, answer.text)
}

test('parameters that are signed cannot be pushed out of sight by empty ones', async () => {
  await world.send('PUT', '/alpha/pushed', { body: 'as it was' })
  const url = world.presigned('PUT', '/alpha/pushed?tagging')
  const [path = '', query = ''] = url.split('?')
  await use('PUT', `${path}?${'&'.repeat(200)}${query}`, { body: 'replaced' })
  assert.equal((await world.send('GET', '/alpha/pushed')).text, 'as it was')
})

test('a presigned URL keeps the headers that it carries, however its signature is spelt', async () => {
  const url = world.presigned('PUT', '/alpha/hoisted?x-amz-meta-kept=yes&x-amz-tagging=a%3Db')
  await use('PUT', url.replace('X-Amz-Signature=', '%58-Amz-Signature='), { body: 'x' })
  const { status, headers } = await world.send('HEAD', '/alpha/hoisted')
  assert.equal(status, 200)
  assert.equal(headers['x-amz-meta-kept'], 'yes')
})

test('a URL of Version 2 is not turned to another thing of the same object', async () => {
  await world.send('PUT', '/alpha/old', { body: 'x', headers: { 'x-amz-tagging': 'secret=1' } })
  const expires = Math.floor(Date.now() / 1_000) + 60
  const text = `GET\n\n\n${expires}\n/alpha/old`
  const signature = encodeURIComponent(createHmac('sha1', world.root.secret).update(text).digest('base64'))
  const url = `/alpha/old?AWSAccessKeyId=${world.root.accessKeyId}&Expires=${expires}&Signature=${signature}`
  assert.equal((await use('GET', url)).text, 'x')
  for (const turned of ['tagging', '%74agging', 'attributes', '%61cl'])
    assert.equal((await use('GET', `${url}&${turned}`)).code, 'SignatureDoesNotMatch', turned)
})

test('a URL that is signed for one bucket is not taken for another one by its host', async () => {
  const url = world.presigned('PUT', '/beta/crossed', { host: domain })
  assert.equal((await use('PUT', url, { host: `alpha.${domain}`, body: 'x' })).code, 'SignatureDoesNotMatch')
  assert.equal((await world.send('HEAD', '/alpha/beta/crossed')).status, 404)
  assert.equal((await use('PUT', url, { host: domain, body: 'x' })).status, 200)
  const hosted = world.presigned('PUT', '/crossed', { host: `beta.${domain}` })
  assert.equal((await use('PUT', hosted, { host: domain, body: 'x' })).code, 'SignatureDoesNotMatch')
})

test('nor by the host that a proxy was asked for', async () => {
  const through = (asked: string): Parameters<typeof use>[2] => {
    return { host: '10.0.0.7:9000', forwardedHost: asked, body: 'x' }
  }
  const hosted = world.presigned('PUT', '/proxied', { host: `beta.${domain}:8443` })
  assert.equal((await use('PUT', hosted, through(`beta.${domain}:8443`))).status, 200)
  assert.equal((await world.send('HEAD', '/beta/proxied')).status, 200)
  assert.equal((await use('PUT', hosted, through(`alpha.${domain}:8443`))).code, 'SignatureDoesNotMatch')
  for (const host of ['10.0.0.7:9000', domain]) {
    const url = world.presigned('PUT', '/beta/crossed', { host })
    assert.equal((await use('PUT', url, through(`alpha.${domain}`))).code, 'SignatureDoesNotMatch', host)
  }
  assert.equal((await world.send('HEAD', '/alpha/beta/crossed')).status, 404)
})

test('which version a policy lets go is asked of the version that is removed', async () => {
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await world.send('PUT', '/beta?versioning', { body: enabled })
  const first = String((await world.send('PUT', '/beta/v', { body: '1' })).headers['x-amz-version-id'])
  const second = String((await world.send('PUT', '/beta/v', { body: '2' })).headers['x-amz-version-id'])
  const condition = { StringEquals: { 's3:VersionId': first } }
  await allow(
    'beta',
    { Action: ['s3:DeleteObjectVersion', 's3:GetObjectVersion'], Condition: condition },
    { Action: 's3:PutObject' },
  )
  const body = `<Delete><Object><Key>v</Key><VersionId>${second}</VersionId></Object></Delete>`
  const answer = await world.send('POST', `/beta?delete&versionId=${first}`, { as: alice, body })
  assert.match(answer.text, /<Code>AccessDenied<\/Code>/)
  const copy = async (version: string): Promise<S3Answer> =>
    world.send('PUT', `/beta/copy?versionId=${first}`, {
      as: alice,
      headers: { 'x-amz-copy-source': `/beta/v?versionId=${version}` },
    })
  assert.equal((await copy(second)).code, 'AccessDenied')
  const right = body.replace(second, first)
  assert.doesNotMatch((await world.send('POST', '/beta?delete', { as: alice, body: right })).text, /<Error>/)
})

test('to copy tags is to set them', async () => {
  await world.send('PUT', '/alpha/tagged', { body: 'x', headers: { 'x-amz-tagging': 'team=red' } })
  await allow('alpha', { Action: ['s3:GetObject', 's3:GetObjectTagging', 's3:PutObject'] })
  const copy = async (headers: Record<string, string> = {}): Promise<string> =>
    (
      await world.send('PUT', '/alpha/copy', {
        as: alice,
        headers: { 'x-amz-copy-source': '/alpha/tagged', ...headers },
      })
    ).code
  assert.equal(await copy(), 'AccessDenied')
  assert.equal(await copy({ 'x-amz-tagging-directive': 'REPLACE' }), '')
  await allow('alpha', {
    Action: ['s3:GetObject', 's3:GetObjectTagging', 's3:PutObject', 's3:PutObjectTagging'],
  })
  assert.equal(await copy(), '')
})

test('what stands for headers holds nothing that no header can', async () => {
  for (const [name, value] of [
    ['x-amz-website-redirect-location', '%2Fa%0D%0ASet-Cookie:%20b'],
    ['x-amz-meta-a', 'b%0D%0Ac'],
    ['x-amz-meta-a', 'b%00c'],
  ] as const) {
    const answer = await use('PUT', world.presigned('PUT', `/alpha/lines?${name}=${value}`), { body: 'x' })
    assert.equal(answer.code, 'InvalidArgument', `${name} ${answer.text}`)
  }
  const euro = world.presigned('PUT', '/alpha/euro?x-amz-website-redirect-location=%2F%E2%82%AC&x-amz-meta-a=%E2%82%AC')
  assert.equal((await use('PUT', euro, { body: 'x' })).status, 200)
  const { status, headers } = await world.send('HEAD', '/alpha/euro')
  assert.equal(status, 200)
  assert.equal(Buffer.from(String(headers['x-amz-website-redirect-location']), 'latin1').toString(), '/€')
})

test('nor does a form', async () => {
  await world.send('PUT', '/forms')
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::forms/*' }],
  }
  assert.equal((await world.send('PUT', '/forms?policy', { body: JSON.stringify(policy) })).status, 204)
  for (const name of ['Content-Type', 'Cache-Control', 'x-amz-meta-a', 'x-amz-website-redirect-location']) {
    const part = (head: string, text: string): string =>
      `--B\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`
    const given = [
      part('name="key"', 'k'),
      part(`name="${name}"`, '/a\r\nSet-Cookie: b'),
      part('name="file"; filename="f"', 'x'),
    ]
    const fields = `${given.join('')}--B--\r\n`
    const headers = { 'Content-Type': 'multipart/form-data; boundary=B' }
    const answer = await world.send('POST', '/forms', { as: null, headers, body: fields })
    assert.equal(answer.code, 'InvalidArgument', `${name} ${answer.status} ${answer.text}`)
  }
})

test('how long a lock may last is asked of the time as it is read', async () => {
  const headers = { 'x-amz-bucket-object-lock-enabled': 'true' }
  assert.equal((await world.send('PUT', '/locked', { headers })).status, 200)
  await allow(
    'locked',
    { Action: ['s3:PutObject', 's3:PutObjectRetention'] },
    {
      Effect: 'Deny',
      Action: 's3:PutObject*',
      Condition: { NumericGreaterThan: { 's3:object-lock-remaining-retention-days': '10' } },
    },
  )
  for (const until of ['2099-01-01T00:00:00Z', '2099-01-01T00:00:00,5Z', '2099-01-01T23:59:60Z']) {
    const lock = { 'x-amz-object-lock-mode': 'GOVERNANCE', 'x-amz-object-lock-retain-until-date': until }
    const answer = await world.send('PUT', '/locked/k', { as: alice, headers: lock, body: 'x' })
    assert.equal(answer.code, 'AccessDenied', until)
  }
})

test('a policy that asks for conditional writes is not passed by a plain one', async () => {
  assert.equal((await world.send('PUT', '/conditional')).status, 200)
  const Condition = { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } }
  await allow('conditional', { Action: 's3:PutObject' }, { Effect: 'Deny', Action: 's3:PutObject', Condition })
  const put = async (headers: Record<string, string>): Promise<string> =>
    (await world.send('PUT', '/conditional/k', { as: alice, body: 'x', headers })).code
  assert.equal(await put({}), 'AccessDenied')
  assert.equal(await put({ 'If-None-Match': '*' }), '')
  assert.equal((await world.send('POST', '/conditional/k?uploads', { as: alice })).status, 200)
})

test('a policy that asks for signed bodies lets no presigned one in', async () => {
  assert.equal((await world.send('PUT', '/whole')).status, 200)
  const Condition = { StringEquals: { 's3:x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }
  await allow('whole', { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Condition })
  assert.equal((await use('PUT', world.presigned('PUT', '/whole/k'), { body: 'x' })).code, 'AccessDenied')
  assert.equal((await world.send('PUT', '/whole/k', { body: 'x', payload: 'UNSIGNED-PAYLOAD' })).code, 'AccessDenied')
  assert.equal((await world.send('PUT', '/whole/k', { body: 'x' })).status, 200)
})

test('a tag does not stand for another one whose name differs in case', async () => {
  assert.equal((await world.send('PUT', '/cases')).status, 200)
  const statement = { Action: ['s3:PutObject', 's3:PutObjectTagging'] }
  const put = async (tags: string): Promise<string> =>
    (await world.send('PUT', '/cases/k', { as: alice, headers: { 'x-amz-tagging': tags }, body: 'x' })).code
  await allow('cases', { ...statement, Condition: { StringEquals: { 's3:RequestObjectTag/team': 'blue' } } })
  assert.equal(await put('team=blue'), '')
  assert.equal(await put('team=blue&TEAM=red'), 'AccessDenied')
  assert.equal(await put('TEAM=red&team=blue'), 'AccessDenied')
  const Condition = { StringNotEquals: { 's3:RequestObjectTag/team': 'blue' } }
  await allow('cases', statement, { ...statement, Effect: 'Deny', Condition })
  assert.equal(await put('team=blue'), '')
  assert.equal(await put('team=blue&TEAM=red'), 'AccessDenied')
  assert.equal(await put('other=blue'), 'AccessDenied')
})

test('which user an access key is of is told to nobody who may not ask', async () => {
  const bob = await world.user('bob', 'none')
  const body = `Action=GetAccessKeyLastUsed&Version=2010-05-08&AccessKeyId=${bob.accessKeyId}`
  const answer = await world.send('POST', '/', { as: { ...alice, service: 'iam' }, body })
  assert.equal(answer.code, 'AccessDenied')
  assert.doesNotMatch(answer.text, /bob/)
})

test('no policy leads to the rights of an administrator', async () => {
  const carol = await world.user('carol', 'none')
  const iam = async (as: ClientCredentials, parameters: Record<string, string>): Promise<S3Answer> =>
    world.send('POST', '/', {
      as: { ...as, service: 'iam' },
      body: String(new URLSearchParams({ Version: '2010-05-08', ...parameters })),
    })
  const PolicyArn = 'arn:aws:iam::aws:policy/IAMFullAccess'
  assert.equal((await iam(world.root, { Action: 'AttachUserPolicy', UserName: 'carol', PolicyArn })).status, 200)
  for (const Action of ['CreateAccessKey', 'AttachUserPolicy', 'DeleteUser', 'UpdateUser']) {
    assert.equal((await iam(carol, { Action, UserName: 'root', PolicyArn })).code, 'AccessDenied', Action)
  }
  const AccessKeyId = world.root.accessKeyId
  const key = { AccessKeyId, UserName: 'root', Status: 'Inactive' }
  assert.equal((await iam(carol, { Action: 'UpdateAccessKey', ...key })).code, 'AccessDenied')
  assert.equal((await iam(carol, { Action: 'GetUser', UserName: 'root' })).status, 200)
  assert.equal((await iam(carol, { Action: 'CreateAccessKey', UserName: 'alice' })).status, 200)
  assert.equal((await iam(world.root, { Action: 'ListAccessKeys', UserName: 'root' })).status, 200)
})

test('nobody’s list of what to delete is not read where nothing is open', async () => {
  const answer = await world.send('POST', '/locked?delete', { as: null, body: '<' })
  assert.notEqual(answer.code, 'AccessDenied')
  assert.equal((await world.send('PUT', '/closed')).status, 200)
  assert.equal((await world.send('POST', '/closed?delete', { as: null, body: '<' })).code, 'AccessDenied')
})

test('a form is not signed by the head of its request', async () => {
  const part = (name: string, value: string): string =>
    `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const body = `${part('key', 'k')}${part('file', 'x')}--B--\r\n`
  const headers = { 'Content-Type': 'multipart/form-data; boundary=B' }
  assert.equal((await world.send('POST', '/closed', { headers, body })).code, 'AccessDenied')
})

test('leave for one object is not used for the one that takes its place meanwhile', async () => {
  const ownership = { 'x-amz-object-ownership': 'ObjectWriter' }
  assert.equal((await world.send('PUT', '/raced', { headers: ownership })).status, 200)
  await allow('raced', { Action: 's3:PutObject' })
  const { objects } = world
  const find = objects.find.bind(objects)
  for (const versioning of ['', 'Enabled', 'Suspended']) {
    const body = `<VersioningConfiguration><Status>${versioning}</Status></VersioningConfiguration>`
    if (versioning !== '') assert.equal((await world.send('PUT', '/raced?versioning', { body })).status, 200)
    assert.equal((await world.send('PUT', '/raced/k', { as: alice, body: 'mine' })).status, 200)
    let isTaken = false
    objects.find = async (name) => {
      const found = await find(name)
      if (!isTaken && name.bucket === 'raced') {
        isTaken = true
        assert.equal((await world.send('PUT', '/raced/k', { body: 'secret' })).status, 200)
      }
      return found
    }
    const acl = { 'x-amz-acl': 'public-read' }
    await world.send('PUT', '/raced/k?acl', { as: alice, headers: acl })
    objects.find = find
    assert.equal((await world.send('GET', '/raced/k')).text, 'secret')
    assert.equal((await world.send('GET', '/raced/k', { as: null })).code, 'AccessDenied', versioning)
  }
})

test('a setting for a bucket that is gone is not that of the next one of its name', async () => {
  const { objects } = world
  let count = 0
  assert.equal((await world.send('PUT', '/renewed')).status, 200)
  for (const [target, body] of [
    ['tagging', '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'],
    ['versioning', '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'],
  ] as const) {
    const find = objects.findBucket.bind(objects)
    // As if it had been made anew while the body came.
    objects.findBucket = async (name) => {
      const row = await find(name)
      return row === undefined ? undefined : { ...row, createdMs: row.createdMs + ++count }
    }
    const answer = await world.send('PUT', `/renewed?${target}`, { body })
    objects.findBucket = find
    assert.equal(answer.code, 'NoSuchBucket', target)
  }
})
