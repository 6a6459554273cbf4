// Users and their access keys. Source: AWS IAM API Reference. A user that IAM makes has the role `none`.

import type { AccessKeyRow, UserRow } from '../../meta/contract/access-rows.ts'
import type { IdentityRow } from '../../meta/contract/identity-rows.ts'
import { drawKeyId, drawKeySecret } from '../auth/session-tokens.ts'
import { uniqueId } from '../policy/principal-conditions.ts'
import { QueryError } from './query-error.ts'
import type { QueryActions, QueryCall } from './query-action.ts'
import type { XmlFields } from './query-xml.ts'
import { userArn } from '../policy/arn.ts'
import { formatTime, pageOf, policyArnOf, policyNameOf, readPage } from './query-pages.ts'

const namesMax = 64

/** Whom a call is about that may leave out the name: who asks. */
export function userNameOf({ form, principal }: QueryCall): string {
  const name = form.optionalName('UserName', namesMax)
  if (name !== undefined) return name
  if (principal.user !== undefined && principal.session?.role === undefined) return principal.user.name
  throw new QueryError('ValidationError', 'Must specify userName when calling with non-User credentials')
}

async function ofUser(call: QueryCall): Promise<string> {
  return await call.identities.arn({ kind: 'user', name: userNameOf(call) })
}

export const userActions: QueryActions = {
  CreateUser: { resource: ({ form }) => userArn(form.name('UserName', namesMax), form.path()), run: createUser },
  GetUser: { resource: ofUser, isOwn: true, run: getUser },
  ListUsers: { resource: ({ form }) => userArn('*', form.path('PathPrefix')), run: listUsers },
  UpdateUser: { resource: ofUser, run: updateUser },
  DeleteUser: { resource: ofUser, run: deleteUser },
  PutUserPermissionsBoundary: { resource: ofUser, run: (call) => setBoundary(call, boundaryName(call)) },
  DeleteUserPermissionsBoundary: { resource: ofUser, run: (call) => setBoundary(call, undefined) },
  CreateAccessKey: { resource: ofUser, isOwn: true, run: createKey },
  ListAccessKeys: { resource: ofUser, isOwn: true, run: listKeys },
  UpdateAccessKey: { resource: ofUser, isOwn: true, run: updateKey },
  DeleteAccessKey: { resource: ofUser, isOwn: true, run: deleteKey },
  GetAccessKeyLastUsed: { resource: ofKeysUser, concealsResource: true, run: keyLastUsed },
}

async function createUser(call: QueryCall): Promise<XmlFields> {
  const { form, identities, parts } = call
  const name = form.name('UserName', namesMax)
  const path = form.path()
  const tags = form.tags()
  const limit = form.get('PermissionsBoundary') === undefined ? {} : { boundary: boundaryName(call) }
  const user = await parts.accounts.createUser({ name, role: 'none' })
  const row = { ...identities.fresh({ kind: 'user', name }, path), revision: 1, tags, ...limit }
  if (path === '/' && tags.length === 0 && limit.boundary === undefined) return { User: describeUser(user, row) }
  try {
    await identities.put(row)
  } catch (error) {
    // Nobody is to be there without the limit that was asked for.
    await parts.accounts.removeUser(name)
    throw error
  }
  return { User: describeUser(user, row) }
}

async function getUser(call: QueryCall): Promise<XmlFields> {
  const user = await call.identities.user(userNameOf(call))
  return { User: { ...describeUser(user, await identityOf(call)), Tags: tagsOf(await identityOf(call)) } }
}

async function listUsers({ form, identities, parts }: QueryCall): Promise<XmlFields> {
  const prefix = form.get('PathPrefix') ?? '/'
  const { after, limit } = readPage(form)
  const users = await parts.metadata.listUsers({ limit: limit + 1, ...(after === undefined ? {} : { after }) })
  const page = pageOf(users, limit, ({ name }) => name)
  const rows = await Promise.all(
    page.rows.map(async (user) => [user, await identities.get({ kind: 'user', name: user.name })] as const),
  )
  const found = rows.filter(([, identity]) => identity.path.startsWith(prefix))
  return { Users: found.map(([user, identity]) => describeUser(user, identity)), ...page.fields }
}

async function updateUser(call: QueryCall): Promise<undefined> {
  const name = userNameOf(call)
  const fresh = call.form.get('NewUserName')
  if (fresh !== undefined && fresh !== name)
    throw new QueryError('NotImplemented', 'The name of a user never changes: make another one.')
  const path = call.form.get('NewPath') === undefined ? undefined : call.form.path('NewPath')
  if (path !== undefined) await call.identities.change({ kind: 'user', name }, (row) => ({ ...row, path }))
  else await call.identities.user(name)
}

