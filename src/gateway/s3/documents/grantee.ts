// To whom a grant is given. The kind stands in the attribute xsi:type; clients that leave it out mean what the element holds.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Grantee.html

import { S3Error } from '../s3-error.ts'
import { hasText } from '../xml/xml-element.ts'
import type { XmlElement } from '../xml/xml-element.ts'
import { malformedXml } from '../xml/xml-reader.ts'
import { storedWrongly } from './shape/content.ts'
import type { Content } from './shape/content.ts'
import { textOf } from './shape/scalars.ts'

export const allUsers = 'http://acs.amazonaws.com/groups/global/AllUsers'
export const authenticatedUsers = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'
export const logDelivery = 'http://acs.amazonaws.com/groups/s3/LogDelivery'
const groupUris: readonly string[] = [allUsers, authenticatedUsers, logDelivery]

export interface CanonicalUser {
  readonly type: 'CanonicalUser'
  /** The canonical id; whether there is such a user is decided by who knows them. */
  readonly id: string
  readonly displayName?: string
}

export interface Group {
  readonly type: 'Group'
  readonly uri: string
}

export type Grantee = CanonicalUser | Group

const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance'

/** Grantees by e-mail address are refused (`UnresolvableGrantByEmailAddress`): addresses are not kept. */
export const grantee: Content<Grantee> = {
  read(element) {
    if (hasText(element)) throw malformedXml()
    const type = element.attributes.get('type')
    const fields = new Map<string, string>()
    for (const child of element.children) {
      if (fields.has(child.name)) throw malformedXml()
      fields.set(child.name, fieldOf(child))
    }
    return toGrantee(type, fields)
  },
  write(writer, name, value) {
    writer.openWith(name, { 'xmlns:xsi': schemaInstance, 'xsi:type': value.type })
    if (value.type === 'Group') {
      writer.element('URI', value.uri)
    } else {
      writer.element('ID', value.id)
      writer.optional('DisplayName', value.displayName)
    }
    writer.close(name)
  },
  revive(stored) {
    if (typeof stored !== 'object' || stored === null) throw storedWrongly('a grantee')
    const { type, id, uri, displayName } = stored as Readonly<Record<string, unknown>>
    if (type === 'Group' && typeof uri === 'string') return { type, uri }
    if (type === 'CanonicalUser' && typeof id === 'string') {
      return typeof displayName === 'string' ? { type, id, displayName } : { type, id }
    }
    throw storedWrongly('a grantee')
  },
}

const fieldNames: readonly string[] = ['ID', 'URI', 'DisplayName', 'EmailAddress']

function fieldOf(child: XmlElement): string {
  if (!fieldNames.includes(child.name)) throw malformedXml()
  return textOf(child)
}

function toGrantee(type: string | undefined, fields: ReadonlyMap<string, string>): Grantee {
  const id = fields.get('ID')
  const uri = fields.get('URI')
  if (type === 'AmazonCustomerByEmail' || (type === undefined && fields.has('EmailAddress'))) throw emailRefused()
  if (uri !== undefined && (type === undefined || type === 'Group')) return toGroup(uri.trim())
  if (id !== undefined && (type === undefined || type === 'CanonicalUser')) return toCanonicalUser(id, fields)
  throw malformedXml()
}

function toCanonicalUser(id: string, fields: ReadonlyMap<string, string>): CanonicalUser {
  const displayName = fields.get('DisplayName')
  if (id.trim() === '')
    throw new S3Error('InvalidArgument', 'Invalid id', { fields: { ArgumentName: 'CanonicalUser/ID' } })
  return displayName === undefined
    ? { type: 'CanonicalUser', id: id.trim() }
    : { type: 'CanonicalUser', id: id.trim(), displayName }
}

/** @throws S3Error `InvalidArgument` where there is no such group. */
export function toGroup(uri: string): Group {
  if (groupUris.includes(uri)) return { type: 'Group', uri }
  throw new S3Error('InvalidArgument', 'Invalid group uri', {
    fields: { ArgumentName: 'uri', ArgumentValue: uri },
  })
}

export function emailRefused(): S3Error {
  return new S3Error('UnresolvableGrantByEmailAddress')
}
