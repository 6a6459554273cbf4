// Whether a request to S3 is allowed. Pure: everything that counts is given.
//
// What denies goes before what allows, whatever else allows: the bucket's policy, the policies of who asks, that of his session. What
// allows: the bucket's policy, his policies, his role and grants in FrostByte, that the bucket is his, an ACL. A session's policy and
// a boundary limit all of them. Who did not sign has the bucket's policy and the ACL only. An administrator is
// what AWS calls the root user: no bucket's policy keeps him from changing that policy.
//
// Source: AWS IAM User Guide, "Policy evaluation logic"; Amazon S3 User Guide, "How Amazon S3 authorizes a request", "Blocking public
// access to your Amazon S3 storage"; ADR 0088.

import { includesLevel } from '../../meta/contract/access-metadata.ts'
import type { AccessLevel } from '../../meta/contract/access-rows.ts'
import { levelOfRole } from '../auth/authorizer.ts'
import type { Decision } from '../auth/authorizer.ts'
import type { Principal } from '../auth/principal.ts'
import { s3Arn } from './arn.ts'
import type { ConditionValues, PolicyQuestion } from './compiled-policy.ts'
import type { PolicyCache } from './policy-cache.ts'
import { PrincipalConditions, subjectOf } from './principal-conditions.ts'
import { isPublicPolicy } from './public-policy.ts'
import { s3ActionKind } from './s3-actions.ts'

export interface S3Question {
  /** Without a user: nobody signed. */
  readonly principal: Principal
  /** As AWS names it: `s3:GetObject`. */
  readonly action: string
  /** Absent: an action of the account. */
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly conditions: ConditionValues
  /** The text; absent: the bucket has none. */
  readonly bucketPolicy?: string | undefined
  /** Whether the bucket belongs to the principal. */
  readonly isBucketOwner?: boolean | undefined
  /**
   * Whether an ACL allows it to who has this canonical id (absent: to anybody); asked only where nothing else does.
   * `IgnorePublicAcls` is the caller's to heed.
   */
  readonly isAllowedByAcl?: ((canonicalId: string | undefined) => boolean) | undefined
  /** Whether `RestrictPublicBuckets` holds for the bucket. */
  readonly restrictsPublic?: boolean | undefined
}

/** The reason where nothing else allows it. */
export const allowedByAcl = 'allowed by an ACL'

const policyActions = new Set(['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy'])

export function decideS3(asked: S3Question, cache: PolicyCache): Decision {
  const { principal, action, bucket, key, bucketPolicy } = asked
  const question: PolicyQuestion = {
    action,
    resource: s3Arn(bucket ?? '*', key),
    subject: subjectOf(principal),
    conditions: new PrincipalConditions(principal, asked.conditions),
  }
  const policy = bucketPolicy === undefined ? undefined : cache.get(bucketPolicy, 'bucket')
  const byBucket = policy?.effect(question) ?? 'none'
  const isRoot = question.subject.kind === 'root' && principal.session === undefined
  if (byBucket === 'deny' && !(isRoot && policyActions.has(action))) return refused('denied by the bucket’s policy')
  const limit = decideLimits(question, principal, cache)
  if (limit !== undefined) return limit
  const byIdentity = effectOf(principal.identity?.policies ?? [], question, cache)
  if (byIdentity === 'deny') return refused('denied by a policy of the user, group or role')
  const scoped = decideScope(asked)
  if (scoped !== undefined) return scoped
  if (byIdentity === 'allow') return allowed('allowed by a policy of the user, group or role')
  const isRestricted = asked.restrictsPublic === true && policy !== undefined && isPublicPolicy(policy.document)
  const isWithheld = isRestricted && question.subject.kind === 'anonymous'
  if (byBucket === 'allow' && !isWithheld) return allowed('allowed by the bucket’s policy')
  return decideOwn(asked)
}

/** By FrostByte's own role and grants, by ownership, by the ACL. */
function decideOwn({ principal, action, bucket, isBucketOwner, isAllowedByAcl }: S3Question): Decision {
  const { user, session } = principal
  if (user !== undefined && session?.role === undefined) {
    const level = levelOf(principal, bucket)
    const needed = s3ActionKind(action)?.level ?? 'admin'
    if (needed === 'known' || (level !== undefined && includesLevel(level, needed)))
      return allowed(needed === 'known' ? 'every user may' : `role or grant ${level}`)
    if (isBucketOwner === true && bucket !== undefined && action !== 's3:CreateBucket')
      return allowed('the bucket is the user’s own')
  }
  // Who took a role has nothing of what is his own.
  if (isAllowedByAcl?.(session?.role === undefined ? user?.canonicalId : undefined) === true)
    return allowed(allowedByAcl)
  return refused(
    user === undefined ? 'nobody signed, and nothing is open' : `role ${user.role}, and no policy allows it`,
  )
}

/** A bucket is made by the role; what is in one takes the higher one of role and grant. */
function levelOf({ user, grants }: Principal, bucket: string | undefined): AccessLevel | undefined {
  const byRole = user === undefined ? undefined : levelOfRole[user.role]
  const granted = bucket === undefined ? undefined : grants.get(bucket)
  if (byRole === undefined || granted === undefined) return byRole ?? granted
  return includesLevel(byRole, granted) ? byRole : granted
}

/** Who is limited by a session's policy or a boundary may do only what it allows too. `undefined`: they do not limit this. */
export function decideLimits(question: PolicyQuestion, principal: Principal, cache: PolicyCache): Decision | undefined {
  const { session, identity } = principal
  if (session?.kind === 'federated' && session.policy === undefined) return refused('the session has no policy')
  if (session?.policy !== undefined && cache.get(session.policy, 'session').effect(question) !== 'allow')
    return refused('not allowed by the policy of the session')
  if (identity?.boundary !== undefined && cache.get(identity.boundary, 'managed').effect(question) !== 'allow')
    return refused('not allowed by the permissions boundary')
  return undefined
}

/** A token's scope, where the face takes tokens: a level, in some buckets. */
function decideScope({ principal: { scope }, action, bucket }: S3Question): Decision | undefined {
  if (scope === undefined) return undefined
  const needed = s3ActionKind(action)?.level ?? 'admin'
  if (needed !== 'known' && !includesLevel(scope.level, needed))
    return refused(`the token is limited to ${scope.level}`)
  if (scope.buckets !== undefined && (bucket === undefined || !scope.buckets.includes(bucket)))
    return refused('the token is limited to other buckets')
  return undefined
}

export function effectOf(
  policies: readonly string[],
  question: PolicyQuestion,
  cache: PolicyCache,
): 'allow' | 'deny' | 'none' {
  let found: 'allow' | 'none' = 'none'
  for (const text of policies) {
    const effect = cache.get(text, 'managed').effect(question)
    if (effect === 'deny') return 'deny'
    if (effect === 'allow') found = 'allow'
  }
  return found
}

function allowed(reason: string): Decision {
  return { isAllowed: true, reason }
}

function refused(reason: string): Decision {
  return { isAllowed: false, reason }
}
