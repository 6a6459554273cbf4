// The display names of owners and grantees, which are stored by their canonical ids only: a user may be given another name. AWS has
// stopped to tell them (2025), but the documents still have them, and clients and people read them.

import type { AccessControl } from '../auth/access-control.ts'
import type { AccessControlPolicy, Grant, Owner } from './documents/access-control-policy.ts'
import { clusterId } from './owners.ts'
import { S3Error } from './s3-error.ts'

export class OwnerNames {
  readonly #users: Pick<AccessControl, 'userByCanonicalId'>

  constructor(users: Pick<AccessControl, 'userByCanonicalId'>) {
    this.#users = users
  }

  /** Each of the owners that are given, by his name where there is a user of the id. One look-up for each owner. */
  async of(owners: Iterable<Owner>): Promise<(owner: Owner) => Owner> {
    const ids = new Set<string>()
    for (const { id, displayName } of owners) if (displayName === undefined) ids.add(id)
    const named = new Map<string, Owner>()
    for (const id of ids) {
      const displayName = (await this.#users.userByCanonicalId(id))?.displayName
      if (displayName !== undefined) named.set(id, { id, displayName })
    }
    return (owner) => named.get(owner.id) ?? owner
  }

  /** With the names as they are now, whatever was sent. */
  async named({ owner, grants }: AccessControlPolicy): Promise<AccessControlPolicy> {
    const ids = grants.flatMap(({ grantee }) => (grantee.type === 'CanonicalUser' ? [{ id: grantee.id }] : []))
    const name = await this.of([owner, ...ids])
    const rename = ({ grantee, permission }: Grant): Grant =>
      grantee.type === 'CanonicalUser'
        ? { grantee: { type: 'CanonicalUser', ...name({ id: grantee.id }) }, permission }
        : { grantee, permission }
    return { owner: name(owner), grants: grants.map(rename) }
  }

  /** @throws S3Error `InvalidArgument`: nobody has the id of a grantee. */
  async check({ owner, grants }: AccessControlPolicy): Promise<void> {
    const ids = new Set(grants.flatMap(({ grantee }) => (grantee.type === 'CanonicalUser' ? [grantee.id] : [])))
    for (const id of ids) {
      if (id === owner.id || id === clusterId) continue
      if ((await this.#users.userByCanonicalId(id)) !== undefined) continue
      throw new S3Error('InvalidArgument', 'Invalid id', {
        fields: { ArgumentName: 'CanonicalUser/ID', ArgumentValue: id },
      })
    }
  }
}
