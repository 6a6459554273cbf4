// Whether the element Principal of a statement names who asks.
//
// To name the account (its root, or its number) in a statement that allows is to leave it to the account's own policies who may: it
// allows nothing to a user whom they do not. In a statement that denies it is everybody who signs.
//
// Source: AWS IAM User Guide, "AWS JSON policy elements: Principal", "NotPrincipal".

import { accountId, rootArn } from './arn.ts'
import type { NegatableList, PrincipalName } from './policy-document.ts'
import type { PolicySubject } from './subject.ts'

export type PrincipalMatch = (subject: PolicySubject, isDeny: boolean) => boolean

export function compilePrincipals({ isNot, items }: NegatableList<PrincipalName>): PrincipalMatch {
  const arns = new Set<string>()
  const canonicalIds = new Set<string>()
  let isAnybody = false
  let isAccount = false
  for (const { type, value } of items) {
    if (type === '*' || (type === 'AWS' && value === '*')) isAnybody = true
    else if (type === 'CanonicalUser') canonicalIds.add(value)
    else if (type === 'AWS' && (value === accountId || value === rootArn)) isAccount = true
    else arns.add(value)
  }
  const names = (subject: PolicySubject, isWide: boolean): boolean => {
    if (isAnybody) return true
    if (
      isAccount &&
      (subject.kind === 'root' || (isWide && subject.kind !== 'anonymous' && subject.kind !== 'service'))
    )
      return true
    if (subject.canonicalId !== undefined && canonicalIds.has(subject.canonicalId)) return true
    return subject.arns.some((arn) => arns.has(arn))
  }
  // Who is excepted: the account alone excepts its root only, so that a Deny with NotPrincipal does not let all its users pass.
  return isNot ? (subject) => !names(subject, false) : names
}
