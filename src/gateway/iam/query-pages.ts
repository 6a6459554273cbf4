// Pages of lists, times, and names of policies, as the query APIs write them.

import { accountId, policyArn } from '../policy/arn.ts'
import { builtInPolicy } from '../policy/built-in-policies.ts'
import type { QueryForm } from './query-form.ts'
import { QueryError } from './query-error.ts'
import type { XmlFields } from './query-xml.ts'

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** What the answer says of the rest. */
  readonly fields: XmlFields
}

/** A marker is the last name of the page before. */
export function readPage(form: QueryForm): { readonly after: string | undefined; readonly limit: number } {
  return { after: form.optionalName('Marker'), limit: readPageSize(form) }
}

/** AWS takes up to 1,000; a page may have fewer than were asked for, and metadata lists 1,000 with the one that follows. */
export function readPageSize(form: QueryForm): number {
  return Math.min(form.integer('MaxItems', { min: 1, max: 1_000 }) ?? 100, 999)
}

/** `rows`: one more than the page has, where there are more. */
export function pageOf<Row>(rows: readonly Row[], limit: number, nameOf: (row: Row) => string): Page<Row> {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const isTruncated = rows.length > limit && last !== undefined
  return { rows: page, fields: { IsTruncated: isTruncated, ...(isTruncated ? { Marker: nameOf(last) } : {}) } }
}

/** ISO 8601, whole seconds. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

const builtInPrefix = 'arn:aws:iam::aws:policy/'

/** The name by which metadata knows the policy of an ARN. @throws QueryError `NoSuchEntity`, `ValidationError`. */
export function policyNameOf(arn: string): string {
  if (arn.startsWith(builtInPrefix)) {
    const name = arn.slice(arn.lastIndexOf('/') + 1)
    if (builtInPolicy(name) !== undefined) return `aws/${name}`
    throw new QueryError('NoSuchEntity', `Policy ${arn.slice(0, 512)} does not exist or is not attachable.`)
  }
  const [, account, name] = /^arn:aws:iam::(\d{12}):policy\/(?:[!-.0-~]+\/)*([\w+=,.@-]{1,128})$/.exec(arn) ?? []
  if (name === undefined) throw new QueryError('ValidationError', `ARN ${arn.slice(0, 512)} is not valid.`)
  if (account === accountId) return name
  throw new QueryError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`)
}

/** The ARN where its path is not known. */
export function policyArnOf(name: string, path?: string): string {
  return name.startsWith('aws/') ? builtInPrefix + name.slice('aws/'.length) : policyArn(name, path)
}
