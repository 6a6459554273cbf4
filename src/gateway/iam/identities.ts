// Rows of users, groups and roles as IAM changes them: read, changed by a pure function, written where nothing changed meanwhile, else
// once more.

import { errorCode } from '../../base/errors.ts'
import type { UserRow } from '../../meta/contract/access-rows.ts'
import type { IdentityName } from '../../meta/contract/identity-metadata.ts'
import type { IdentityKind, IdentityRow, ManagedPolicyRow } from '../../meta/contract/identity-rows.ts'
import { roleArn, userArn, userGroupArn } from '../policy/arn.ts'
import { QueryError } from './query-error.ts'
import type { IamParts } from './query-action.ts'

/** How often a change is made anew because another one came between. */
const attemptsMax = 8

export class Identities {
  readonly #parts: IamParts

  constructor(parts: IamParts) {
    this.#parts = parts
  }

  /** @throws QueryError `NoSuchEntity`. */
  async user(name: string): Promise<UserRow> {
    const user = isUserName(name) ? await this.#parts.metadata.getUser(name) : undefined
    if (user === undefined) throw noSuch('user', name)
    return user
  }

  /** Of a user of whom IAM knows nothing yet, a row of revision 0. @throws QueryError `NoSuchEntity`. */
  async get(of: IdentityName): Promise<IdentityRow> {
    if (of.kind === 'user') await this.user(of.name)
    const row = await this.#parts.metadata.getIdentity(of)
    if (row !== undefined) return row
    if (of.kind !== 'user') throw noSuch(of.kind, of.name)
    return this.fresh(of, '/')
  }

  /** Of revision 0: not stored yet. */
  fresh({ kind, name }: IdentityName, path: string): IdentityRow {
    const lists = { tags: [], attached: [], inline: [], groups: [] }
    return { kind, name, revision: 0, id: '', path, createdMs: this.#parts.clock.wallMs(), ...lists }
  }

  /** `change`: the row as it is to be; `undefined`: it is so already. @throws QueryError as `get` and `change`. */
  async change(of: IdentityName, change: (row: IdentityRow) => IdentityRow | undefined): Promise<void> {
    await this.#retry(async () => {
      const changed = change(await this.get(of))
      if (changed !== undefined) await this.put({ ...changed, revision: changed.revision + 1 })
    })
  }

  async put(row: IdentityRow): Promise<void> {
    await this.#changed(this.#parts.metadata.putIdentity({ row }))
  }

  async remove(of: IdentityName): Promise<void> {
    await this.#changed(this.#parts.metadata.removeIdentity({ kind: of.kind, name: of.name }))
  }

  /** @throws QueryError `NoSuchEntity`. */
  async policy(name: string): Promise<ManagedPolicyRow> {
    const row = await this.#parts.metadata.getManagedPolicy(name)
    if (row === undefined) throw new QueryError('NoSuchEntity', `Policy ${name} was not found.`)
    return row
  }

  async changePolicy(name: string, change: (row: ManagedPolicyRow) => ManagedPolicyRow): Promise<ManagedPolicyRow> {
    return await this.#retry(async () => {
      const changed = change(await this.policy(name))
      return await this.putPolicy({ ...changed, revision: changed.revision + 1 })
    })
  }

  async putPolicy(row: ManagedPolicyRow): Promise<ManagedPolicyRow> {
    return await this.#changed(this.#parts.metadata.putManagedPolicy({ row }))
  }

  async removePolicy(name: string): Promise<void> {
    await this.#changed(this.#parts.metadata.removeManagedPolicy({ name }))
  }

  /** As policies name it; `/` as the path of what is not there. */
  async arn({ kind, name }: IdentityName): Promise<string> {
    const isPossible = kind !== 'user' || isUserName(name)
    const row = isPossible ? await this.#parts.metadata.getIdentity({ kind, name }) : undefined
    return arnOfKind[kind](name, row?.path)
  }

  async #retry<T>(attempt: () => Promise<T>): Promise<T> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt()
      } catch (error) {
        if (errorCode(error) !== 'precondition-failed') throw error
        if (attempts === attemptsMax)
          throw new QueryError('ServiceUnavailable', 'Others change the same thing at the same time. Try again.')
      }
    }
  }

  /** Also after a failure: whether it happened may not be known. */
  async #changed<T>(mutation: Promise<T>): Promise<T> {
    try {
      return await mutation
    } finally {
      this.#parts.control.forget()
    }
  }
}

const arnOfKind: Readonly<Record<IdentityKind, (name: string, path?: string) => string>> = {
  user: userArn,
  group: userGroupArn,
  role: roleArn,
}

function noSuch(kind: IdentityKind, name: string): QueryError {
  return new QueryError('NoSuchEntity', `The ${kind} with name ${name} cannot be found.`)
}

function isUserName(name: string): boolean {
  return name.length <= 64
}
