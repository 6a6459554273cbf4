// The query of an S3 request: names and values, decoded; of a name that is given twice the first value counts, as with AWS. Names keep
// their case. Sub-resources have no value, which is the empty one.

import { decodeText } from '../http/request-target.ts'
import { S3Error } from './s3-error.ts'

export type S3Query = ReadonlyMap<string, string>

const parametersMax = 128
const empty: S3Query = new Map()

/** @throws S3Error `InvalidURI`, `InvalidArgument`. */
export function parseS3Query(raw: string): S3Query {
  if (raw === '') return empty
  const query = new Map<string, string>()
  // To the very end: what is signed must not be pushed out of sight by what is skipped. The head of a request is bounded.
  for (const parameter of raw.split('&')) {
    if (parameter === '') continue
    const equals = parameter.indexOf('=')
    const name = decodeText(equals < 0 ? parameter : parameter.slice(0, equals), true)
    const value = equals < 0 ? '' : decodeText(parameter.slice(equals + 1), true)
    if (name === undefined || value === undefined) throw new S3Error('InvalidURI')
    if (query.size === parametersMax) throw new S3Error('InvalidArgument', 'The query has too many parameters.')
    if (!query.has(name)) query.set(name, value)
  }
  return query
}

/**
 * A whole number from 0 to `max`; above it, `max`. @throws S3Error `InvalidArgument` where it is none, as AWS words it.
 */
export function countParameter(query: S3Query, name: string, max: number): number | undefined {
  const text = query.get(name)
  if (text === undefined || text === '') return undefined
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  const fields = { ArgumentName: name, ArgumentValue: text }
  if (Number.isNaN(value))
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`, { fields })
  if (value < 0 || value > 2_147_483_647)
    throw new S3Error('InvalidArgument', `Argument ${name} must be an integer between 0 and 2147483647`, { fields })
  return Math.min(value, max)
}
