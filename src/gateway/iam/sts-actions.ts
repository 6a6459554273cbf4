// Temporary credentials: of a role that is taken, or of the user himself for a while. Nothing is stored (session-tokens.ts).
//
// Source: AWS STS API Reference. Beyond it, AssumeRole without a role's ARN, or with one that is none of ours as MinIO's clients send it,
// is a session of the user himself.

import { accountId, assumedRoleArn, nameOfArn, roleArn } from '../policy/arn.ts'
import { decideTrust } from '../policy/authorize-iam.ts'
import type { ConditionValues } from '../policy/compiled-policy.ts'
import { policySizesMax } from '../policy/parse-policy.ts'
import { arnOf, uniqueId, userId } from '../policy/principal-conditions.ts'
import type { SessionClaims } from '../auth/session-tokens.ts'
import { makeSession } from '../auth/session-tokens.ts'
import type { UserRow } from '../../meta/contract/access-rows.ts'
import type { IdentityRow } from '../../meta/contract/identity-rows.ts'
import { checkDocument } from './documents.ts'
import type { QueryActions, QueryCall } from './query-action.ts'
import { QueryError } from './query-error.ts'
import { formatTime } from './query-pages.ts'
import type { XmlFields } from './query-xml.ts'

const durationMin = 900
const hours12 = 43_200
const hours36 = 129_600

export const stsActions: QueryActions = {
  GetCallerIdentity: { resource: () => '*', decidesItself: true, run: callerIdentity },
  AssumeRole: { resource: ({ form }) => form.get('RoleArn') ?? '*', decidesItself: true, run: assumeRole },
  GetSessionToken: { resource: () => '*', decidesItself: true, run: sessionToken },
  GetFederationToken: { resource: ({ form }) => federatedArn(form.name('Name', 32)), run: federationToken },
}

function callerIdentity({ principal }: QueryCall): XmlFields {
  return { Arn: arnOf(principal), UserId: userId(principal), Account: accountId }
}

async function assumeRole(call: QueryCall): Promise<XmlFields> {
  const { form, principal, parts } = call
  const arn = form.get('RoleArn')
  const policy = sessionPolicy(call)
  if (arn === undefined || !arn.startsWith('arn:aws:iam::')) return ownSession(call, policy, hours12)
  const name = sessionName(call)
  const user = signedBy(call)
  const row = await roleOfArn(call, arn)
  const conditions = new TrustConditions(call, name)
  const asked = { principal, action: 'sts:AssumeRole', resource: roleArn(row.name, row.path), conditions }
  const decision =
    row.trustPolicy === undefined
      ? { isAllowed: false, reason: 'the role has no trust policy' }
      : decideTrust({ ...asked, trustPolicy: row.trustPolicy }, parts.control.policies)
  parts.control.noteDecision(decision, { ...asked, address: call.address, requestId: call.requestId })
  if (!decision.isAllowed) throw denied(call, asked.action, arn)
  // Chained: a role that was taken by a role lasts no longer than an hour.
  const lastMax = principal.session === undefined ? (row.maxSessionSeconds ?? 3_600) : 3_600
  const claims = claimsOf(user, {
    kind: 'role',
    name,
    role: { name: row.name, id: row.id },
    policy,
    seconds: form.integer('DurationSeconds', { min: durationMin, max: lastMax }) ?? 3_600,
    nowMs: parts.clock.wallMs(),
  })
  return {
    Credentials: credentialsOf(claims, call),
    AssumedRoleUser: {
      Arn: assumedRoleArn(row.name, name),
      AssumedRoleId: `${uniqueId('AROA', row.id)}:${name}`,
    },
    ...packedSize(policy),
  }
}

function sessionToken(call: QueryCall): XmlFields {
  return ownSession(call, undefined, hours36)
}

function ownSession(call: QueryCall, policy: string | undefined, secondsMax: number): XmlFields {
  const { form, principal, parts } = call
  if (principal.session !== undefined)
    throw new QueryError('AccessDenied', 'Cannot call GetSessionToken with session credentials')
  const user = signedBy(call)
  const claims = claimsOf(user, {
    kind: 'token',
    name: user.name,
    policy,
    seconds:
      form.integer('DurationSeconds', { min: durationMin, max: secondsMax }) ?? (policy === undefined ? 43_200 : 3_600),
    nowMs: parts.clock.wallMs(),
  })
  return { Credentials: credentialsOf(claims, call), ...packedSize(policy) }
}

