// The policy of a form upload: what may be uploaded with it, signed by whoever gave the form out. Every field of the form must be
// covered by a condition, but for those that carry the policy and its signature. Pure. Source: "POST Policy", Amazon S3 API
// Reference ("Creating a POST Policy").
//
// Parsing is bounded: the text by the form's own limits, conditions by `conditionsMax`.

import { S3Error } from '../s3-error.ts'

export interface PostPolicy {
  readonly expirationMs: number
  readonly conditions: readonly PostCondition[]
  /** Of the file, in bytes: the narrowest of what the conditions allow. */
  readonly lengthRange: { readonly min: number; readonly max: number } | undefined
}

export interface PostCondition {
  readonly operator: 'eq' | 'starts-with'
  /** Lower case, without the `$`. */
  readonly field: string
  readonly value: string
}

/** Names in lower case; `bucket` and `key` are among them, the latter with `${filename}` replaced. */
export type FormFields = ReadonlyMap<string, string>

const policyCharactersMax = 64 * 1024
const conditionsMax = 256

/** @throws S3Error `InvalidPolicyDocument`. `text`: the form's field, base64. */
export function parsePostPolicy(text: string): PostPolicy {
  const document = parseDocument(text)
  const { expiration, conditions } = document
  if (expiration === undefined) throw invalidPolicy('Policy missing expiration.')
  if (conditions === undefined) throw invalidPolicy('Policy missing conditions.')
  for (const name of Object.keys(document))
    if (name !== 'expiration' && name !== 'conditions') throw invalidPolicy(`Unexpected: '${name.slice(0, 64)}'`)
  if (!Array.isArray(conditions)) throw invalidPolicy("Invalid 'conditions' value: must be a List.")
  if (conditions.length > conditionsMax) throw invalidPolicy(`more than ${conditionsMax} conditions.`)
  const parsed = conditions.map((condition: unknown) => parseCondition(condition))
  return {
    expirationMs: parseExpiration(expiration),
    conditions: parsed.filter((condition) => condition.operator !== 'content-length-range'),
    lengthRange: narrowest(parsed.filter((condition) => condition.operator === 'content-length-range')),
  }
}

/**
 * All but the length of the file, which `lengthRange` is for: too long is `EntityTooLarge`, too short `EntityTooSmall`.
 * @throws S3Error `AccessDenied` "Invalid according to Policy: …".
 */
export function checkPostPolicy(policy: PostPolicy, fields: FormFields, nowMs: number): void {
  if (nowMs > policy.expirationMs) throw refused('Policy expired.')
  const covered = new Set<string>()
  for (const { operator, field, value } of policy.conditions) {
    covered.add(field)
    const given = fields.get(field) ?? ''
    const holds = operator === 'eq' ? given === value : startsWith(field, given, value)
    if (!holds) throw refused(`Policy Condition failed: ${JSON.stringify([operator, `$${field}`, value])}`)
  }
  const extra = [...fields.keys()].filter((field) => !covered.has(field) && !isExempt(field))
  if (extra.length > 0) throw refused(`Extra input fields: ${extra.join(', ').slice(0, 256)}`)
}

/** @throws S3Error `EntityTooLarge`, `EntityTooSmall`. */
export function checkFormLength({ lengthRange }: PostPolicy, sizeBytes: number): void {
  if (lengthRange === undefined) return
  const fields = {
    ProposedSize: String(sizeBytes),
    MinSizeAllowed: String(lengthRange.min),
    MaxSizeAllowed: String(lengthRange.max),
  }
  if (sizeBytes > lengthRange.max) throw new S3Error('EntityTooLarge', undefined, { fields })
  if (sizeBytes < lengthRange.min) throw new S3Error('EntityTooSmall', undefined, { fields })
}

/** Fields that no condition has to name. */
function isExempt(field: string): boolean {
  switch (field) {
    case 'awsaccesskeyid':
    case 'file':
    case 'policy':
    case 'signature':
    case 'x-amz-signature':
      return true
    default:
      return field.startsWith('x-ignore-')
  }
}