/** As AWS, only where nothing belongs to the user any more. */
async function deleteUser(call: QueryCall): Promise<undefined> {
  const name = userNameOf(call)
  const { parts, identities } = call
  await identities.user(name)
  const identity = await identities.get({ kind: 'user', name })
  const keys = await parts.metadata.listAccessKeys(name)
  const rest = [
    [keys.length, 'delete access keys first'],
    [identity.inline.length, 'delete policies first'],
    [identity.attached.length, 'detach all policies first'],
    [identity.groups.length, 'remove users from group first'],
  ] as const
  const [, what] = rest.find(([count]) => count > 0) ?? []
  if (what !== undefined) throw new QueryError('DeleteConflict', `Cannot delete entity, must ${what}.`)
  await parts.accounts.removeUser(name)
}

function boundaryName({ form }: QueryCall): string {
  return policyNameOf(form.required('PermissionsBoundary'))
}

async function setBoundary(call: QueryCall, boundary: string | undefined): Promise<undefined> {
  await call.identities.change({ kind: 'user', name: userNameOf(call) }, ({ boundary: before, ...row }) => {
    if (before === boundary) return undefined
    return boundary === undefined ? row : { ...row, boundary }
  })
}

async function createKey(call: QueryCall): Promise<XmlFields> {
  const user = userNameOf(call)
  await call.identities.user(user)
  const { accounts, random } = call.parts
  const { row, secret } = await accounts.createKey({
    user,
    id: drawKeyId('AKIA', random),
    secret: drawKeySecret(random),
  })
  return { AccessKey: { ...describeKey(row), SecretAccessKey: secret } }
}

async function listKeys(call: QueryCall): Promise<XmlFields> {
  const name = userNameOf(call)
  await call.identities.user(name)
  const keys = await call.parts.metadata.listAccessKeys(name)
  return { UserName: name, AccessKeyMetadata: keys.map(describeKey), IsTruncated: false }
}

async function updateKey(call: QueryCall): Promise<undefined> {
  const status = call.form.required('Status')
  if (status !== 'Active' && status !== 'Inactive')
    throw new QueryError('ValidationError', 'Status must be Active or Inactive.')
  await call.parts.accounts.changeKey((await keyOf(call)).id, { enabled: status === 'Active' })
}

async function deleteKey(call: QueryCall): Promise<undefined> {
  await call.parts.accounts.removeKey((await keyOf(call)).id)
}

/** When a key was used is not kept: the answer is that of a key that was not. */
async function keyLastUsed(call: QueryCall): Promise<XmlFields> {
  const key = await readKey(call)
  if (key === undefined) throw noSuchKey(call)
  return { UserName: key.user, AccessKeyLastUsed: { Region: 'N/A', ServiceName: 'N/A' } }
}

async function ofKeysUser(call: QueryCall): Promise<string> {
  const key = await readKey(call)
  return await call.identities.arn({ kind: 'user', name: key?.user ?? 'unknown' })
}

async function readKey({ form, parts }: QueryCall): Promise<AccessKeyRow | undefined> {
  const id = form.required('AccessKeyId')
  return /^[A-Za-z0-9._@+-]{3,128}$/.test(id) ? await parts.metadata.getAccessKey(id) : undefined
}

/** The key that is named, of the user that is named. */
async function keyOf(call: QueryCall): Promise<AccessKeyRow> {
  const key = await readKey(call)
  if (key?.user !== userNameOf(call)) throw noSuchKey(call)
  return key
}

function noSuchKey({ form }: QueryCall): QueryError {
  return new QueryError(
    'NoSuchEntity',
    `The Access Key with id ${form.required('AccessKeyId').slice(0, 128)} cannot be found.`,
  )
}

async function identityOf(call: QueryCall): Promise<IdentityRow> {
  return await call.identities.get({ kind: 'user', name: userNameOf(call) })
}

function describeUser({ name, canonicalId, createdMs }: UserRow, { path, boundary }: IdentityRow): XmlFields {
  return {
    Path: path,
    UserName: name,
    UserId: uniqueId('AIDA', canonicalId),
    Arn: userArn(name, path),
    CreateDate: formatTime(createdMs),
    ...(boundary === undefined
      ? {}
      : { PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: policyArnOf(boundary) } }),
  }
}

function describeKey({ id, user, enabled, createdMs }: AccessKeyRow): XmlFields {
  return { UserName: user, AccessKeyId: id, Status: enabled ? 'Active' : 'Inactive', CreateDate: formatTime(createdMs) }
}

export function tagsOf({ tags }: Pick<IdentityRow, 'tags'>): readonly XmlFields[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }))
}
