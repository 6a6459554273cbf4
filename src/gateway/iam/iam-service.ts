// IAM and STS as AWS's query API: a form in, a status and an XML document out. The face finds out who signed, and hands the form on.
//
// Every call asks leave (decideIam) and is written to the audit log as REST's calls are. What metadata refuses is told in AWS's words.
//
// Source: AWS IAM API Reference (2010-05-08), AWS STS API Reference (2011-06-15), "Common errors".

import { FrostError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { Principal } from '../auth/principal.ts'
import { userNamePattern } from '../auth/authenticator.ts'
import type { Decision } from '../auth/authorizer.ts'
import { decideIam } from '../policy/authorize-iam.ts'
import type { ConditionValues } from '../policy/compiled-policy.ts'
import { attachmentActions } from './attachment-actions.ts'
import { emptyActions } from './empty-actions.ts'
import { groupActions } from './group-actions.ts'
import { Identities } from './identities.ts'
import { policyActions } from './policy-actions.ts'
import type { IamParts, QueryAction, QueryActions, QueryCall } from './query-action.ts'
import { QueryError } from './query-error.ts'
import type { QueryErrorCode } from './query-error.ts'
import { formBytesMax, QueryForm } from './query-form.ts'
import { writeAnswer, writeError } from './query-xml.ts'
import type { QueryService } from './query-xml.ts'
import { roleActions } from './role-actions.ts'
import { denied, stsActions } from './sts-actions.ts'
import { tagActions } from './tag-actions.ts'
import { userActions } from './user-actions.ts'

export interface QueryRequest {
  /** The body as it came: application/x-www-form-urlencoded. */
  readonly body: string
  /** Who signed; without a user, nobody did. */
  readonly principal: Principal
  readonly conditions: ConditionValues
  readonly address: string
  readonly requestId: string
}

export interface QueryAnswer {
  readonly status: number
  /** `text/xml`. */
  readonly xml: string
}

const services: Readonly<Record<QueryService, QueryActions>> = {
  iam: {
    ...userActions,
    ...attachmentActions,
    ...policyActions,
    ...groupActions,
    ...roleActions,
    ...tagActions,
    ...emptyActions,
  },
  sts: stsActions,
}

/** What IAM and STS answer here: `iam:CreateUser`. */
export const queryActionNames: readonly string[] = Object.entries(services).flatMap(([service, actions]) =>
  Object.keys(actions).map((name) => `${service}:${name}`),
)

export class IamService {
  readonly #parts: IamParts
  readonly #identities: Identities

  constructor(parts: IamParts) {
    this.#parts = parts
    this.#identities = new Identities(parts)
  }

  /** Never throws but for defects: what is refused is an answer too. */
  async handle(request: QueryRequest): Promise<QueryAnswer> {
    const { requestId } = request
    const form = new QueryForm(request.body.length > formBytesMax ? '' : request.body)
    const name = form.get('Action') ?? ''
    const service: QueryService = Object.hasOwn(services.sts, name) ? 'sts' : 'iam'
    try {
      const action = Object.hasOwn(services[service], name) ? services[service][name] : undefined
      if (action === undefined)
        throw new QueryError(
          'InvalidAction',
          `Could not find operation ${name.slice(0, 100)} for version ${form.get('Version') ?? 'NO_VERSION_SPECIFIED'}`,
        )
      const call: QueryCall = { ...request, form, parts: this.#parts, identities: this.#identities }
      await this.#admit(call, action, `${service}:${name}`)
      const result = await action.run(call)
      return { status: 200, xml: writeAnswer(name, result, { service, requestId }) }
    } catch (error) {
      const refusal = asQueryError(error)
      return { status: refusal.status, xml: writeError(refusal, { service, requestId }) }
    }
  }

  async #admit(call: QueryCall, action: QueryAction, name: string): Promise<void> {
    const { principal, conditions, address, requestId } = call
    if (principal.user === undefined) throw new QueryError('AccessDenied', 'The request is not signed.')
    if (action.decidesItself === true) return
    const resource = await action.resource(call)
    const isOwn = action.isOwn === true
    const asked = { principal, action: name, resource, conditions, isOwn }
    const decision = (await this.#isBeyond(call, name)) ? beyond : decideIam(asked, this.#parts.control.policies)
    this.#parts.control.noteDecision(decision, { action: name, principal, address, requestId })
    if (!decision.isAllowed) throw denied(call, name, action.concealsResource === true ? '*' : resource)
  }

  /**
   * Whether somebody who is no administrator would change one. What an administrator may goes beyond all that policies give (the cluster
   * itself), so no policy leads there, as none of AWS's leads to the root user.
   */
  async #isBeyond({ form, principal }: QueryCall, name: string): Promise<boolean> {
    const { user, session } = principal
    const target = form.get('UserName')
    const isOwnMatter = user?.role === 'admin' && session?.role === undefined
    if (isOwnMatter || target === undefined || /^iam:(?:Get|List)/.test(name)) return false
    const row = userNamePattern.test(target) ? await this.#parts.metadata.getUser(target) : undefined
    return row?.role === 'admin'
  }
}

const beyond: Decision = { isAllowed: false, reason: 'only an administrator changes an administrator' }

const codes: Partial<Readonly<Record<ErrorCode, QueryErrorCode>>> = {
  'user-not-found': 'NoSuchEntity',
  'identity-not-found': 'NoSuchEntity',
  'policy-not-found': 'NoSuchEntity',
  'access-key-not-found': 'NoSuchEntity',
  'user-exists': 'EntityAlreadyExists',
  'identity-exists': 'EntityAlreadyExists',
  'policy-exists': 'EntityAlreadyExists',
  'access-key-exists': 'EntityAlreadyExists',
  'identity-in-use': 'DeleteConflict',
  'last-administrator': 'DeleteConflict',
  'bad-request': 'LimitExceeded',
}

/** What is no refusal is thrown on. */
function asQueryError(error: unknown): QueryError {
  if (error instanceof QueryError) return error
  if (!(error instanceof FrostError)) throw error
  const known = codes[error.code]
  if (known !== undefined) return new QueryError(known, error.message)
  return error.status === 503
    ? new QueryError('ServiceUnavailable', 'The request could not be completed. Try again later.')
    : new QueryError('ServiceFailure', 'The request could not be completed.')
}
