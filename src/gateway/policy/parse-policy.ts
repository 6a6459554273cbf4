// From the text of a policy to a document that was checked. Total: any text gives a document or a PolicyError, whose message is AWS's.
// Bounded: the text by its kind, what is in it by the text (JSON nests no deeper than the checks follow).
//
// Source: AWS IAM User Guide, "Grammar of the IAM JSON policy language", "IAM and AWS STS quotas"; Amazon S3 User Guide, "Bucket
// policies" (20 KB); messages as AWS answers them.

import { isConditionKey } from './condition-keys.ts'
import { isComparable } from './operators.ts'
import { operatorNames } from './policy-document.ts'
import type { Condition, NegatableList, OperatorName, PolicyDocument, Statement } from './policy-document.ts'
import { PolicyError } from './policy-error.ts'
import { parsePrincipals } from './parse-principals.ts'
import { checkBucketStatement } from './bucket-statement.ts'

/**
 * `bucket`: of a bucket, with principals. `managed`, `inline`: of users, groups and roles, without. `session`: given with a session.
 * `trust`: who may take a role, without resources.
 */
export type PolicyKind = 'bucket' | 'managed' | 'inline' | 'session' | 'trust'

export interface ParseOptions {
  readonly kind: PolicyKind
  /** Of a bucket's policy: the bucket; then resources are held to it, and actions to resources. */
  readonly bucket?: string | undefined
}

/** In characters of the text as it was sent; white space counts in a bucket's only. */
export const policySizesMax: Readonly<Record<PolicyKind, number>> = {
  bucket: 20_480,
  managed: 6_144,
  inline: 10_240,
  session: 2_048,
  trust: 4_096,
}

/** Of all that is inline in one identity. */
export const inlineSizesMax = { user: 2_048, group: 5_120, role: 10_240 } as const

/** White space that is not counted is bounded too. */
const textLengthMax = 131_072

/** @throws PolicyError. */
export function parsePolicy(text: string, options: ParseOptions): PolicyDocument {
  const { kind } = options
  if (policySize(text, kind) > policySizesMax[kind] || text.length > textLengthMax)
    throw new PolicyError(
      kind === 'bucket'
        ? `Normalized policy document exceeds the maximum allowed size of ${policySizesMax.bucket} bytes.`
        : `Cannot exceed quota for PolicySize: ${policySizesMax[kind]}`,
    )
  return parseDocument(parseJson(text), options)
}

/** How much of the quota a text takes. */
export function policySize(text: string, kind: PolicyKind): number {
  return kind === 'bucket' ? Buffer.byteLength(text) : text.replaceAll(/\s+/g, '').length
}

