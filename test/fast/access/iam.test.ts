// IAM and STS over metadata in memory: what they answer, who may, and that a second master sees it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { CredentialsError, sessionExpired, sessionInvalid } from '../../../src/gateway/auth/authenticator.ts'
import type { Principal } from '../../../src/gateway/auth/principal.ts'
import { queryActionNames } from '../../../src/gateway/iam/iam-service.ts'
import { NodeClock } from '../../../src/node/clock.ts'
import { AccessWorld } from '../rest/access-world.ts'
import type { TestAccess } from '../rest/access-world.ts'

class MovableClock extends NodeClock {
  shiftMs = 0

  override wallMs(): number {
    return super.wallMs() + this.shiftMs
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.shiftMs
  }
}

type Fields = Readonly<Record<string, string>>

/** One who signs with an access key. */
class Caller {
  readonly #access: TestAccess
  readonly #keyId: string
  readonly #token: string | undefined

  constructor(access: TestAccess, keyId: string, token?: string) {
    this.#access = access
    this.#keyId = keyId
    this.#token = token
  }

  async principal(): Promise<Principal> {
    return (await this.#access.control.signer(this.#keyId, this.#token)).principal
  }

  async ask(Action: string, fields: Fields = {}): Promise<{ readonly status: number; readonly xml: string }> {
    const body = new URLSearchParams({ Action, Version: '2010-05-08', ...fields }).toString()
    const fixed = { conditions: new Map(), address: '127.0.0.1', requestId: 'request-1' }
    return await this.#access.iam.handle({ body, principal: await this.principal(), ...fixed })
  }

  async good(action: string, fields: Fields = {}): Promise<string> {
    const { status, xml } = await this.ask(action, fields)
    assert.equal(status, 200, `${action}: ${xml}`)
    assert.ok(xml.includes(`<${action}Response xmlns="https://`), xml)
    assert.ok(xml.includes('<ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata>'), xml)
    return xml
  }

  async bad(action: string, fields: Fields, expected: string): Promise<string> {
    const { status, xml } = await this.ask(action, fields)
    assert.equal(`${status} ${element(xml, 'Code')}`, expected, `${action}: ${xml}`)
    return xml
  }

  /** Whether S3 lets him. */
  async may(action: string, bucket: string, key?: string): Promise<boolean> {
    const asked = { principal: await this.principal(), action, bucket, key, conditions: new Map() }
    return this.#access.control.authorizeS3(asked, { address: '127.0.0.1', requestId: 'request-2' }).isAllowed
  }
}

function element(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''
}

function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

const readBucket = policy({ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' })

async function open(): Promise<{
  readonly world: AccessWorld
  readonly clock: MovableClock
  readonly root: Caller
  readonly user: (name: string) => Promise<Caller>
}> {
  const clock = new MovableClock()
  const world = await AccessWorld.open({ clock })
  const { accounts } = world.access
  await accounts.createUser({ name: 'root', role: 'admin' })
  const { row } = await accounts.createKey({ user: 'root' })
  const root = new Caller(world.access, row.id)
  const user = async (name: string): Promise<Caller> => {
    await root.good('CreateUser', { UserName: name })
    return new Caller(world.access, element(await root.good('CreateAccessKey', { UserName: name }), 'AccessKeyId'))
  }
  return { world, clock, root, user }
}

test('a user is made, read, listed, given keys, and removed once nothing belongs to it', async () => {
  const { world, root } = await open()
  const made = await root.good('CreateUser', {
    'UserName': 'alice',
    'Path': '/people/',
    'Tags.member.1.Key': 'team',
    'Tags.member.1.Value': 'blue',
  })
  assert.equal(element(made, 'Arn'), 'arn:aws:iam::000000000000:user/people/alice')
  assert.match(element(made, 'UserId'), /^AIDA[0-9A-F]{17}$/)
  assert.equal((await world.metadata.getUser('alice'))?.role, 'none')
  await root.bad('CreateUser', { UserName: 'alice' }, '409 EntityAlreadyExists')
  await root.bad('CreateUser', { UserName: 'a b' }, '400 ValidationError')
  await root.bad('CreateUser', {}, '400 ValidationError')
  assert.ok((await root.good('GetUser', { UserName: 'alice' })).includes('<Key>team</Key><Value>blue</Value>'))
  assert.equal(element(await root.good('GetUser'), 'UserName'), 'root')
  await root.bad('GetUser', { UserName: 'nobody' }, '404 NoSuchEntity')
  const listed = await root.good('ListUsers', { MaxItems: '1' })
  assert.equal(
    `${element(listed, 'UserName')} ${element(listed, 'IsTruncated')} ${element(listed, 'Marker')}`,
    'alice true alice',
  )
  assert.equal(element(await root.good('ListUsers', { Marker: 'alice' }), 'UserName'), 'root')

  const key = await root.good('CreateAccessKey', { UserName: 'alice' })
  const id = element(key, 'AccessKeyId')
  assert.match(id, /^AKIA[A-Z2-7]{16}$/)
  assert.equal(element(key, 'SecretAccessKey').length, 40)
  const { secret } = await world.elsewhere.control.signer(id)
  assert.equal(Buffer.from(secret).toString(), element(key, 'SecretAccessKey'))
  const keys = await root.good('ListAccessKeys', { UserName: 'alice' })
  assert.ok(keys.includes(id) && !keys.includes('SecretAccessKey'))
  await root.bad('DeleteUser', { UserName: 'alice' }, '409 DeleteConflict')
  await root.good('UpdateAccessKey', { UserName: 'alice', AccessKeyId: id, Status: 'Inactive' })
  await assert.rejects(world.access.control.signer(id), CredentialsError)
  await root.bad('DeleteAccessKey', { AccessKeyId: id }, '404 NoSuchEntity')
  assert.equal(element(await root.good('GetAccessKeyLastUsed', { AccessKeyId: id }), 'Region'), 'N/A')
  await root.good('DeleteAccessKey', { UserName: 'alice', AccessKeyId: id })
  await root.good('PutUserPolicy', { UserName: 'alice', PolicyName: 'p', PolicyDocument: readBucket })
  await root.bad('DeleteUser', { UserName: 'alice' }, '409 DeleteConflict')
  await root.good('DeleteUserPolicy', { UserName: 'alice', PolicyName: 'p' })
  await root.good('DeleteUser', { UserName: 'alice' })
  await root.bad('DeleteUser', { UserName: 'alice' }, '404 NoSuchEntity')
  await root.bad('DeleteUser', { UserName: 'root' }, '409 DeleteConflict')
})

test('only an administrator may, and whom a policy lets; about oneself everybody', async () => {
  const { world, root, user } = await open()
  const alice = await user('alice')
  const refusal = await alice.bad('CreateUser', { UserName: 'bob' }, '403 AccessDenied')
  const users = 'arn:aws:iam::000000000000:user'
  const message = `User: ${users}/alice is not authorized to perform: iam:CreateUser on resource: ${users}/bob`
  assert.equal(element(refusal, 'Message'), message)
  await alice.good('GetUser')
  await alice.good('ListAccessKeys', { UserName: 'alice' })
  await alice.bad('ListAccessKeys', { UserName: 'root' }, '403 AccessDenied')
  await alice.bad('CreateAccessKey', { UserName: 'root' }, '403 AccessDenied')
  const manage = policy({ Effect: 'Allow', Action: 'iam:*User', Resource: 'arn:aws:iam::*:user/b*' })
  await root.good('PutUserPolicy', { UserName: 'alice', PolicyName: 'manage', PolicyDocument: manage })
  await alice.good('CreateUser', { UserName: 'bob' })
  await alice.bad('CreateUser', { UserName: 'carol' }, '403 AccessDenied')
  const deny = policy({ Effect: 'Deny', Action: 'iam:*', Resource: '*' })
  await root.good('PutUserPolicy', { UserName: 'alice', PolicyName: 'deny', PolicyDocument: deny })
  await alice.bad('GetUser', {}, '403 AccessDenied')
  const lines = world.audited.map(({ user: who, action, decision }) => `${who} ${action} ${decision}`)
  assert.ok(lines.includes('alice iam:CreateUser refused') && lines.includes('alice iam:CreateUser allowed'))
  assert.ok(!lines.some((line) => line.includes('iam:GetUser allowed')), 'reads are not written down')
})

test('policies of a user: its own, attached ones, those of its groups; they count at once, and go', async () => {
  const { world, root, user } = await open()
  const alice = await user('alice')
  assert.equal(await alice.may('s3:GetObject', 'bucket', 'a'), false)
  await root.good('PutUserPolicy', { UserName: 'alice', PolicyName: 'read', PolicyDocument: readBucket })
  assert.equal(await alice.may('s3:GetObject', 'bucket', 'a'), true)
  assert.equal(await alice.may('s3:PutObject', 'bucket', 'a'), false)
  const read = await root.good('GetUserPolicy', { UserName: 'alice', PolicyName: 'read' })
  assert.equal(decodeURIComponent(element(read, 'PolicyDocument')), readBucket)
  assert.equal(element(await root.good('ListUserPolicies', { UserName: 'alice' }), 'member'), 'read')
  await root.good('DeleteUserPolicy', { UserName: 'alice', PolicyName: 'read' })
  await root.bad('DeleteUserPolicy', { UserName: 'alice', PolicyName: 'read' }, '404 NoSuchEntity')
  assert.equal(await alice.may('s3:GetObject', 'bucket', 'a'), false)

  const full = 'arn:aws:iam::aws:policy/AmazonS3FullAccess'
  await root.good('AttachUserPolicy', { UserName: 'alice', PolicyArn: full })
  assert.equal(await alice.may('s3:PutObject', 'any', 'a'), true)
  assert.ok((await root.good('ListAttachedUserPolicies', { UserName: 'alice' })).includes(full))
  await root.good('DetachUserPolicy', { UserName: 'alice', PolicyArn: full })
  await root.bad('DetachUserPolicy', { UserName: 'alice', PolicyArn: full }, '404 NoSuchEntity')
  assert.equal(await alice.may('s3:PutObject', 'any', 'a'), false)

  const PolicyArn = element(
    await root.good('CreatePolicy', { PolicyName: 'shared', PolicyDocument: readBucket }),
    'Arn',
  )
  assert.equal(PolicyArn, 'arn:aws:iam::000000000000:policy/shared')
  await root.good('CreateGroup', { GroupName: 'readers' })
  await root.bad('CreateGroup', { GroupName: 'readers' }, '409 EntityAlreadyExists')
  await root.good('AttachGroupPolicy', { GroupName: 'readers', PolicyArn })
  await root.good('AddUserToGroup', { GroupName: 'readers', UserName: 'alice' })
  assert.equal(await alice.may('s3:GetObject', 'bucket', 'a'), true)
  assert.equal(element(await root.good('ListGroupsForUser', { UserName: 'alice' }), 'GroupName'), 'readers')
  assert.equal(element(await root.good('GetGroup', { GroupName: 'readers' }), 'UserName'), 'alice')
  assert.equal(element(await root.good('ListEntitiesForPolicy', { PolicyArn }), 'GroupName'), 'readers')
  await root.bad('DeletePolicy', { PolicyArn }, '409 DeleteConflict')
  await root.bad('DeleteGroup', { GroupName: 'readers' }, '409 DeleteConflict')
  await root.good('RemoveUserFromGroup', { GroupName: 'readers', UserName: 'alice' })
  assert.equal(await alice.may('s3:GetObject', 'bucket', 'a'), false)
  await root.good('DetachGroupPolicy', { GroupName: 'readers', PolicyArn })
  await root.good('DeleteGroup', { GroupName: 'readers' })
  await root.good('DeletePolicy', { PolicyArn })
  await root.bad('GetPolicy', { PolicyArn }, '404 NoSuchEntity')
  assert.equal(await world.metadata.getManagedPolicy('shared'), undefined)
})

test('versions of a policy: five, one of which counts', async () => {
  const { root, user } = await open()
  const alice = await user('alice')
  const PolicyArn = element(await root.good('CreatePolicy', { PolicyName: 'p', PolicyDocument: readBucket }), 'Arn')
  await root.good('AttachUserPolicy', { UserName: 'alice', PolicyArn })
  const writes = policy({ Effect: 'Allow', Action: 's3:PutObject', Resource: '*' })
  const made = await root.good('CreatePolicyVersion', { PolicyArn, PolicyDocument: writes, SetAsDefault: 'true' })
  const VersionId = element(made, 'VersionId')
  assert.equal(await alice.may('s3:GetObject', 'bucket', 'a'), false)
  assert.equal(await alice.may('s3:PutObject', 'bucket', 'a'), true)
  await root.bad('DeletePolicyVersion', { PolicyArn, VersionId }, '409 DeleteConflict')
  await root.good('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v1' })
  assert.equal(await alice.may('s3:GetObject', 'bucket', 'a'), true)
  const shown = await root.good('GetPolicyVersion', { PolicyArn, VersionId })
  assert.equal(decodeURIComponent(element(shown, 'Document')), writes)
  await root.good('DeletePolicyVersion', { PolicyArn, VersionId })
  const again = element(await root.good('CreatePolicyVersion', { PolicyArn, PolicyDocument: writes }), 'VersionId')
  assert.notEqual(again, VersionId, 'an id is not given twice')
  for (let count = 2; count < 5; count++) await root.good('CreatePolicyVersion', { PolicyArn, PolicyDocument: writes })
  await root.bad('CreatePolicyVersion', { PolicyArn, PolicyDocument: writes }, '409 LimitExceeded')
  await root.bad('CreatePolicy', { PolicyName: 'q', PolicyDocument: '{}' }, '400 MalformedPolicyDocument')
  const builtIn = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  await root.good('GetPolicyVersion', { PolicyArn: builtIn, VersionId: 'v1' })
  await root.bad('DeletePolicy', { PolicyArn: builtIn }, '403 AccessDenied')
  assert.ok((await root.good('ListPolicies', { Scope: 'Local' })).includes('<PolicyName>p</PolicyName>'))
})

test('a role is taken by whom its trust policy names, for a while, and has its own rights only', async () => {
  const { world, clock, root, user } = await open()
  const [alice, bob] = [await user('alice'), await user('bob')]
  const trust = policy({
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::000000000000:user/alice' },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'sts:ExternalId': '42' } },
  })
  const made = await root.good('CreateRole', { RoleName: 'backup', AssumeRolePolicyDocument: trust })
  const RoleArn = element(made, 'Arn')
  await root.good('PutRolePolicy', { RoleName: 'backup', PolicyName: 'read', PolicyDocument: readBucket })
  const full = 'arn:aws:iam::aws:policy/AmazonS3FullAccess'
  await root.good('AttachUserPolicy', { UserName: 'alice', PolicyArn: full })
  const take = { RoleArn, RoleSessionName: 'nightly', ExternalId: '42' }
  await bob.bad('AssumeRole', take, '403 AccessDenied')
  await alice.bad('AssumeRole', { RoleArn, RoleSessionName: 'nightly' }, '403 AccessDenied')
  await alice.bad('AssumeRole', { ...take, DurationSeconds: '7200' }, '400 ValidationError')
  const taken = await alice.good('AssumeRole', take)
  assert.equal(element(taken, 'Arn'), 'arn:aws:sts::000000000000:assumed-role/backup/nightly')
  const [id, token] = [element(taken, 'AccessKeyId'), element(taken, 'SessionToken')]
  assert.match(id, /^ASIA/)
  const nightly = new Caller(world.elsewhere, id, token)
  const { secret } = await world.elsewhere.control.signer(id, token)
  assert.equal(Buffer.from(secret).toString(), element(taken, 'SecretAccessKey'))
  assert.equal(element(await nightly.good('GetCallerIdentity'), 'Arn'), element(taken, 'Arn'))
  assert.equal(await nightly.may('s3:GetObject', 'bucket', 'a'), true)
  assert.equal(await nightly.may('s3:PutObject', 'bucket', 'a'), false, 'not the rights of who took it')
  await nightly.bad('CreateAccessKey', { UserName: 'alice' }, '403 AccessDenied')

  const narrow = policy({ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/public/*' })
  const limited = await alice.good('AssumeRole', { ...take, Policy: narrow })
  const session = new Caller(world.access, element(limited, 'AccessKeyId'), element(limited, 'SessionToken'))
  assert.equal(await session.may('s3:GetObject', 'bucket', 'public/a'), true)
  assert.equal(await session.may('s3:GetObject', 'bucket', 'a'), false)
  await alice.bad('AssumeRole', { ...take, Policy: '{' }, '400 MalformedPolicyDocument')

  clock.shiftMs = 3_599_000
  await nightly.principal()
  clock.shiftMs = 3_601_000
  await assert.rejects(nightly.principal(), { reason: sessionExpired })
})

test('a role that trusts the account is taken by whom his own policies let', async () => {
  const { root, user } = await open()
  const alice = await user('alice')
  const trust = policy({ Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' })
  const made = await root.good('CreateRole', {
    RoleName: 'r',
    AssumeRolePolicyDocument: trust,
    MaxSessionDuration: '7200',
  })
  const take = { RoleArn: element(made, 'Arn'), RoleSessionName: 'session', DurationSeconds: '7200' }
  await alice.bad('AssumeRole', take, '403 AccessDenied')
  const own = policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' })
  await root.good('PutUserPolicy', { UserName: 'alice', PolicyName: 'p', PolicyDocument: own })
  await alice.good('AssumeRole', take)
  await alice.bad('AssumeRole', { ...take, RoleArn: 'arn:aws:iam::000000000000:role/none' }, '403 AccessDenied')
})

test('a session ends with its user, its role, and is nobody else’s', async () => {
  const { world, clock, root, user } = await open()
  const alice = await user('alice')
  const own = await alice.good('GetSessionToken')
  const [id, token] = [element(own, 'AccessKeyId'), element(own, 'SessionToken')]
  const session = new Caller(world.access, id, token)
  assert.equal((await session.principal()).user?.name, 'alice')
  assert.equal(element(await session.good('GetCallerIdentity'), 'Arn'), 'arn:aws:iam::000000000000:user/alice')
  await session.bad('GetSessionToken', {}, '403 AccessDenied')
  await assert.rejects(world.access.control.signer(id), { reason: sessionInvalid })
  await assert.rejects(world.access.control.signer('ASIAOTHER', token), { reason: sessionInvalid })
  await world.access.accounts.changeUser('alice', { enabled: false })
  await assert.rejects(session.principal(), { reason: 'user disabled' })
  clock.shiftMs += 2_000
  await assert.rejects(new Caller(world.elsewhere, id, token).principal(), { reason: 'user disabled' })
  await world.access.accounts.removeUser('alice')
  await world.access.accounts.createUser({ name: 'alice', role: 'admin' })
  await assert.rejects(session.principal(), { reason: 'its user is gone' })

  const trust = policy({ Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' })
  const RoleArn = element(await root.good('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: trust }), 'Arn')
  const taken = await root.good('AssumeRole', { RoleArn, RoleSessionName: 'root' })
  const role = new Caller(world.access, element(taken, 'AccessKeyId'), element(taken, 'SessionToken'))
  assert.equal(await role.may('s3:GetObject', 'bucket', 'a'), false, 'a role has no rights of who took it')
  await root.good('DeleteRole', { RoleName: 'r' })
  await root.good('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: trust })
  await assert.rejects(role.principal(), { reason: 'its role is gone' })
})

test('federated users and MinIO’s AssumeRole: the user himself, within the policy of the session', async () => {
  const { world, root } = await open()
  for (const [action, fields] of [
    ['GetFederationToken', { Name: 'guest' }],
    ['AssumeRole', {}],
  ] as const) {
    const given = await root.good(action, { ...fields, Policy: readBucket })
    const session = new Caller(world.access, element(given, 'AccessKeyId'), element(given, 'SessionToken'))
    assert.equal(await session.may('s3:GetObject', 'bucket', 'a'), true)
    assert.equal(await session.may('s3:PutObject', 'bucket', 'a'), false)
    await session.bad('CreateUser', { UserName: 'bob' }, '403 AccessDenied')
  }
  const without = await root.good('GetFederationToken', { Name: 'guest' })
  const nothing = new Caller(world.access, element(without, 'AccessKeyId'), element(without, 'SessionToken'))
  assert.equal(await nothing.may('s3:GetObject', 'bucket', 'a'), false)
})

test('a token altered anywhere is refused', async () => {
  const { world, root } = await open()
  const given = await root.good('GetSessionToken')
  const [id, token] = [element(given, 'AccessKeyId'), element(given, 'SessionToken')]
  const bytes = Buffer.from(token, 'base64url')
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(altered.readUInt8(at) ^ mask, at)
      await assert.rejects(world.access.control.signer(id, altered.toString('base64url')), { reason: sessionInvalid })
    }),
    { numRuns: 200 },
  )
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      await assert.rejects(world.access.control.signer(id, text), { reason: sessionInvalid })
    }),
  )
})

test('a boundary limits, whatever is attached', async () => {
  const { root, user } = await open()
  const alice = await user('alice')
  const PermissionsBoundary = element(
    await root.good('CreatePolicy', { PolicyName: 'limit', PolicyDocument: readBucket }),
    'Arn',
  )
  await root.good('AttachUserPolicy', { UserName: 'alice', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' })
  assert.equal(await alice.may('s3:PutObject', 'bucket', 'a'), true)
  await root.good('PutUserPermissionsBoundary', { UserName: 'alice', PermissionsBoundary })
  assert.equal(await alice.may('s3:PutObject', 'bucket', 'a'), false)
  assert.equal(await alice.may('s3:GetObject', 'bucket', 'a'), true)
  await alice.bad('CreateUser', { UserName: 'bob' }, '403 AccessDenied')
  await root.good('DeleteUserPermissionsBoundary', { UserName: 'alice' })
  await alice.good('CreateUser', { UserName: 'bob' })
})

test('a user who is made with a boundary is never there without it', async () => {
  const { world, root } = await open()
  const limit = { PolicyName: 'limit', PolicyDocument: readBucket }
  const PermissionsBoundary = element(await root.good('CreatePolicy', limit), 'Arn')
  await root.bad(
    'CreateUser',
    { UserName: 'bob', PermissionsBoundary: 'arn:aws:iam::000000000000:policy/none' },
    '404 NoSuchEntity',
  )
  await root.bad('GetUser', { UserName: 'bob' }, '404 NoSuchEntity')
  await root.good('CreateUser', { UserName: 'bob', PermissionsBoundary })
  const row = await world.metadata.getIdentity({ kind: 'user', name: 'bob' })
  assert.equal(row?.boundary, 'limit')
})

test('changes at the same time are all made', async () => {
  const { world, root, user } = await open()
  await user('alice')
  const names = ['a', 'b', 'c', 'd']
  await Promise.all(
    names.map((PolicyName) =>
      root.good('PutUserPolicy', { UserName: 'alice', PolicyName, PolicyDocument: readBucket }),
    ),
  )
  const row = await world.metadata.getIdentity({ kind: 'user', name: 'alice' })
  assert.deepEqual(row?.inline.map(({ name }) => name).toSorted(), names)
})

test('inline policies of a user keep within AWS’s 2,048 characters together', async () => {
  const { root, user } = await open()
  await user('alice')
  const big = policy({ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${'b'.repeat(1_200)}` })
  await root.good('PutUserPolicy', { UserName: 'alice', PolicyName: 'a', PolicyDocument: big })
  await root.bad('PutUserPolicy', { UserName: 'alice', PolicyName: 'b', PolicyDocument: big }, '409 LimitExceeded')
})

test('who did not sign, and what is no action, is told so', async () => {
  const { world, root } = await open()
  const fixed = { conditions: new Map(), address: '127.0.0.1', requestId: 'r' }
  const anonymous: Principal = { grants: new Map(), credential: { kind: 'open' } }
  const { status } = await world.access.iam.handle({ body: 'Action=GetCallerIdentity', principal: anonymous, ...fixed })
  assert.equal(status, 403)
  await root.bad('NoSuchThing', {}, '400 InvalidAction')
  await root.bad('toString', {}, '400 InvalidAction')
})

test('any form gets an answer', async () => {
  const { world, root } = await open()
  const principal = await root.principal()
  const actions = fc.constantFrom(...queryActionNames.map((name) => name.slice(4)))
  const names = fc.constantFrom(
    'UserName',
    'GroupName',
    'RoleName',
    'PolicyName',
    'PolicyArn',
    'PolicyDocument',
    'Marker',
  )
  const values = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('root', readBucket, '1', 'arn:aws:iam::aws:policy/ReadOnlyAccess'),
  )
  await fc.assert(
    fc.asyncProperty(actions, fc.dictionary(fc.oneof(names, fc.string()), values), async (Action, fields) => {
      const well = Object.entries(fields).map(([name, value]) => [name, value.toWellFormed()])
      const body = new URLSearchParams([...well, ['Action', Action]] as [string, string][]).toString()
      const asked = { conditions: new Map(), address: '127.0.0.1', requestId: 'r' }
      const { status, xml } = await world.access.iam.handle({ body, principal, ...asked })
      assert.ok(status < 500 || status === 501, xml)
    }),
    { numRuns: 1_000 },
  )
})
