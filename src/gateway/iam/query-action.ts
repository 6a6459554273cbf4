// What an action of IAM or STS is: which leave it takes, and what it does.

import type { AccessMutations, AccessReads } from '../../meta/contract/access-metadata.ts'
import type { IdentityMutations, IdentityReads } from '../../meta/contract/identity-metadata.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { AccessControl } from '../auth/access-control.ts'
import type { Accounts } from '../auth/accounts.ts'
import type { Principal } from '../auth/principal.ts'
import type { SecretBox } from '../auth/secret-box.ts'
import type { ConditionValues } from '../policy/compiled-policy.ts'
import type { QueryForm } from './query-form.ts'
import type { Identities } from './identities.ts'
import type { XmlFields } from './query-xml.ts'

export interface IamParts {
  readonly metadata: AccessReads & AccessMutations & IdentityReads & IdentityMutations
  readonly accounts: Accounts
  readonly control: AccessControl
  readonly clock: Clock
  readonly random: Random
  readonly box: SecretBox
}

export interface QueryCall {
  readonly form: QueryForm
  /** Who signed. */
  readonly principal: Principal
  /** What the request has of itself (src/gateway/policy/s3-conditions.ts). */
  readonly conditions: ConditionValues
  readonly address: string
  readonly requestId: string
  readonly parts: IamParts
  readonly identities: Identities
}

export interface QueryAction {
  /** The ARN that policies are asked for. */
  readonly resource: (call: QueryCall) => string | Promise<string>
  /** Whether the ARN tells what who may not ask must not know: a refusal leaves it out. */
  readonly concealsResource?: boolean
  /** Whether everybody may who asks for himself, unless it is denied: as REST has it for keys. */
  readonly isOwn?: boolean
  /** Whether the action decides itself who may. */
  readonly decidesItself?: boolean
  /** `undefined`: there is nothing to tell. */
  readonly run: (call: QueryCall) => XmlFields | undefined | Promise<XmlFields | undefined>
}

export type QueryActions = Readonly<Record<string, QueryAction>>
