// A policy as it is written, after it was checked (parse-policy.ts). Source: AWS IAM User Guide, "Grammar of the IAM JSON policy language".

export interface PolicyDocument {
  /** Of the language: variables are replaced in the later one only. */
  readonly version: '2008-10-17' | '2012-10-17'
  readonly id?: string
  readonly statements: readonly Statement[]
}

export interface Statement {
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  /** In policies of resources and in trust policies only. */
  readonly principal?: NegatableList<PrincipalName>
  readonly action: NegatableList<string>
  /** Absent in trust policies. */
  readonly resource?: NegatableList<string>
  readonly conditions: readonly Condition[]
}

/** `isNot`: the element is NotPrincipal, NotAction or NotResource. */
export interface NegatableList<Item> {
  readonly isNot: boolean
  readonly items: readonly Item[]
}

export type PrincipalType = 'AWS' | 'Federated' | 'Service' | 'CanonicalUser'

export interface PrincipalName {
  /** `*`: everybody. */
  readonly type: PrincipalType | '*'
  readonly value: string
}

export interface Condition {
  readonly operator: OperatorName
  /** How many-valued keys are asked. */
  readonly quantifier?: 'ForAllValues' | 'ForAnyValue'
  /** Whether a key that is absent lets the condition hold. */
  readonly ifExists: boolean
  /** In lower case. */
  readonly key: string
  readonly values: readonly string[]
}

export const operatorNames = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'NumericEquals',
  'NumericNotEquals',
  'NumericLessThan',
  'NumericLessThanEquals',
  'NumericGreaterThan',
  'NumericGreaterThanEquals',
  'DateEquals',
  'DateNotEquals',
  'DateLessThan',
  'DateLessThanEquals',
  'DateGreaterThan',
  'DateGreaterThanEquals',
  'Bool',
  'BinaryEquals',
  'IpAddress',
  'NotIpAddress',
  'ArnEquals',
  'ArnNotEquals',
  'ArnLike',
  'ArnNotLike',
  'Null',
] as const

export type OperatorName = (typeof operatorNames)[number]
