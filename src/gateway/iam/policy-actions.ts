// Managed policies and their versions. Those that every cluster has are read as others are, and never changed.
//
// Source: AWS IAM API Reference.

import type { IdentityName } from '../../meta/contract/identity-metadata.ts'
import { policyVersionsMax } from '../../meta/contract/identity-rows.ts'
import type { ManagedPolicyRow, PolicyVersion } from '../../meta/contract/identity-rows.ts'
import { toHex } from '../../base/ids.ts'
import { policyArn } from '../policy/arn.ts'
import { builtInPolicy, builtInPolicyNames } from '../policy/built-in-policies.ts'
import { uniqueId } from '../policy/principal-conditions.ts'
import { checkDocument } from './documents.ts'
import type { QueryActions, QueryCall } from './query-action.ts'
import { QueryError } from './query-error.ts'
import { formatTime, pageOf, policyArnOf, policyNameOf, readPage } from './query-pages.ts'
import type { XmlFields } from './query-xml.ts'
import { tagsOf } from './user-actions.ts'

const usesMax = 1_000

function ofPolicy({ form }: QueryCall): string {
  return form.required('PolicyArn')
}

export const policyActions: QueryActions = {
  CreatePolicy: { resource: ({ form }) => policyArn(form.name('PolicyName'), form.path()), run: createPolicy },
  GetPolicy: { resource: ofPolicy, run: getPolicy },
  ListPolicies: { resource: () => policyArn('*'), run: listPolicies },
  DeletePolicy: { resource: ofPolicy, run: deletePolicy },
  CreatePolicyVersion: { resource: ofPolicy, run: createVersion },
  GetPolicyVersion: { resource: ofPolicy, run: getVersion },
  ListPolicyVersions: { resource: ofPolicy, run: listVersions },
  SetDefaultPolicyVersion: { resource: ofPolicy, run: setDefault },
  DeletePolicyVersion: { resource: ofPolicy, run: deleteVersion },
  ListEntitiesForPolicy: { resource: ofPolicy, run: listEntities },
}

async function createPolicy({ form, identities, parts }: QueryCall): Promise<XmlFields> {
  const document = checkDocument(form.required('PolicyDocument'), 'managed')
  const nowMs = parts.clock.wallMs()
  const row: ManagedPolicyRow = {
    name: form.name('PolicyName'),
    revision: 1,
    id: toHex(parts.random.bytes(16)),
    path: form.path(),
    description: form.text('Description', 1_000) ?? '',
    createdMs: nowMs,
    updatedMs: nowMs,
    tags: form.tags(),
    defaultVersion: 'v1',
    versions: [{ id: 'v1', document, createdMs: nowMs }],
  }
  return { Policy: describePolicy(await identities.putPolicy(row), 0) }
}

async function getPolicy(call: QueryCall): Promise<XmlFields> {
  const name = policyNameOf(ofPolicy(call))
  const row = await readPolicy(call, name)
  return { Policy: { ...describePolicy(row, (await usesOf(call, name)).length), Tags: tagsOf(row) } }
}

async function listPolicies(call: QueryCall): Promise<XmlFields> {
  const { form, parts } = call
  const { after, limit } = readPage(form)
  const [scope, prefix] = [form.get('Scope') ?? 'All', form.get('PathPrefix') ?? '/']
  const own = await parts.metadata.listManagedPolicies({ limit: limit + 1, ...(after === undefined ? {} : { after }) })
  const page = pageOf(scope === 'AWS' ? [] : own, limit, ({ name }) => name)
  const isWithBuiltIn = scope !== 'Local' && after === undefined
  const rows = [
    ...(isWithBuiltIn ? builtInPolicyNames.flatMap((name) => builtInRow(`aws/${name}`) ?? []) : []),
    ...page.rows,
  ]
  const described = await Promise.all(rows.map(async (row) => ({ row, count: (await usesOf(call, row.name)).length })))
  const onlyAttached = form.get('OnlyAttached') === 'true'
  const found = described.filter(({ row, count }) => row.path.startsWith(prefix) && (!onlyAttached || count > 0))
  return { Policies: found.map(({ row, count }) => describePolicy(row, count)), ...page.fields }
}

async function deletePolicy(call: QueryCall): Promise<undefined> {
  const name = changeableName(call)
  const row = await call.identities.policy(name)
  if (row.versions.length > 1)
    throw new QueryError('DeleteConflict', 'This policy has more than one version. Delete its other versions first.')
  await call.identities.removePolicy(name)
}

