// IAM and STS over real HTTP, signed by a client that was written apart from the code it tests.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { S3World } from '../s3/testing/s3-world.ts'
import type { S3Answer, S3RequestOptions } from '../s3/testing/s3-world.ts'
import type { ClientCredentials } from '../s3/testing/signing-client.ts'

type Fields = Readonly<Record<string, string>>

async function ask(
  world: S3World,
  service: 'iam' | 'sts',
  fields: Fields,
  options: S3RequestOptions = {},
): Promise<S3Answer> {
  const body = new URLSearchParams(fields).toString()
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }
  const as: ClientCredentials = { ...(options.as ?? world.root), service }
  return await world.send('POST', '/', { headers, body, ...options, as })
}

function element(answer: S3Answer, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.text)?.[1] ?? ''
}

test('a user is made by IAM, and its policy opens S3 to it; a session of STS signs S3 too, until the user is gone', async () => {
  await using world = await S3World.start()
  await world.send('PUT', '/bucket')
  await world.send('PUT', '/bucket/a', { body: 'hello' })
  assert.equal((await ask(world, 'iam', { Action: 'CreateUser', UserName: 'alice' })).status, 200)
  const key = await ask(world, 'iam', { Action: 'CreateAccessKey', UserName: 'alice' })
  assert.equal(key.headers['content-type'], 'text/xml')
  const alice = {
    accessKeyId: element(key, 'AccessKeyId'),
    secret: element(key, 'SecretAccessKey'),
    region: 'us-east-1',
  }
  assert.equal((await world.send('GET', '/bucket/a', { as: alice })).code, 'AccessDenied')
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' },
  })
  await ask(world, 'iam', { Action: 'PutUserPolicy', UserName: 'alice', PolicyName: 'read', PolicyDocument })
  assert.equal((await world.send('GET', '/bucket/a', { as: alice })).text, 'hello')
  assert.equal((await world.send('PUT', '/bucket/b', { as: alice, body: 'x' })).code, 'AccessDenied')

  const given = await ask(world, 'sts', { Action: 'GetSessionToken' }, { as: alice })
  const session = {
    accessKeyId: element(given, 'AccessKeyId'),
    secret: element(given, 'SecretAccessKey'),
    sessionToken: element(given, 'SessionToken'),
    region: 'us-east-1',
  }
  assert.equal((await world.send('GET', '/bucket/a', { as: session })).text, 'hello')
  const who = await ask(world, 'sts', { Action: 'GetCallerIdentity' }, { as: session })
  assert.equal(element(who, 'Arn'), 'arn:aws:iam::000000000000:user/alice')
  const at = session.sessionToken.length - 1
  const last = session.sessionToken.endsWith('A') ? 'B' : 'A'
  const forged = { ...session, sessionToken: session.sessionToken.slice(0, at) + last }
  assert.equal((await world.send('GET', '/bucket/a', { as: forged })).code, 'InvalidToken')
  assert.equal((await ask(world, 'sts', { Action: 'GetCallerIdentity' }, { as: forged })).code, 'InvalidClientTokenId')
  await world.access.access.accounts.removeUser('alice')
  assert.equal((await world.send('GET', '/bucket/a', { as: session })).code, 'InvalidAccessKeyId')
})

test('a body that is not the signed one, a wrong secret and a wrong service are refused', async () => {
  await using world = await S3World.start()
  const wrong = { ...world.root, secret: 'another-secret' }
  const refused = await ask(world, 'iam', { Action: 'ListUsers' }, { as: wrong })
  assert.deepEqual([refused.status, refused.code], [403, 'SignatureDoesNotMatch'])
  assert.ok(refused.text.includes('<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'))
  const altered = await ask(world, 'iam', { Action: 'ListUsers' }, { payload: 'f'.repeat(64) })
  assert.equal(altered.code, 'SignatureDoesNotMatch')
  const unsigned = await ask(world, 'sts', { Action: 'GetCallerIdentity' }, { payload: 'UNSIGNED-PAYLOAD' })
  assert.equal(unsigned.code, 'SignatureDoesNotMatch')
  const long = await ask(world, 'iam', { Action: 'ListUsers', Marker: 'a'.repeat(200_000) })
  assert.ok(long.status >= 400 && long.status < 500, String(long.status))
  const unknown = await ask(world, 'iam', { Action: 'Nothing' })
  assert.deepEqual([unknown.status, unknown.code], [400, 'InvalidAction'])
})

test('AssumeRole as MinIO’s clients send it', async () => {
  await using world = await S3World.start()
  const fields = { Action: 'AssumeRole', Version: '2011-06-15', DurationSeconds: '3600' }
  const given = await ask(world, 'sts', { ...fields, RoleArn: 'arn:xxx:xxx:xxx:xxxx', RoleSessionName: 'any' })
  assert.equal(given.status, 200, given.text)
  assert.match(element(given, 'AccessKeyId'), /^ASIA/)
})

test('tags of users and roles are set, listed by pages and taken away', async () => {
  await using world = await S3World.start()
  const Statement = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement })
  assert.equal((await ask(world, 'iam', { Action: 'CreateUser', UserName: 'u' })).status, 200)
  const role = await ask(world, 'iam', { Action: 'CreateRole', RoleName: 'r', AssumeRolePolicyDocument })
  assert.equal(role.status, 200, role.text)
  const keysOf = (answer: S3Answer): string[] =>
    [...answer.text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key)
  for (const [kind, name] of [
    ['User', { UserName: 'u' }],
    ['Role', { RoleName: 'r' }],
  ] as const) {
    const tags = Object.fromEntries(
      ['c', 'a b', 'd'].flatMap((key, index) => [
        [`Tags.member.${index + 1}.Key`, key],
        [`Tags.member.${index + 1}.Value`, `of ${key}`],
      ]),
    )
    assert.equal((await ask(world, 'iam', { Action: `Tag${kind}`, ...name, ...tags })).status, 200)
    const list = async (more: Fields): Promise<S3Answer> =>
      await ask(world, 'iam', { Action: `List${kind}Tags`, ...name, ...more })
    const first = await list({ MaxItems: '2' })
    assert.deepEqual([keysOf(first), element(first, 'IsTruncated')], [['a b', 'c'], 'true'])
    const second = await list({ MaxItems: '2', Marker: element(first, 'Marker') })
    assert.deepEqual([keysOf(second), element(second, 'IsTruncated')], [['d'], 'false'])
    await ask(world, 'iam', { 'Action': `Untag${kind}`, ...name, 'TagKeys.member.1': 'c' })
    assert.deepEqual(keysOf(await list({ MaxItems: '1000' })), ['a b', 'd'])
    assert.equal((await list({ MaxItems: '1001' })).code, 'ValidationError')
  }
  assert.equal((await ask(world, 'iam', { Action: 'ListUsers', MaxItems: '1000' })).status, 200)
  assert.equal((await ask(world, 'iam', { Action: 'TagRole', RoleName: 'absent' })).code, 'NoSuchEntity')
})
