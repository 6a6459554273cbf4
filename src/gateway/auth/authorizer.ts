// principal × action × bucket → decision. Pure: what S3's policies will say beside roles and grants is one more input here.

import { includesLevel } from '../../meta/contract/access-metadata.ts'
import type { AccessLevel, UserRole } from '../../meta/contract/access-rows.ts'
import { actions } from './actions.ts'
import type { Action } from './actions.ts'
import type { Principal } from './principal.ts'

export interface Decision {
  readonly isAllowed: boolean
  /** Why, in a few words, for the audit log. */
  readonly reason: string
}

/** What a role includes in every bucket. */
export const levelOfRole: Readonly<Record<UserRole, AccessLevel | undefined>> = {
  admin: 'admin',
  writer: 'write',
  reader: 'read',
  none: undefined,
}

export function decide(principal: Principal, action: Action, bucket?: string): Decision {
  const { user, scope } = principal
  if (user === undefined) return allowed('access is open')
  const { needs } = actions[action]
  if (scope !== undefined && 'isUnscoped' in needs && needs.isUnscoped === true)
    return refused('the token is limited to files')
  if (needs.in === 'own') return allowed('every user may')
  if (scope !== undefined && !includesLevel(scope.level, needs.level))
    return refused(`the token is limited to ${scope.level}`)
  if (scope?.buckets !== undefined && (needs.in === 'cluster' || !scope.buckets.includes(bucket ?? '')))
    return refused('the token is limited to other buckets')
  const byRole = levelOfRole[user.role]
  if (byRole !== undefined && includesLevel(byRole, needs.level)) return allowed(`role ${user.role}`)
  const granted = needs.in === 'bucket' && bucket !== undefined ? principal.grants.get(bucket) : undefined
  if (granted !== undefined && includesLevel(granted, needs.level)) return allowed(`grant ${granted}`)
  return refused(`role ${user.role}${granted === undefined ? '' : `, grant ${granted}`}`)
}

function allowed(reason: string): Decision {
  return { isAllowed: true, reason }
}

function refused(reason: string): Decision {
  return { isAllowed: false, reason }
}