/** Of a list of content types each must start so. */
function startsWith(field: string, given: string, value: string): boolean {
  if (field !== 'content-type') return given.startsWith(value)
  return given.split(',').every((type) => type.trimStart().startsWith(value))
}

type ParsedCondition = PostCondition | LengthCondition

interface LengthCondition {
  readonly operator: 'content-length-range'
  readonly min: number
  readonly max: number
}

function parseDocument(text: string): Readonly<Record<string, unknown>> {
  if (text === '') throw invalidPolicy("Expecting '{' but found End-of-Input")
  if (text.length > policyCharactersMax) throw invalidPolicy(`longer than ${policyCharactersMax} characters.`)
  const compact = text.replaceAll(/[\r\n]/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) throw invalidPolicy('invalid Base64 encoding.')
  const document = parseJson(Buffer.from(compact, 'base64'))
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw invalidPolicy('Invalid JSON.')
  return document as Readonly<Record<string, unknown>>
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw invalidPolicy('Invalid JSON.')
  }
}

const isoTime = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?Z$/

function parseExpiration(value: unknown): number {
  const match = typeof value === 'string' ? isoTime.exec(value) : null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match ?? []).slice(1).map(Number)
  const timeMs = Date.UTC(year, month - 1, day, hour, minute, second)
  const isReal = match !== null && new Date(timeMs).toISOString().slice(0, 19) === match[0].slice(0, 19)
  if (isReal) return timeMs
  const shown = typeof value === 'string' ? value.slice(0, 64) : typeof value
  throw invalidPolicy(`Invalid 'expiration' value: '${shown}'`)
}

function parseCondition(condition: unknown): ParsedCondition {
  if (Array.isArray(condition)) return parseList(condition)
  if (typeof condition !== 'object' || condition === null)
    throw invalidPolicy('Invalid condition test: must be a List or Object.')
  const entries: readonly (readonly [string, unknown])[] = Object.entries(condition)
  const [entry] = entries
  if (entry === undefined || entries.length !== 1)
    throw invalidPolicy('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.')
  const [field, value] = entry
  if (typeof value !== 'string') throw invalidPolicy('Invalid Simple-Condition: value must be a string.')
  return { operator: 'eq', field: field.toLowerCase(), value }
}

function parseList(list: readonly unknown[]): ParsedCondition {
  const [operatorText, first, second] = list
  if (typeof operatorText !== 'string') throw invalidPolicy('Invalid Condition: missing operation identifier.')
  const operator = operatorText.toLowerCase()
  if (operator !== 'eq' && operator !== 'starts-with' && operator !== 'content-length-range')
    throw invalidPolicy(`Invalid Condition: unknown operation '${operatorText.slice(0, 64)}'.`)
  if (list.length !== 3) throw invalidPolicy(`Invalid ${operator}: wrong number of arguments.`)
  if (operator === 'content-length-range') {
    const [min, max] = [byteCount(first), byteCount(second)]
    if (min === undefined || max === undefined) throw invalidPolicy(`Invalid ${operator}: not a number of bytes.`)
    return { operator, min, max }
  }
  if (typeof first !== 'string' || !first.startsWith('$') || typeof second !== 'string')
    throw invalidPolicy(`Invalid ${operator}: expecting "$field" and a string.`)
  return { operator, field: first.slice(1).toLowerCase(), value: second }
}

function byteCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

function narrowest(ranges: readonly LengthCondition[]): PostPolicy['lengthRange'] {
  if (ranges.length === 0) return undefined
  return { min: Math.max(...ranges.map(({ min }) => min)), max: Math.min(...ranges.map(({ max }) => max)) }
}

function invalidPolicy(what: string): S3Error {
  return new S3Error('InvalidPolicyDocument', `Invalid Policy: ${what}`)
}

function refused(what: string): S3Error {
  return new S3Error('AccessDenied', `Invalid according to Policy: ${what}`)
}
