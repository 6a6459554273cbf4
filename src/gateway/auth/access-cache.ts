// What was read of users, keys and tokens lately, so that a request costs no look-up in metadata. A change made by this process is seen
// by its next request; one made elsewhere after `staleMaxMs` at the latest. Only what exists is kept: a user or key that was just made
// elsewhere works at once, and names that nobody has cost no memory.

import type { AccessReads } from '../../meta/contract/access-metadata.ts'
import type { AccessKeyRow, AccessLevel, TokenRow, UserRow } from '../../meta/contract/access-rows.ts'
import type { IdentityPolicies, IdentityReads } from '../../meta/contract/identity-metadata.ts'
import type { IdentityRow } from '../../meta/contract/identity-rows.ts'
import { builtInPolicy } from '../policy/built-in-policies.ts'
import type { IdentityAccess } from './principal.ts'
import type { Clock } from '../../ports/clock.ts'

export interface UserAccess {
  readonly user: UserRow
  readonly grants: ReadonlyMap<string, AccessLevel>
  /** Absent: IAM knows nothing of the user. */
  readonly identity?: IdentityAccess
}

export interface RoleAccess {
  readonly row: IdentityRow
  readonly identity: IdentityAccess
}

type Reads = Pick<AccessReads, 'getUser' | 'getUserByCanonicalId' | 'getAccessKey' | 'getToken' | 'listGrantsOf'> &
  Pick<IdentityReads, 'getIdentityPolicies'>

/** The boundary where the program does not know the one that is named: an older program reads what a newer one wrote. */
const nothingAllowed = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
const builtInPrefix = 'aws/'
const staleMaxMs = 1_000
const entriesMax = 10_000

export class AccessCache {
  readonly #users: Cached<UserAccess>
  readonly #ids: Cached<UserRow>
  readonly #keys: Cached<AccessKeyRow>
  readonly #tokens: Cached<TokenRow>
  readonly #roles: Cached<RoleAccess>

  constructor(metadata: Reads, clock: Clock) {
    this.#users = new Cached(clock, async (name) => {
      const [user, grants, identity] = await Promise.all([
        metadata.getUser(name),
        metadata.listGrantsOf(name),
        metadata.getIdentityPolicies({ kind: 'user', name }),
      ])
      const levels = new Map(grants.map((grant) => [grant.bucket, grant.level]))
      return user && { user, grants: levels, ...(identity && { identity: identityAccess(identity) }) }
    })
    this.#ids = new Cached(clock, (id) => metadata.getUserByCanonicalId(id))
    this.#keys = new Cached(clock, (id) => metadata.getAccessKey(id))
    this.#tokens = new Cached(clock, (id) => metadata.getToken(id))
    this.#roles = new Cached(clock, async (name) => {
      const found = await metadata.getIdentityPolicies({ kind: 'role', name })
      return found && { row: found.row, identity: identityAccess(found) }
    })
  }

  /** `name` is a valid name of a user. */
  user(name: string): Promise<UserAccess | undefined> {
    return this.#users.get(name)
  }

  userByCanonicalId(id: string): Promise<UserRow | undefined> {
    return this.#ids.get(id)
  }

  accessKey(id: string): Promise<AccessKeyRow | undefined> {
    return this.#keys.get(id)
  }

  token(id: string): Promise<TokenRow | undefined> {
    return this.#tokens.get(id)
  }

  /** `name` is a valid name of a role. */
  role(name: string): Promise<RoleAccess | undefined> {
    return this.#roles.get(name)
  }

  /** After each change of this process. */
  forget(): void {
    for (const cached of [this.#users, this.#ids, this.#keys, this.#tokens, this.#roles]) cached.forget()
  }
}

function identityAccess({ row, documents, builtIn, boundary }: IdentityPolicies): IdentityAccess {
  const limit =
    boundary ??
    (row.boundary === undefined
      ? undefined
      : (builtInPolicy(row.boundary.slice(builtInPrefix.length)) ?? nothingAllowed))
  return {
    path: row.path,
    tags: Object.fromEntries(row.tags.map(({ key, value }) => [key, value])),
    policies: [...documents, ...builtIn.flatMap((name) => builtInPolicy(name) ?? [])],
    ...(limit === undefined ? {} : { boundary: limit }),
  }
}

class Cached<Row> {
  readonly #clock: Clock
  readonly #read: (id: string) => Promise<Row | undefined>
  /** In the order in which they were read. */
  #rows = new Map<string, { readonly row: Promise<Row | undefined>; readonly untilMs: number }>()

  constructor(clock: Clock, read: (id: string) => Promise<Row | undefined>) {
    this.#clock = clock
    this.#read = read
  }

  get(id: string): Promise<Row | undefined> {
    const nowMs = this.#clock.monotonicMs() // before the read: what is kept is as old as its beginning
    const kept = this.#rows.get(id)
    if (kept !== undefined && nowMs < kept.untilMs) return kept.row
    const rows = this.#rows
    const entry = { row: this.#read(id), untilMs: nowMs + staleMaxMs }
    const drop = (): void => {
      if (rows.get(id) === entry) rows.delete(id)
    }
    entry.row.then((row) => (row === undefined ? drop() : undefined), drop)
    rows.delete(id)
    const [oldest] = rows.keys()
    if (rows.size >= entriesMax && oldest !== undefined) rows.delete(oldest)
    rows.set(id, entry)
    return entry.row
  }

  /** Reads under way end in the old map, which nobody asks any more. */
  forget(): void {
    this.#rows = new Map()
  }
}
