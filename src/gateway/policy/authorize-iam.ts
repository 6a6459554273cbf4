// Whether a call of IAM or STS is allowed: by the role `admin`, or by the policies of who asks. What denies and what limits goes first, as
// for S3 (authorize-s3.ts).

import type { Decision } from '../auth/authorizer.ts'
import type { Principal } from '../auth/principal.ts'
import { decideLimits, effectOf } from './authorize-s3.ts'
import type { ConditionValues, PolicyQuestion } from './compiled-policy.ts'
import type { PolicyCache } from './policy-cache.ts'
import { PrincipalConditions, subjectOf } from './principal-conditions.ts'

export interface IamQuestion {
  readonly principal: Principal
  /** `iam:CreateUser`. */
  readonly action: string
  /** The ARN. */
  readonly resource: string
  readonly conditions: ConditionValues
  /** Everybody may, for himself, who is not denied it. */
  readonly isOwn?: boolean
}

export function decideIam(asked: IamQuestion, cache: PolicyCache): Decision {
  const { principal, isOwn } = asked
  const { user, session, scope } = principal
  const question = iamQuestion(asked)
  if (user === undefined) return { isAllowed: false, reason: 'nobody signed' }
  if (scope !== undefined) return { isAllowed: false, reason: 'the token is limited to files' }
  const limit = decideLimits(question, principal, cache)
  if (limit !== undefined) return limit
  const effect = effectOf(principal.identity?.policies ?? [], question, cache)
  if (effect === 'deny') return { isAllowed: false, reason: 'denied by a policy of the user, group or role' }
  if (effect === 'allow') return { isAllowed: true, reason: 'allowed by a policy of the user, group or role' }
  if (user.role === 'admin' && session?.role === undefined) return { isAllowed: true, reason: 'role admin' }
  if (isOwn === true && session === undefined && subjectOf(principal).arns.includes(asked.resource))
    return { isAllowed: true, reason: 'every user may' }
  return { isAllowed: false, reason: 'no policy allows it' }
}

export interface TrustQuestion extends IamQuestion {
  /** The text of the policy that says who may take the role. */
  readonly trustPolicy: string
}

/**
 * Whether a role may be taken: where its trust policy names who asks, that is enough; where it names the account, the account's own
 * policies say who.
 */
export function decideTrust(asked: TrustQuestion, cache: PolicyCache): Decision {
  const { principal, trustPolicy } = asked
  const question = iamQuestion(asked)
  const policy = cache.get(trustPolicy, 'trust')
  const effect = policy.effect(question)
  if (effect === 'deny') return { isAllowed: false, reason: 'denied by the trust policy' }
  const limit = decideLimits(question, principal, cache)
  if (limit !== undefined) return limit
  if (effectOf(principal.identity?.policies ?? [], question, cache) === 'deny')
    return { isAllowed: false, reason: 'denied by a policy of the user, group or role' }
  if (effect === 'allow') return { isAllowed: true, reason: 'the trust policy names the principal' }
  const { subject } = question
  const isDelegated =
    subject.kind !== 'anonymous' && policy.effect({ ...question, subject: { ...subject, kind: 'root' } }) === 'allow'
  return isDelegated ? decideIam(asked, cache) : { isAllowed: false, reason: 'the trust policy does not allow it' }
}

function iamQuestion({ principal, action, resource, conditions }: IamQuestion): PolicyQuestion {
  return {
    action,
    resource,
    subject: subjectOf(principal),
    conditions: new PrincipalConditions(principal, conditions),
  }
}
