// Tags of users and roles: `aws:PrincipalTag/…` of policies. Source: AWS IAM API Reference.

import type { IdentityName } from '../../meta/contract/identity-metadata.ts'
import type { IdentityRow, IdentityTag } from '../../meta/contract/identity-rows.ts'
import type { QueryActions, QueryCall } from './query-action.ts'
import { checkTags } from './query-form.ts'
import { pageOf, readPageSize } from './query-pages.ts'
import type { XmlFields } from './query-xml.ts'
import { tagsOf, userNameOf } from './user-actions.ts'

type Named = (call: QueryCall) => IdentityName

const namesMax = 64
const keyLengthMax = 128

const user: Named = (call) => ({ kind: 'user', name: userNameOf(call) })
const role: Named = ({ form }) => ({ kind: 'role', name: form.name('RoleName', namesMax) })

export const tagActions: QueryActions = {
  TagUser: { resource: arnOf(user), run: (call) => tag(call, user) },
  UntagUser: { resource: arnOf(user), run: (call) => untag(call, user) },
  ListUserTags: { resource: arnOf(user), run: (call) => list(call, user) },
  TagRole: { resource: arnOf(role), run: (call) => tag(call, role) },
  UntagRole: { resource: arnOf(role), run: (call) => untag(call, role) },
  ListRoleTags: { resource: arnOf(role), run: (call) => list(call, role) },
}

function arnOf(named: Named): (call: QueryCall) => Promise<string> {
  return async (call) => await call.identities.arn(named(call))
}

async function tag(call: QueryCall, named: Named): Promise<undefined> {
  const fresh = call.form.tags()
  await call.identities.change(named(call), (row) => ({
    ...row,
    tags: checkTags([...row.tags.filter(({ key }) => !fresh.some((one) => one.key === key)), ...fresh]),
  }))
}

async function untag(call: QueryCall, named: Named): Promise<undefined> {
  const gone = call.form.list('TagKeys')
  await call.identities.change(named(call), (row) => ({
    ...row,
    tags: row.tags.filter(({ key }) => !gone.includes(key)),
  }))
}

/** By key, so that a marker holds whatever is set or taken away between two pages. */
async function list(call: QueryCall, named: Named): Promise<XmlFields> {
  const { form, identities } = call
  const after = form.text('Marker', keyLengthMax) ?? ''
  const row: IdentityRow = await identities.get(named(call))
  const tags = row.tags.filter(({ key }) => key > after).toSorted(byKey)
  const { rows, fields } = pageOf(tags, readPageSize(form), ({ key }) => key)
  return { Tags: tagsOf({ tags: rows }), ...fields }
}

function byKey(left: IdentityTag, right: IdentityTag): number {
  return left.key < right.key ? -1 : 1
}
