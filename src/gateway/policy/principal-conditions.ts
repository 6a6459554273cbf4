// Who asks, as policies name him and as conditions and variables ask for him.
//
// Source: AWS IAM User Guide, "AWS global condition context keys" (properties of the principal), "IAM identifiers".

import type { Principal } from '../auth/principal.ts'
import { accountId, assumedRoleArn, roleArn, rootArn, userArn } from './arn.ts'
import type { ConditionValues } from './compiled-policy.ts'
import { anonymousSubject } from './subject.ts'
import type { PolicySubject } from './subject.ts'

export function subjectOf({ user, session, identity }: Principal): PolicySubject {
  if (user === undefined) return anonymousSubject
  const { canonicalId } = user
  if (session?.role !== undefined) {
    const { role, name } = session
    return { kind: 'role', arns: [assumedRoleArn(role.name, name), roleArn(role.name, role.path)] }
  }
  const arns = [userArn(user.name, identity?.path)]
  if (session?.kind === 'federated') {
    const own = `arn:aws:sts::${accountId}:federated-user/${session.name}`
    return { kind: 'federated', arns: [own, ...arns], canonicalId }
  }
  return user.role === 'admin'
    ? { kind: 'root', arns: [...arns, rootArn], canonicalId }
    : { kind: 'user', arns, canonicalId }
}

/** The ARN that `GetCallerIdentity` tells. */
export function arnOf(principal: Principal): string | undefined {
  return subjectOf(principal).arns[0]
}

/** As AWS's unique ids: a prefix for the kind, then 17 digits. `id`: hex digits that belong to nobody else. */
export function uniqueId(prefix: 'AIDA' | 'AROA' | 'AGPA' | 'ANPA', id: string): string {
  return prefix + id.slice(0, 17).toUpperCase()
}

const tagPrefix = 'aws:principaltag/'

export class PrincipalConditions implements ConditionValues {
  readonly #principal: Principal
  readonly #request: ConditionValues

  constructor(principal: Principal, request: ConditionValues) {
    this.#principal = principal
    this.#request = request
  }

  get(key: string): string | readonly string[] | undefined {
    const { user, session, identity } = this.#principal
    if (key.startsWith(tagPrefix)) return tagOf(identity?.tags, key.slice(tagPrefix.length))
    switch (key) {
      case 'aws:username':
        return session?.role === undefined && session?.kind !== 'federated' ? user?.name : undefined
      case 'aws:userid':
        return user && userId(this.#principal)
      case 'aws:principalarn':
        return user && subjectOf(this.#principal).arns[session?.role === undefined ? 0 : 1]
      case 'aws:principaltype':
        return typeNames[subjectOf(this.#principal).kind]
      case 'aws:principalaccount':
      case 's3:resourceaccount':
      case 'aws:resourceaccount':
        return key === 'aws:principalaccount' && user === undefined ? undefined : accountId
      case 'aws:multifactorauthpresent':
        return session === undefined ? undefined : 'false'
      case 'aws:tokenissuetime':
        return session && new Date(session.issuedMs).toISOString()
      default:
        return this.#request.get(key)
    }
  }
}

const typeNames: Readonly<Record<PolicySubject['kind'], string>> = {
  anonymous: 'Anonymous',
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  federated: 'FederatedUser',
  service: 'Service',
}

/** `aws:userid`; as `GetCallerIdentity` tells it. */
export function userId({ user, session }: Principal): string | undefined {
  if (session?.role !== undefined) return `${uniqueId('AROA', session.role.id)}:${session.name}`
  if (session?.kind === 'federated') return `${accountId}:${session.name}`
  return user && uniqueId('AIDA', user.canonicalId)
}

function tagOf(tags: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  const found = Object.entries(tags ?? {}).find(([tag]) => tag.toLowerCase() === name)
  return found?.[1]
}
