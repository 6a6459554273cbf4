// Groups of users: what is attached to one holds for all its members. Source: AWS IAM API Reference.

import { toHex } from '../../base/ids.ts'
import type { IdentityName } from '../../meta/contract/identity-metadata.ts'
import type { IdentityRow } from '../../meta/contract/identity-rows.ts'
import { userArn, userGroupArn } from '../policy/arn.ts'
import { uniqueId } from '../policy/principal-conditions.ts'
import type { QueryActions, QueryCall } from './query-action.ts'
import { QueryError } from './query-error.ts'
import { formatTime, pageOf, readPage } from './query-pages.ts'
import type { XmlFields } from './query-xml.ts'

const membersMax = 1_000

function groupOf({ form }: QueryCall): IdentityName {
  return { kind: 'group', name: form.name('GroupName') }
}

async function ofGroup(call: QueryCall): Promise<string> {
  return await call.identities.arn(groupOf(call))
}

export const groupActions: QueryActions = {
  CreateGroup: { resource: ({ form }) => userGroupArn(form.name('GroupName'), form.path()), run: createGroup },
  GetGroup: { resource: ofGroup, run: getGroup },
  ListGroups: { resource: () => userGroupArn('*'), run: listGroups },
  DeleteGroup: { resource: ofGroup, run: deleteGroup },
  UpdateGroup: { resource: ofGroup, run: updateGroup },
  AddUserToGroup: { resource: ofGroup, run: (call) => changeMembership(call, true) },
  RemoveUserFromGroup: { resource: ofGroup, run: (call) => changeMembership(call, false) },
  ListGroupsForUser: {
    resource: ({ form, identities }) => identities.arn({ kind: 'user', name: form.name('UserName', 64) }),
    run: listGroupsOf,
  },
}

async function createGroup({ form, identities, parts }: QueryCall): Promise<XmlFields> {
  const fresh = identities.fresh({ kind: 'group', name: form.name('GroupName') }, form.path())
  const row: IdentityRow = { ...fresh, revision: 1, id: toHex(parts.random.bytes(16)) }
  await identities.put(row)
  return { Group: describeGroup(row) }
}

async function getGroup(call: QueryCall): Promise<XmlFields> {
  const row = await call.identities.get(groupOf(call))
  const names = await call.parts.metadata.listMembers({ group: row.name, limit: membersMax })
  const users = await Promise.all(
    names.map(async (name) => {
      const [user, { path }] = await Promise.all([
        call.identities.user(name),
        call.identities.get({ kind: 'user', name }),
      ])
      const UserId = uniqueId('AIDA', user.canonicalId)
      return { Path: path, UserName: name, UserId, Arn: userArn(name, path), CreateDate: formatTime(user.createdMs) }
    }),
  )
  return { Group: describeGroup(row), Users: users, IsTruncated: false }
}

async function listGroups({ form, parts }: QueryCall): Promise<XmlFields> {
  const { after, limit } = readPage(form)
  const from = after === undefined ? {} : { after }
  const page = pageOf(
    await parts.metadata.listIdentities({ kind: 'group', limit: limit + 1, ...from }),
    limit,
    ({ name }) => name,
  )
  const found = page.rows.filter(({ path }) => path.startsWith(form.get('PathPrefix') ?? '/'))
  return { Groups: found.map(describeGroup), ...page.fields }
}

async function deleteGroup(call: QueryCall): Promise<undefined> {
  const row = await call.identities.get(groupOf(call))
  if (row.inline.length > 0) throw new QueryError('DeleteConflict', 'Cannot delete entity, must delete policies first.')
  if (row.attached.length > 0)
    throw new QueryError('DeleteConflict', 'Cannot delete entity, must detach all policies first.')
  await call.identities.remove(row)
}

async function updateGroup(call: QueryCall): Promise<undefined> {
  const group = groupOf(call)
  const fresh = call.form.get('NewGroupName')
  if (fresh !== undefined && fresh !== group.name)
    throw new QueryError('NotImplemented', 'The name of a group never changes: make another one.')
  const path = call.form.path('NewPath')
  if (call.form.get('NewPath') !== undefined) await call.identities.change(group, (row) => ({ ...row, path }))
}

async function changeMembership(call: QueryCall, isMember: boolean): Promise<undefined> {
  const { name: group } = await call.identities.get(groupOf(call))
  await call.identities.change({ kind: 'user', name: call.form.name('UserName', 64) }, (row) => {
    const others = row.groups.filter((each) => each !== group)
    if (isMember) return others.length < row.groups.length ? undefined : { ...row, groups: [...others, group] }
    if (others.length === row.groups.length)
      throw new QueryError('NoSuchEntity', `The user with name ${row.name} is not in the group ${group}.`)
    return { ...row, groups: others }
  })
}

async function listGroupsOf({ form, identities }: QueryCall): Promise<XmlFields> {
  const { groups } = await identities.get({ kind: 'user', name: form.name('UserName', 64) })
  const rows = await Promise.all(groups.map((name) => identities.get({ kind: 'group', name })))
  return { Groups: rows.map(describeGroup), IsTruncated: false }
}

function describeGroup({ path, name, id, createdMs }: IdentityRow): XmlFields {
  return {
    Path: path,
    GroupName: name,
    GroupId: uniqueId('AGPA', id),
    Arn: userGroupArn(name, path),
    CreateDate: formatTime(createdMs),
  }
}