async function createVersion(call: QueryCall): Promise<XmlFields> {
  const { form, parts } = call
  const document = checkDocument(form.required('PolicyDocument'), 'managed')
  const isDefault = form.get('SetAsDefault') === 'true'
  const row = await call.identities.changePolicy(changeableName(call), (before) => {
    if (before.versions.length >= policyVersionsMax)
      throw new QueryError(
        'LimitExceeded',
        `A managed policy can have up to ${policyVersionsMax} versions. Delete an existing version first.`,
      )
    const createdMs = parts.clock.wallMs()
    // Above all that were there, also those that are gone.
    const id = `v${before.revision + 1}`
    return {
      ...before,
      updatedMs: createdMs,
      versions: [...before.versions, { id, document, createdMs }],
      defaultVersion: isDefault ? id : before.defaultVersion,
    }
  })
  const made = row.versions.at(-1)
  return { PolicyVersion: made && describeVersion(row, made, false) }
}

async function getVersion(call: QueryCall): Promise<XmlFields> {
  const row = await readPolicy(call, policyNameOf(ofPolicy(call)))
  return { PolicyVersion: describeVersion(row, versionOf(row, call.form.required('VersionId')), true) }
}

async function listVersions(call: QueryCall): Promise<XmlFields> {
  const row = await readPolicy(call, policyNameOf(ofPolicy(call)))
  const versions = row.versions.toReversed().map((version) => describeVersion(row, version, false))
  return { Versions: versions, IsTruncated: false }
}

async function setDefault(call: QueryCall): Promise<undefined> {
  const id = call.form.required('VersionId')
  await call.identities.changePolicy(changeableName(call), (row) => ({
    ...row,
    updatedMs: call.parts.clock.wallMs(),
    defaultVersion: versionOf(row, id).id,
  }))
}

async function deleteVersion(call: QueryCall): Promise<undefined> {
  const id = call.form.required('VersionId')
  await call.identities.changePolicy(changeableName(call), (row) => {
    const gone = versionOf(row, id)
    if (gone.id === row.defaultVersion)
      throw new QueryError('DeleteConflict', 'Cannot delete the default version of a policy.')
    return { ...row, versions: row.versions.filter((version) => version.id !== gone.id) }
  })
}

async function listEntities(call: QueryCall): Promise<XmlFields> {
  const name = policyNameOf(ofPolicy(call))
  await readPolicy(call, name)
  const uses = await usesOf(call, name)
  const of = (kind: IdentityName['kind']): readonly string[] =>
    uses.filter((use) => use.kind === kind).map((use) => use.name)
  return {
    PolicyGroups: of('group').map((each) => ({ GroupName: each })),
    PolicyUsers: of('user').map((each) => ({ UserName: each })),
    PolicyRoles: of('role').map((each) => ({ RoleName: each })),
    IsTruncated: false,
  }
}

async function readPolicy({ identities }: QueryCall, name: string): Promise<ManagedPolicyRow> {
  return builtInRow(name) ?? (await identities.policy(name))
}

/** As if it were stored. */
function builtInRow(name: string): ManagedPolicyRow | undefined {
  const document = name.startsWith('aws/') ? builtInPolicy(name.slice('aws/'.length)) : undefined
  if (document === undefined) return undefined
  const id = Buffer.from(name).toString('hex').padEnd(32, '0')
  const times = { createdMs: 0, updatedMs: 0 }
  const versions = [{ id: 'v1', document, createdMs: 0 }]
  return { name, revision: 1, id, path: '/', description: '', ...times, tags: [], defaultVersion: 'v1', versions }
}

function changeableName(call: QueryCall): string {
  const name = policyNameOf(ofPolicy(call))
  if (!name.startsWith('aws/')) return name
  throw new QueryError('AccessDenied', 'Policies that every cluster has cannot be changed.')
}

function versionOf(row: ManagedPolicyRow, id: string): PolicyVersion {
  const version = row.versions.find((each) => each.id === id)
  if (version !== undefined) return version
  throw new QueryError('NoSuchEntity', `Policy version ${id.slice(0, 32)} does not exist.`)
}

async function usesOf({ parts }: QueryCall, policy: string): Promise<readonly IdentityName[]> {
  return await parts.metadata.listPolicyUses({ policy, limit: usesMax })
}

function describePolicy(row: ManagedPolicyRow, attachmentCount: number): XmlFields {
  const { name, id, path, description, defaultVersion, createdMs, updatedMs } = row
  return {
    PolicyName: name.startsWith('aws/') ? name.slice('aws/'.length) : name,
    PolicyId: uniqueId('ANPA', id),
    Arn: policyArnOf(name, path),
    Path: path,
    DefaultVersionId: defaultVersion,
    AttachmentCount: attachmentCount,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    ...(description === '' ? {} : { Description: description }),
    CreateDate: formatTime(createdMs),
    UpdateDate: formatTime(updatedMs),
  }
}

function describeVersion(
  row: ManagedPolicyRow,
  { id, document, createdMs }: PolicyVersion,
  isFull: boolean,
): XmlFields {
  return {
    ...(isFull ? { Document: encodeURIComponent(document) } : {}),
    VersionId: id,
    IsDefaultVersion: id === row.defaultVersion,
    CreateDate: formatTime(createdMs),
  }
}