function federationToken(call: QueryCall): XmlFields {
  const { form, principal, parts } = call
  if (principal.session !== undefined)
    throw new QueryError('AccessDenied', 'Cannot call GetFederationToken with session credentials')
  const name = form.name('Name', 32)
  const policy = sessionPolicy(call)
  const claims = claimsOf(signedBy(call), {
    kind: 'federated',
    name,
    policy,
    seconds: form.integer('DurationSeconds', { min: durationMin, max: hours36 }) ?? hours12,
    nowMs: parts.clock.wallMs(),
  })
  return {
    Credentials: credentialsOf(claims, call),
    FederatedUser: { FederatedUserId: `${accountId}:${name}`, Arn: federatedArn(name) },
    ...packedSize(policy),
  }
}

function federatedArn(name: string): string {
  return `arn:aws:sts::${accountId}:federated-user/${name}`
}

interface NewSession extends Pick<SessionClaims, 'kind' | 'name'> {
  readonly role?: SessionClaims['role']
  readonly policy: string | undefined
  readonly seconds: number
  readonly nowMs: number
}

function claimsOf(user: UserRow, { kind, name, role, policy, seconds, nowMs }: NewSession): SessionClaims {
  return {
    user: user.name,
    canonicalId: user.canonicalId,
    kind,
    name,
    ...(role === undefined ? {} : { role }),
    ...(policy === undefined ? {} : { policy }),
    issuedMs: nowMs,
    expiresMs: nowMs + seconds * 1_000,
  }
}

function credentialsOf(claims: SessionClaims, { parts }: QueryCall): XmlFields {
  const { accessKeyId, secret, token } = makeSession(claims, parts)
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secret,
    SessionToken: token,
    Expiration: formatTime(claims.expiresMs),
  }
}

function signedBy({ principal }: QueryCall): UserRow {
  if (principal.user !== undefined) return principal.user
  throw new QueryError('AccessDenied', 'The request is not signed.')
}

/** @throws QueryError: there is none of that name, which AWS does not tell from one that may not be taken. */
async function roleOfArn(call: QueryCall, arn: string): Promise<IdentityRow> {
  const name = nameOfArn(arn)
  const isName = /^[\w+=,.@-]{1,64}$/.test(name)
  const row = isName ? await call.parts.metadata.getIdentity({ kind: 'role', name }) : undefined
  if (row === undefined || roleArn(row.name, row.path) !== arn) throw denied(call, 'sts:AssumeRole', arn)
  return row
}

function sessionName({ form }: QueryCall): string {
  const name = form.required('RoleSessionName')
  if (/^[\w+=,.@-]{2,64}$/.test(name)) return name
  throw new QueryError('ValidationError', 'RoleSessionName must have 2 to 64 letters, digits or one of +=,.@_-')
}

function sessionPolicy({ form }: QueryCall): string | undefined {
  const policy = form.get('Policy')
  if (form.get('PolicyArns.member.1.arn') !== undefined)
    throw new QueryError('NotImplemented', 'Give the policy of a session as Policy; PolicyArns is not supported.')
  return policy === undefined ? undefined : checkDocument(policy, 'session')
}

function packedSize(policy: string | undefined): XmlFields {
  return policy === undefined ? {} : { PackedPolicySize: Math.ceil((policy.length * 100) / policySizesMax.session) }
}

export function denied({ principal }: QueryCall, action: string, resource: string): QueryError {
  const who = arnOf(principal) ?? 'Anonymous'
  return new QueryError('AccessDenied', `User: ${who} is not authorized to perform: ${action} on resource: ${resource}`)
}

/** What a trust policy may ask of the request beside the global keys. */
class TrustConditions implements ConditionValues {
  readonly #call: QueryCall
  readonly #name: string

  constructor(call: QueryCall, name: string) {
    this.#call = call
    this.#name = name
  }

  get(key: string): string | readonly string[] | undefined {
    if (key === 'sts:externalid') return this.#call.form.get('ExternalId')
    if (key === 'sts:rolesessionname') return this.#name
    return this.#call.conditions.get(key)
  }
}
