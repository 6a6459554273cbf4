// The operators of conditions: whether one value of a request fits one value of a policy. Negated operators are the others' opposite.
// What cannot be read as what the operator compares (a number, a time, an address) fits nothing.
//
// Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators".

import type { OperatorName } from './policy-document.ts'
import { isWithin, parseAddress, parseNetwork } from './networks.ts'
import type { Network } from './networks.ts'
import { Template } from './template.ts'
import type { VariableOf } from './template.ts'

/** Whether a value of the request fits one of the values of the policy. */
export type Comparison = (value: string, variableOf: VariableOf) => boolean

export interface Operator {
  /** Holds where none of the values fits. */
  readonly isNegated: boolean
  readonly compare: Comparison
}

interface CompileOptions {
  readonly variables: boolean
}

/** `Null` is not among them: it asks about keys, not values. */
export function compileOperator(
  name: Exclude<OperatorName, 'Null'>,
  values: readonly string[],
  options: CompileOptions,
): Operator {
  switch (name) {
    case 'StringEquals':
      return is(texts(values, { ...options, wildcards: false }))
    case 'StringNotEquals':
      return isNot(texts(values, { ...options, wildcards: false }))
    case 'StringEqualsIgnoreCase':
      return is(caselessTexts(values, options))
    case 'StringNotEqualsIgnoreCase':
      return isNot(caselessTexts(values, options))
    case 'StringLike':
      return is(texts(values, { ...options, wildcards: true }))
    case 'StringNotLike':
      return isNot(texts(values, { ...options, wildcards: true }))
    case 'ArnEquals':
    case 'ArnLike':
      return is(arns(values, options))
    case 'ArnNotEquals':
    case 'ArnNotLike':
      return isNot(arns(values, options))
    case 'Bool':
      return is((value) => values.some((wanted) => wanted.toLowerCase() === value.toLowerCase()))
    case 'BinaryEquals':
      return is(binaries(values))
    case 'IpAddress':
      return is(addresses(values))
    case 'NotIpAddress':
      return isNot(addresses(values))
    default:
      return compileOrdered(name, values)
  }
}

type OrderedName = Extract<OperatorName, `Numeric${string}` | `Date${string}`>

function compileOrdered(name: OrderedName, values: readonly string[]): Operator {
  const parse = name.startsWith('Date') ? parseDateMs : parseNumber
  const wanted = values.flatMap((value) => parse(value) ?? [])
  const compare = (fits: (given: number, bound: number) => boolean): Comparison => {
    return (value) => {
      const given = parse(value)
      return given !== undefined && wanted.some((bound) => fits(given, bound))
    }
  }
  switch (name) {
    case 'NumericEquals':
    case 'DateEquals':
      return is(compare((given, bound) => given === bound))
    case 'NumericNotEquals':
    case 'DateNotEquals':
      return isNot(compare((given, bound) => given === bound))
    case 'NumericLessThan':
    case 'DateLessThan':
      return is(compare((given, bound) => given < bound))
    case 'NumericLessThanEquals':
    case 'DateLessThanEquals':
      return is(compare((given, bound) => given <= bound))
    case 'NumericGreaterThan':
    case 'DateGreaterThan':
      return is(compare((given, bound) => given > bound))
    case 'NumericGreaterThanEquals':
    case 'DateGreaterThanEquals':
      return is(compare((given, bound) => given >= bound))
  }
}

/** Whether a value can be compared by the operator; for the check of a policy. */
export function isComparable(name: OperatorName, value: string): boolean {
  if (value.includes('${')) return true
  if (name.startsWith('Numeric')) return parseNumber(value) !== undefined
  if (name.startsWith('Date')) return parseDateMs(value) !== undefined
  if (name === 'Bool' || name === 'Null') return /^(true|false)$/i.test(value)
  if (name === 'IpAddress' || name === 'NotIpAddress') return parseNetwork(value) !== undefined
  if (name === 'BinaryEquals') return /^[A-Za-z0-9+/]*={0,2}$/.test(value)
  return true
}

function is(compare: Comparison): Operator {
  return { isNegated: false, compare }
}

function isNot(compare: Comparison): Operator {
  return { isNegated: true, compare }
}

function texts(
  values: readonly string[],
  options: { readonly variables: boolean; readonly wildcards: boolean },
): Comparison {
  const templates = values.map((value) => new Template(value, options))
  return (value, variableOf) => templates.some((template) => template.matches(value, variableOf))
}

function caselessTexts(values: readonly string[], options: CompileOptions): Comparison {
  const templates = values.map((value) => new Template(value, { ...options, wildcards: false }))
  return (value, variableOf) => {
    const given = value.toLowerCase()
    return templates.some((template) => template.pattern(variableOf)?.literal?.toLowerCase() === given)
  }
}

/** Part by part: a wildcard does not reach over a colon, but in the last of the six parts. */
function arns(values: readonly string[], options: CompileOptions): Comparison {
  const wanted = values.map((value) =>
    partsOfArn(value).map((part) => new Template(part, { ...options, wildcards: true })),
  )
  return (value, variableOf) => {
    const given = partsOfArn(value)
    return wanted.some(
      (parts) =>
        parts.length === given.length && parts.every((part, index) => part.matches(given[index] ?? '', variableOf)),
    )
  }
}

/** Colons inside of `${…}` part nothing. */
function partsOfArn(arn: string): readonly string[] {
  const parts: string[] = []
  let start = 0
  let isInVariable = false
  for (let at = 0; at < arn.length && parts.length < 5; at++) {
    if (arn.startsWith('${', at)) isInVariable = true
    else if (arn[at] === '}') isInVariable = false
    else if (arn[at] === ':' && !isInVariable) {
      parts.push(arn.slice(start, at))
      start = at + 1
    }
  }
  parts.push(arn.slice(start))
  return parts
}

function binaries(values: readonly string[]): Comparison {
  const wanted = values.map((value) => Buffer.from(value, 'base64').toString('base64'))
  return (value) => wanted.includes(Buffer.from(value, 'base64').toString('base64'))
}

function addresses(values: readonly string[]): Comparison {
  const networks: readonly Network[] = values.flatMap((value) => parseNetwork(value) ?? [])
  return (value) => {
    const address = parseAddress(value)
    return address !== undefined && networks.some((network) => isWithin(address, network))
  }
}

function parseNumber(text: string): number | undefined {
  return /^[+-]?\d{1,40}(\.\d{1,40})?$/.test(text) ? Number(text) : undefined
}

/** ISO 8601 as the W3C's profile has it, or seconds since 1970. */
function parseDateMs(text: string): number | undefined {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text) && text.length !== 4) return Number(text) * 1_000
  if (!/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?)?)?$/.test(text)) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}
