// What IAM and STS refuse, with the codes and statuses of their API references ("Common errors", and the errors of each action).

const statuses = {
  AccessDenied: 403,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  ExpiredTokenException: 400,
  IDPRejectedClaim: 403,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidInput: 400,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  MissingParameter: 400,
  NoSuchEntity: 404,
  NotImplemented: 501,
  PackedPolicyTooLarge: 400,
  ServiceFailure: 500,
  ServiceUnavailable: 503,
  UnmodifiableEntity: 400,
  ValidationError: 400,
} as const

export type QueryErrorCode = keyof typeof statuses

/** A refusal that the client is told as it stands. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
  readonly code: QueryErrorCode
  readonly status: number

  constructor(code: QueryErrorCode, message: string) {
    super(message)
    this.code = code
    this.status = statuses[code]
  }
}
