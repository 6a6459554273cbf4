// Access control lists: the document, and the headers that say the same. What a list allows: src/gateway/s3/rules/acl.ts.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html

import { S3Error } from '../s3-error.ts'
import { emailRefused, grantee, toGroup } from './grantee.ts'
import type { Grantee } from './grantee.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import type { S3Document } from './shape/document.ts'
import { list, optional, record, required } from './shape/record.ts'
import { choice, text } from './shape/scalars.ts'

const permission = choice('FULL_CONTROL', 'WRITE', 'WRITE_ACP', 'READ', 'READ_ACP')
export type Permission = ValueOf<typeof permission>

const grant = record({ grantee: required('Grantee', grantee), permission: required('Permission', permission) })
export type Grant = ValueOf<typeof grant>

const owner = record({ id: required('ID', text({ min: 1 })), displayName: optional('DisplayName', text()) })
export type Owner = ValueOf<typeof owner>

const grantsMax = 100

const policy = record({
  owner: required('Owner', owner),
  grants: required('AccessControlList', list('Grant', grant)),
})
export type AccessControlPolicy = ValueOf<typeof policy>

const inner = s3Document<AccessControlPolicy>({
  root: 'AccessControlPolicy',
  content: policy,
  refine: (value) => {
    checkCount(value.grants)
    return value
  },
})

/** What is wrong with the XML is `MalformedACLError` here. */
export const accessControlPolicy: S3Document<AccessControlPolicy> = {
  ...inner,
  parse(bytes) {
    try {
      return inner.parse(bytes)
    } catch (error) {
      if (error instanceof S3Error && error.code === 'MalformedXML') {
        throw new S3Error('MalformedACLError', undefined, { cause: error })
      }
      throw error
    }
  },
}

/** Names as node:http gives them. */
const grantHeaders: readonly (readonly [string, Permission])[] = [
  ['x-amz-grant-read', 'READ'],
  ['x-amz-grant-write', 'WRITE'],
  ['x-amz-grant-read-acp', 'READ_ACP'],
  ['x-amz-grant-write-acp', 'WRITE_ACP'],
  ['x-amz-grant-full-control', 'FULL_CONTROL'],
]

/**
 * The grants of the headers `x-amz-grant-*`; `undefined` where there is none of them. The caller checks that each canonical id
 * is somebody's (`InvalidArgument`, "Invalid id").
 * @throws S3Error `InvalidArgument`, `UnresolvableGrantByEmailAddress`.
 */
export function parseGrantHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): readonly Grant[] | undefined {
  const grants: Grant[] = []
  let isGiven = false
  for (const [name, given] of grantHeaders) {
    const value = headers[name]
    if (typeof value !== 'string') continue
    isGiven = true
    for (const one of parseGrantees(name, value)) grants.push({ grantee: one, permission: given })
  }
  checkCount(grants)
  return isGiven ? grants : undefined
}

function checkCount(grants: readonly Grant[]): void {
  if (grants.length > grantsMax) {
    throw new S3Error('InvalidRequest', `The number of grants should not exceed ${grantsMax}.`)
  }
}

// One element of the list: id="…", uri=…, with the comma or the end.
const element = /[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(?:"([^"]*)"|'([^']*)'|([^\s,"']+))[ \t]*(?:,|$)/y

function parseGrantees(header: string, value: string): readonly Grantee[] {
  const grantees: Grantee[] = []
  let position = 0
  while (position < value.length) {
    element.lastIndex = position
    const match = element.exec(value)
    if (match === null) throw badGrant(header, value)
    const [, kind = '', double, single, bare] = match
    grantees.push(toGrantee(kind.toLowerCase(), double ?? single ?? bare ?? '', { header, value }))
    if (grantees.length > grantsMax) throw badGrant(header, value)
    position = element.lastIndex
  }
  if (grantees.length === 0) throw badGrant(header, value)
  return grantees
}

function toGrantee(kind: string, who: string, source: { readonly header: string; readonly value: string }): Grantee {
  if (kind === 'id' && who !== '') return { type: 'CanonicalUser', id: who }
  if (kind === 'uri') return toGroup(who)
  if (kind === 'emailaddress') throw emailRefused()
  throw badGrant(source.header, source.value)
}

function badGrant(header: string, value: string): S3Error {
  return new S3Error('InvalidArgument', 'Argument format not recognized', {
    fields: { ArgumentName: header, ArgumentValue: value },
  })
}
