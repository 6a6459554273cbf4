// The parameters of a query request: a form body (or query) `Action=…&Version=…&UserName=…&Tags.member.1.Key=…`. What is taken from it
// is checked; what nobody takes is ignored, as AWS does with what it does not know.

import type { IdentityTag } from '../../meta/contract/identity-rows.ts'
import { QueryError } from './query-error.ts'

/** AWS's own bound is 10 MB; the largest that makes sense here is a policy and its encoding. */
export const formBytesMax = 128 * 1024

const listMax = 100

export class QueryForm {
  readonly #fields: URLSearchParams

  /** `body`: application/x-www-form-urlencoded. */
  constructor(body: string) {
    this.#fields = new URLSearchParams(body)
  }

  /** `undefined`: absent, or empty. */
  get(name: string): string | undefined {
    const value = this.#fields.get(name)
    return value === null || value === '' ? undefined : value
  }

  required(name: string): string {
    const value = this.get(name)
    if (value !== undefined) return value
    throw new QueryError('ValidationError', `The request must contain the parameter ${name}.`)
  }

  /** A name of the kinds that IAM has. */
  name(parameter: string, lengthMax = 128): string {
    return checkName(parameter, this.required(parameter), lengthMax)
  }

  optionalName(parameter: string, lengthMax = 128): string | undefined {
    const value = this.get(parameter)
    return value === undefined ? undefined : checkName(parameter, value, lengthMax)
  }

  /** A path of IAM; `/` where there is none. */
  path(parameter = 'Path'): string {
    const path = this.get(parameter) ?? '/'
    if (path.length <= 512 && /^\/([!-.0-~]+\/)*$/.test(path)) return path
    throw new QueryError(
      'ValidationError',
      `${parameter} must begin and end with a slash, and have at most 512 characters.`,
    )
  }

  /** @throws QueryError `ValidationError`: not a whole number within the bounds. */
  integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
    const text = this.get(name)
    if (text === undefined) return undefined
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new QueryError('ValidationError', `${name} must be a whole number from ${min} to ${max}.`)
  }

  text(name: string, lengthMax: number): string | undefined {
    const value = this.get(name)
    if (value === undefined || value.length <= lengthMax) return value
    throw new QueryError('ValidationError', `${name} must have at most ${lengthMax} characters.`)
  }

  /** `NAME.member.1`, … */
  list(name: string): readonly string[] {
    const values: string[] = []
    for (let index = 1; index <= listMax; index++) {
      const value = this.get(`${name}.member.${index}`)
      if (value === undefined) break
      values.push(value)
    }
    return values
  }

  tags(): readonly IdentityTag[] {
    const tags: IdentityTag[] = []
    for (let index = 1; index <= 51; index++) {
      const key = this.get(`Tags.member.${index}.Key`)
      if (key === undefined) break
      const value = this.get(`Tags.member.${index}.Value`) ?? ''
      if (key.length > 128 || value.length > 256)
        throw new QueryError('ValidationError', 'The key of a tag has at most 128 characters, its value 256.')
      tags.push({ key, value })
    }
    return checkTags(tags)
  }
}

/** @throws QueryError: too many, or one twice. */
export function checkTags(tags: readonly IdentityTag[]): readonly IdentityTag[] {
  if (tags.length > 50) throw new QueryError('LimitExceeded', 'There can be at most 50 tags.')
  if (new Set(tags.map(({ key }) => key.toLowerCase())).size < tags.length)
    throw new QueryError('InvalidInput', 'Duplicate tag keys found.')
  return tags
}

function checkName(parameter: string, value: string, lengthMax: number): string {
  if (value.length <= lengthMax && /^[\w+=,.@-]+$/.test(value)) return value
  throw new QueryError(
    'ValidationError',
    `The specified value for ${lowerFirst(parameter)} is invalid: it takes letters, digits and +=,.@_-`,
  )
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
