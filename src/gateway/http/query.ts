// Query parameters. A parameter given twice is refused, because proxies and programs disagree about which one counts.
// Unknown ones are ignored, so that a newer client can talk to an older server.

import { FrostError } from '../../base/errors.ts'
import { decodeText } from './request-target.ts'

export type Query = ReadonlyMap<string, string>

const parametersMax = 32
const noParameters: Query = new Map()
/** Parameters that carry a file name or a part of one: what is wrong in them is a wrong name. */
const nameParameters: readonly string[] = ['filename', 'prefix', 'after']

/** @throws FrostError `name-invalid`, `bad-request`. */
export function parseQuery(raw: string): Query {
  if (raw === '') return noParameters
  const query = new Map<string, string>()
  let start = 0
  while (start < raw.length) {
    let end = raw.indexOf('&', start)
    if (end < 0) end = raw.length
    if (end > start) addParameter(query, raw.slice(start, end))
    start = end + 1
  }
  return query
}

function addParameter(query: Map<string, string>, parameter: string): void {
  const equals = parameter.indexOf('=')
  const key = decodeText(equals < 0 ? parameter : parameter.slice(0, equals), true)
  const value = equals < 0 ? '' : decodeText(parameter.slice(equals + 1), true)
  if (key === undefined || value === undefined) throw badEncoding(key)
  if (query.has(key)) {
    throw new FrostError('bad-request', `The query parameter ${JSON.stringify(key)} is given twice.`, {
      remedy: 'Give each query parameter once.',
    })
  }
  if (query.size === parametersMax) {
    throw new FrostError('bad-request', `The query has more than ${parametersMax} parameters.`, {
      remedy: 'Leave out what the call does not take.',
    })
  }
  query.set(key, value)
}

function badEncoding(key: string | undefined): FrostError {
  const code = key !== undefined && nameParameters.includes(key) ? 'name-invalid' : 'bad-request'
  const what = key === undefined ? 'The name of a query parameter' : `The query parameter ${JSON.stringify(key)}`
  return new FrostError(code, `${what} is not percent-encoded UTF-8.`, {
    remedy: 'Encode the UTF-8 bytes of the text, a % itself as %25.',
  })
}

/** `undefined` where the parameter is not given. @throws FrostError `bad-request` where it is not a whole number in the range. */
export function integerParameter(
  query: Query,
  key: string,
  range: { readonly min: number; readonly max: number },
): number | undefined {
  const text = query.get(key)
  if (text === undefined) return undefined
  const value = /^(-?[1-9][0-9]{0,15}|0)$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.min && value <= range.max) return value
  throw new FrostError(
    'bad-request',
    `${key}=${JSON.stringify(text)} is not a whole number from ${range.min} to ${range.max}.`,
    {
      remedy: `Give ${key} as digits, or leave it out.`,
    },
  )
}

/** @throws FrostError `bad-request` where it is neither `true` nor `false`. */
export function booleanParameter(query: Query, key: string): boolean {
  const text = query.get(key) ?? 'false'
  if (text === 'true' || text === 'false') return text === 'true'
  throw new FrostError('bad-request', `${key}=${JSON.stringify(text)} is neither true nor false.`, {
    remedy: `Give ${key}=true, or leave it out.`,
  })
}