function parseJson(text: string): Fields {
  if (!/^\s*\{/.test(text)) throw new PolicyError("Policies must be valid JSON and the first byte must be '{'")
  const value = tryJson(text)
  if (!isObject(value)) throw new PolicyError('This policy contains invalid Json')
  return value
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function parseDocument(fields: Fields, options: ParseOptions): PolicyDocument {
  refuseUnknown(fields, ['Version', 'Id', 'Statement'])
  const { Version: version = '2008-10-17', Id: id, Statement: given } = fields
  if (version !== '2008-10-17' && version !== '2012-10-17')
    throw new PolicyError('The policy must contain a valid version string')
  if (version === '2008-10-17' && options.kind !== 'bucket' && options.kind !== 'trust')
    throw new PolicyError('Policy document must be version 2012-10-17 or greater.')
  if (id !== undefined && typeof id !== 'string') throw new PolicyError('Invalid policy syntax.')
  if (given === undefined) throw new PolicyError('Missing required field Statement')
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw new PolicyError('Could not parse the policy: Statement is empty!')
  const statements = list.map((statement) => parseStatement(statement, options))
  const sids = statements.flatMap(({ sid }) => (sid === undefined || sid === '' ? [] : [sid]))
  if (new Set(sids).size < sids.length) throw new PolicyError('Statement IDs (SID) in a single policy must be unique.')
  return { version, ...(id === undefined ? {} : { id }), statements }
}

const statementNames = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]

function parseStatement(given: unknown, options: ParseOptions): Statement {
  if (!isObject(given)) throw new PolicyError('Invalid policy syntax.')
  refuseUnknown(given, statementNames)
  const { Sid: sid, Effect: effect, Condition: conditions = {} } = given
  if (sid !== undefined && typeof sid !== 'string') throw new PolicyError('Invalid policy syntax.')
  if (options.kind !== 'bucket' && sid !== undefined && !/^[A-Za-z0-9]*$/.test(sid))
    throw new PolicyError(
      `Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*`,
    )
  if (effect === undefined) throw new PolicyError('Missing required field Effect')
  if (effect !== 'Allow' && effect !== 'Deny') throw new PolicyError(`Invalid effect: ${tell(effect)}`)
  const statement: Statement = {
    ...(sid === undefined ? {} : { sid }),
    effect,
    ...parsePrincipal(given, options),
    action: parseActions(given, options),
    ...parseResource(given, options),
    conditions: parseConditions(conditions),
  }
  if (options.kind === 'bucket') checkBucketStatement(statement, options.bucket)
  return statement
}

function parsePrincipal(given: Fields, { kind }: ParseOptions): Pick<Statement, 'principal'> {
  const { isNot, value } = eitherOf(given, 'Principal')
  const takesPrincipals = kind === 'bucket' || kind === 'trust'
  if (!takesPrincipals) {
    if (value !== undefined) throw new PolicyError('Policy document should not specify a principal.')
    return {}
  }
  if (value === undefined) throw new PolicyError('Missing required field Principal')
  return { principal: { isNot, items: parsePrincipals(value) } }
}

function parseActions(given: Fields, { kind }: ParseOptions): NegatableList<string> {
  const { isNot, value } = eitherOf(given, 'Action')
  if (value === undefined) throw new PolicyError('Missing required field Action')
  const items = parseTexts(value, 'Action')
  for (const item of items) {
    const isPrefixed = item === '*' || /^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$/.test(item)
    if (isPrefixed && (kind !== 'trust' || /^sts:/i.test(item))) continue
    if (kind === 'bucket') throw new PolicyError('Policy has invalid action')
    if (kind === 'trust') throw new PolicyError('AssumeRole policy may only specify STS AssumeRole actions.')
    throw new PolicyError('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.')
  }
  return { isNot, items }
}

function parseResource(given: Fields, { kind }: ParseOptions): Pick<Statement, 'resource'> {
  const { isNot, value } = eitherOf(given, 'Resource')
  if (kind === 'trust') {
    if (value !== undefined) throw new PolicyError('Has prohibited field Resource')
    return {}
  }
  if (value === undefined)
    throw new PolicyError(
      kind === 'bucket' ? 'Missing required field Resource' : 'Policy statement must contain resources.',
    )
  const items = parseTexts(value, 'Resource')
  const wrong = items.find((item) => item !== '*' && !/^arn:[^:]*:[^:]*:[^:]*:[^:]*:./s.test(item))
  if (wrong !== undefined)
    throw new PolicyError(
      kind === 'bucket' ? 'Policy has invalid resource' : `Resource ${tell(wrong)} must be in ARN format or "*".`,
    )
  return { resource: { isNot, items } }
}

function parseConditions(given: unknown): readonly Condition[] {
  if (!isObject(given)) throw new PolicyError('Invalid policy syntax.')
  return Object.entries(given).flatMap(([type, keys]) => {
    const operator = parseOperator(type)
    if (!isObject(keys)) throw new PolicyError('Invalid policy syntax.')
    return Object.entries(keys).map(([name, value]) => {
      const key = name.toLowerCase()
      if (!isConditionKey(key)) throw new PolicyError('Policy has an invalid condition key')
      const values = parseValues(value)
      const wrong = values.find((each) => !isComparable(operator.operator, each))
      if (wrong !== undefined)
        throw new PolicyError(`Invalid value ${tell(wrong)} for the condition operator ${operator.operator}`)
      return { ...operator, key, values }
    })
  })
}

const operators: ReadonlyMap<string, OperatorName> = new Map(operatorNames.map((name) => [name.toLowerCase(), name]))

function parseOperator(type: string): Pick<Condition, 'operator' | 'quantifier' | 'ifExists'> {
  const [, set, name = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/i.exec(type) ?? []
  const operator = operators.get(name.toLowerCase())
  if (operator === undefined || (operator === 'Null' && (ifExists ?? set) !== undefined))
    throw new PolicyError(`Invalid Condition type : ${tell(type)}`)
  const quantifier = set === undefined ? undefined : /all/i.test(set) ? 'ForAllValues' : 'ForAnyValue'
  return { operator, ...(quantifier === undefined ? {} : { quantifier }), ifExists: ifExists !== undefined }
}

function parseValues(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.map((each) => {
    if (typeof each === 'string') return each
    if (typeof each === 'boolean' || typeof each === 'number') return String(each)
    throw new PolicyError('Invalid policy syntax.')
  })
}

function parseTexts(value: unknown, name: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw new PolicyError(`Missing required field ${name} cannot be empty!`)
  return list.map((item) => {
    if (typeof item !== 'string') throw new PolicyError('Invalid policy syntax.')
    return item
  })
}

function eitherOf(
  given: Fields,
  name: 'Principal' | 'Action' | 'Resource',
): { readonly isNot: boolean; readonly value: unknown } {
  const [plain, negated] = [given[name], given[`Not${name}`]]
  if (plain !== undefined && negated !== undefined) throw new PolicyError('Invalid policy syntax.')
  return { isNot: negated !== undefined, value: plain ?? negated }
}

function refuseUnknown(fields: Fields, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new PolicyError(`Unknown field ${tell(unknown)}`)
}

/** What a message repeats of a policy. */
function tell(value: unknown): string {
  return String(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 100)
}

type Fields = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
