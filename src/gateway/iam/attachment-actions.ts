// Inline and attached policies of users, groups and roles: the same seven actions for each of the three.
//
// Source: AWS IAM API Reference.

import type { IdentityName } from '../../meta/contract/identity-metadata.ts'
import type { IdentityKind, IdentityRow } from '../../meta/contract/identity-rows.ts'
import { checkDocument, checkInline } from './documents.ts'
import type { QueryActions, QueryCall } from './query-action.ts'
import { QueryError } from './query-error.ts'
import { policyArnOf, policyNameOf } from './query-pages.ts'
import type { XmlFields } from './query-xml.ts'

const kinds = { User: 'user', Group: 'group', Role: 'role' } as const

export const attachmentActions: QueryActions = {
  ...actionsFor('User'),
  ...actionsFor('Group'),
  ...actionsFor('Role'),
}

function actionsFor(title: keyof typeof kinds): QueryActions {
  const kind: IdentityKind = kinds[title]
  const of = ({ form }: QueryCall): IdentityName => ({
    kind,
    name: form.name(`${title}Name`, kind === 'user' ? 64 : 128),
  })
  const resource = async (call: QueryCall): Promise<string> => await call.identities.arn(of(call))
  const change = async (call: QueryCall, to: (row: IdentityRow) => IdentityRow | undefined): Promise<undefined> => {
    await call.identities.change(of(call), to)
  }
  return {
    [`Put${title}Policy`]: { resource, run: (call) => change(call, withInline(call)) },
    [`Delete${title}Policy`]: { resource, run: (call) => change(call, withoutInline(call)) },
    [`Attach${title}Policy`]: { resource, run: (call) => change(call, withAttached(call)) },
    [`Detach${title}Policy`]: { resource, run: (call) => change(call, withoutAttached(call)) },
    [`Get${title}Policy`]: {
      resource,
      run: async (call) => getInline(await call.identities.get(of(call)), `${title}Name`, call.form.name('PolicyName')),
    },
    [`List${title}Policies`]: {
      resource,
      run: async (call) => {
        const { inline } = await call.identities.get(of(call))
        return { PolicyNames: inline.map(({ name }) => name), IsTruncated: false }
      },
    },
    [`ListAttached${title}Policies`]: {
      resource,
      run: async (call) => {
        const { attached } = await call.identities.get(of(call))
        return { AttachedPolicies: attached.map(describeAttached), IsTruncated: false }
      },
    },
  }
}

function withInline({ form }: QueryCall): (row: IdentityRow) => IdentityRow {
  const name = form.name('PolicyName')
  const document = checkDocument(form.required('PolicyDocument'), 'inline')
  return (row) =>
    checkInline({ ...row, inline: [...row.inline.filter((each) => each.name !== name), { name, document }] })
}

function withoutInline({ form }: QueryCall): (row: IdentityRow) => IdentityRow {
  const name = form.name('PolicyName')
  return (row) => {
    const inline = row.inline.filter((each) => each.name !== name)
    if (inline.length === row.inline.length) throw noSuchPolicy(row, name)
    return { ...row, inline }
  }
}

function withAttached({ form }: QueryCall): (row: IdentityRow) => IdentityRow | undefined {
  const name = policyNameOf(form.required('PolicyArn'))
  return (row) => (row.attached.includes(name) ? undefined : { ...row, attached: [...row.attached, name] })
}

function withoutAttached({ form }: QueryCall): (row: IdentityRow) => IdentityRow {
  const arn = form.required('PolicyArn')
  const name = policyNameOf(arn)
  return (row) => {
    if (!row.attached.includes(name)) throw new QueryError('NoSuchEntity', `Policy ${arn} was not found.`)
    return { ...row, attached: row.attached.filter((each) => each !== name) }
  }
}

function getInline(row: IdentityRow, nameField: string, name: string): XmlFields {
  const found = row.inline.find((each) => each.name === name)
  if (found === undefined) throw noSuchPolicy(row, name)
  return { [nameField]: row.name, PolicyName: name, PolicyDocument: encodeURIComponent(found.document) }
}

function describeAttached(policy: string): XmlFields {
  return {
    PolicyName: policy.startsWith('aws/') ? policy.slice('aws/'.length) : policy,
    PolicyArn: policyArnOf(policy),
  }
}

function noSuchPolicy({ kind }: IdentityRow, name: string): QueryError {
  return new QueryError('NoSuchEntity', `The ${kind} policy with name ${name} cannot be found.`)
}
