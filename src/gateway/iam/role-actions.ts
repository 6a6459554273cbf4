// Roles: rights that are taken for a while (sts-actions.ts). Source: AWS IAM API Reference.

import { toHex } from '../../base/ids.ts'
import type { IdentityName } from '../../meta/contract/identity-metadata.ts'
import type { IdentityRow } from '../../meta/contract/identity-rows.ts'
import { roleArn } from '../policy/arn.ts'
import { uniqueId } from '../policy/principal-conditions.ts'
import { checkDocument } from './documents.ts'
import type { QueryActions, QueryCall } from './query-action.ts'
import { QueryError } from './query-error.ts'
import { formatTime, pageOf, policyNameOf, readPage } from './query-pages.ts'
import type { XmlFields } from './query-xml.ts'
import { tagsOf } from './user-actions.ts'

const namesMax = 64
const sessionBounds = { min: 3_600, max: 43_200 }

function roleOf({ form }: QueryCall): IdentityName {
  return { kind: 'role', name: form.name('RoleName', namesMax) }
}

async function ofRole(call: QueryCall): Promise<string> {
  return await call.identities.arn(roleOf(call))
}

export const roleActions: QueryActions = {
  CreateRole: { resource: ({ form }) => roleArn(form.name('RoleName', namesMax), form.path()), run: createRole },
  GetRole: {
    resource: ofRole,
    run: async (call) => ({ Role: describeRole(await call.identities.get(roleOf(call)), true) }),
  },
  ListRoles: { resource: () => roleArn('*'), run: listRoles },
  UpdateRole: { resource: ofRole, run: updateRole },
  UpdateAssumeRolePolicy: { resource: ofRole, run: updateTrust },
  DeleteRole: { resource: ofRole, run: deleteRole },
}

async function createRole({ form, identities, parts }: QueryCall): Promise<XmlFields> {
  const boundary = form.get('PermissionsBoundary')
  const row: IdentityRow = {
    ...identities.fresh({ kind: 'role', name: form.name('RoleName', namesMax) }, form.path()),
    revision: 1,
    id: toHex(parts.random.bytes(16)),
    tags: form.tags(),
    trustPolicy: checkDocument(form.required('AssumeRolePolicyDocument'), 'trust'),
    maxSessionSeconds: form.integer('MaxSessionDuration', sessionBounds) ?? sessionBounds.min,
    description: form.text('Description', 1_000) ?? '',
    ...(boundary === undefined ? {} : { boundary: policyNameOf(boundary) }),
  }
  await identities.put(row)
  return { Role: describeRole(row, false) }
}

async function listRoles({ form, parts }: QueryCall): Promise<XmlFields> {
  const { after, limit } = readPage(form)
  const from = after === undefined ? {} : { after }
  const page = pageOf(
    await parts.metadata.listIdentities({ kind: 'role', limit: limit + 1, ...from }),
    limit,
    ({ name }) => name,
  )
  const found = page.rows.filter(({ path }) => path.startsWith(form.get('PathPrefix') ?? '/'))
  return { Roles: found.map((row) => describeRole(row, false)), ...page.fields }
}

/** AWS answers it with an empty result. */
async function updateRole(call: QueryCall): Promise<XmlFields> {
  const maxSessionSeconds = call.form.integer('MaxSessionDuration', sessionBounds)
  const description = call.form.text('Description', 1_000)
  await call.identities.change(roleOf(call), (row) => ({
    ...row,
    ...(maxSessionSeconds === undefined ? {} : { maxSessionSeconds }),
    ...(description === undefined ? {} : { description }),
  }))
  return {}
}

async function updateTrust(call: QueryCall): Promise<undefined> {
  const trustPolicy = checkDocument(call.form.required('PolicyDocument'), 'trust')
  await call.identities.change(roleOf(call), (row) => ({ ...row, trustPolicy }))
}

async function deleteRole(call: QueryCall): Promise<undefined> {
  const row = await call.identities.get(roleOf(call))
  if (row.inline.length > 0) throw new QueryError('DeleteConflict', 'Cannot delete entity, must delete policies first.')
  if (row.attached.length > 0)
    throw new QueryError('DeleteConflict', 'Cannot delete entity, must detach all policies first.')
  await call.identities.remove(row)
}

function describeRole(row: IdentityRow, isFull: boolean): XmlFields {
  const { path, name, id, createdMs, trustPolicy, description, maxSessionSeconds } = row
  return {
    Path: path,
    RoleName: name,
    RoleId: uniqueId('AROA', id),
    Arn: roleArn(name, path),
    CreateDate: formatTime(createdMs),
    AssumeRolePolicyDocument: encodeURIComponent(trustPolicy ?? ''),
    ...(description === undefined || description === '' ? {} : { Description: description }),
    MaxSessionDuration: maxSessionSeconds,
    ...(isFull ? { Tags: tagsOf(row) } : {}),
  }
}
