// What the calls about users, keys, tokens, grants and links share.

import { FrostError } from '../../base/errors.ts'
import type { AccessControl } from '../auth/access-control.ts'
import type { Accounts } from '../auth/accounts.ts'
import type { Action } from '../auth/actions.ts'
import { decide } from '../auth/authorizer.ts'
import type { ShareLinks } from '../auth/share-links.ts'
import type { AccessReads } from '../../meta/contract/access-metadata.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Query } from '../http/query.ts'
import type { RestParts } from './rest-parts.ts'

/** What a face needs of access control. */
export interface RestAccess {
  readonly control: AccessControl
  readonly accounts: Accounts
  readonly shareLinks: ShareLinks
  readonly reads: AccessReads
}

/** @throws FrostError `route-not-found`: this server has no access control. */
export function accessOf({ access }: RestParts): RestAccess {
  if (access === undefined) throw new FrostError('route-not-found', 'This server knows no users.')
  return access
}

/** The user that a call is about: the one it names, for which leave is asked as `action`, or else the one who sends it. */
export function subjectOf(exchange: Exchange, parts: RestParts, named: string | undefined, action: Action): string {
  const { user } = exchange.principal
  if (named === undefined) {
    if (user !== undefined) return user.name
    throw new FrostError('bad-request', 'The request names no user.', { remedy: 'Give its name, as user=NAME.' })
  }
  if (named !== user?.name) askLeave(exchange, parts, action)
  return named
}

/** @throws FrostError `access-denied`. */
export function askLeave(exchange: Exchange, parts: RestParts, action: Action, bucket?: string): void {
  const { principal, remoteAddress: address, requestId } = exchange
  accessOf(parts).control.authorize(principal, { action, bucket, address, requestId })
}

/** Whether who sends it may handle what belongs to `owner`. Nothing is written down: it decides what is seen. */
export function owns(exchange: Exchange, owner: string, action: Action): boolean {
  const { principal } = exchange
  return principal.user?.name === owner || decide(principal, action).isAllowed
}

/** @throws FrostError `bad-request`. */
export function requiredParameter(query: Query, name: string): string {
  const value = query.get(name)
  if (value !== undefined && value !== '') return value
  throw new FrostError('bad-request', `The request has no ${name}.`, { remedy: `Give it, as ?${name}=…` })
}
