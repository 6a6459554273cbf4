// A policy made ready to be asked often: texts are cut into patterns, and the statements that speak of an action are found once.

import { existingTagPrefix } from './condition-keys.ts'
import { compileOperator } from './operators.ts'
import type { Operator } from './operators.ts'
import type { Condition, NegatableList, PolicyDocument, Statement } from './policy-document.ts'
import { compilePrincipals } from './principals.ts'
import type { PrincipalMatch } from './principals.ts'
import type { PolicySubject } from './subject.ts'
import { Template } from './template.ts'
import type { VariableOf } from './template.ts'

/** Values by condition keys in lower case; of keys with several values the list. */
export interface ConditionValues {
  get(key: string): string | readonly string[] | undefined
}

/** What is asked of a policy. */
export interface PolicyQuestion {
  /** As its service names it: `s3:GetObject`. Of a fixed number: statements are kept by it. */
  readonly action: string
  /** The ARN. */
  readonly resource: string
  readonly subject: PolicySubject
  readonly conditions: ConditionValues
}

export type Effect = 'allow' | 'deny' | 'none'

interface CompiledStatement {
  readonly isDeny: boolean
  readonly principal: PrincipalMatch | undefined
  readonly speaksOf: (action: string) => boolean
  readonly covers: (resource: string, variableOf: VariableOf) => boolean
  readonly conditions: readonly ((values: ConditionValues, variableOf: VariableOf) => boolean)[]
}

export class CompiledPolicy {
  readonly document: PolicyDocument
  /** Whether a condition asks for the tags of the object as it is. */
  readonly asksExistingTags: boolean
  readonly #statements: readonly CompiledStatement[]
  /** Statements that deny come first. */
  readonly #byAction = new Map<string, readonly CompiledStatement[]>()

  constructor(document: PolicyDocument) {
    this.document = document
    const hasVariables = document.version === '2012-10-17'
    const compiled = document.statements.map((statement) => compileStatement(statement, { variables: hasVariables }))
    this.#statements = [...compiled.filter(({ isDeny }) => isDeny), ...compiled.filter(({ isDeny }) => !isDeny)]
    this.asksExistingTags = asksExistingTags(document)
  }

  /** Of all statements that apply: one that denies decides, then one that allows. */
  effect({ action, resource, subject, conditions }: PolicyQuestion): Effect {
    const variableOf = variables(conditions)
    for (const statement of this.#speakingOf(action)) {
      const { isDeny, principal } = statement
      if (principal !== undefined && !principal(subject, isDeny)) continue
      if (!statement.covers(resource, variableOf)) continue
      if (statement.conditions.every((holds) => holds(conditions, variableOf))) return isDeny ? 'deny' : 'allow'
    }
    return 'none'
  }

  #speakingOf(action: string): readonly CompiledStatement[] {
    const known = this.#byAction.get(action)
    if (known !== undefined) return known
    const name = action.toLowerCase()
    const statements = this.#statements.filter((statement) => statement.speaksOf(name))
    if (this.#byAction.size < actionsMax) this.#byAction.set(action, statements)
    return statements
  }
}

/** More than all services of FrostByte have. */
const actionsMax = 1_000

interface CompileOptions {
  readonly variables: boolean
}

function compileStatement(statement: Statement, options: CompileOptions): CompiledStatement {
  const { effect, principal, action, resource, conditions } = statement
  const lowered = { ...action, items: action.items.map((item) => item.toLowerCase()) }
  const speaks = compileList(lowered, { variables: false })
  return {
    isDeny: effect === 'Deny',
    principal: principal === undefined ? undefined : compilePrincipals(principal),
    speaksOf: (name) => speaks(name, nothing),
    covers: resource === undefined ? () => true : compileList(resource, options),
    conditions: conditions.map((condition) => compileCondition(condition, { ...options, isDeny: effect === 'Deny' })),
  }
}

function compileList(
  { isNot, items }: NegatableList<string>,
  { variables: hasVariables }: CompileOptions,
): (text: string, variableOf: VariableOf) => boolean {
  const templates = items.map((item) => new Template(item, { variables: hasVariables, wildcards: true }))
  return (text, variableOf) => templates.some((template) => template.matches(text, variableOf)) !== isNot
}

function compileCondition(
  { operator, quantifier, ifExists, key, values }: Condition,
  options: CompileOptions & { readonly isDeny: boolean },
): (given: ConditionValues, variableOf: VariableOf) => boolean {
  if (operator === 'Null') {
    const wanted = values.map((value) => value.toLowerCase() === 'true')
    return (given) => wanted.includes(isEmpty(given.get(key)))
  }
  const compiled = compileOperator(operator, values, options)
  return (given, variableOf) => {
    const found = given.get(key)
    if (found === undefined || isEmpty(found)) {
      if (quantifier === 'ForAnyValue') return ifExists
      return ifExists || quantifier === 'ForAllValues' || compiled.isNegated
    }
    return holdsFor(typeof found === 'string' ? [found] : found, {
      compiled,
      quantifier,
      isDeny: options.isDeny,
      variableOf,
    })
  }
}

function holdsFor(
  given: readonly string[],
  how: {
    readonly compiled: Operator
    readonly quantifier: Condition['quantifier']
    readonly isDeny: boolean
    readonly variableOf: VariableOf
  },
): boolean {
  const { compiled, quantifier, isDeny, variableOf } = how
  const holds = (value: string): boolean => compiled.compare(value, variableOf) !== compiled.isNegated
  if (quantifier === 'ForAllValues') return given.every(holds)
  if (quantifier === 'ForAnyValue') return given.some(holds)
  // Without a quantifier a key has one value; where it has more, all of them must be let in, and none be one that is denied.
  return isDeny ? given.some(holds) : given.every(holds)
}

function isEmpty(value: string | readonly string[] | undefined): boolean {
  return value === undefined || (typeof value !== 'string' && value.length === 0)
}

function variables(conditions: ConditionValues): VariableOf {
  return (name) => {
    const value = conditions.get(name)
    return typeof value === 'string' ? value : value?.length === 1 ? value[0] : undefined
  }
}

function nothing(): undefined {
  return undefined
}

function asksExistingTags({ statements }: PolicyDocument): boolean {
  return statements.some(
    ({ conditions, resource }) =>
      conditions.some(
        ({ key, values }) => key.startsWith(existingTagPrefix) || values.some((value) => namesExistingTag(value)),
      ) ||
      (resource?.items.some(namesExistingTag) ?? false),
  )
}

function namesExistingTag(text: string): boolean {
  return text.toLowerCase().includes(existingTagPrefix)
}
