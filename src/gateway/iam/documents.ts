// Texts of policies as IAM takes them.

import type { IdentityKind, IdentityRow } from '../../meta/contract/identity-rows.ts'
import { inlineSizesMax, parsePolicy, policySize } from '../policy/parse-policy.ts'
import type { PolicyKind } from '../policy/parse-policy.ts'
import { PolicyError } from '../policy/policy-error.ts'
import { QueryError } from './query-error.ts'

/** The text, which is a policy of that kind. @throws QueryError `MalformedPolicyDocument`, `LimitExceeded`. */
export function checkDocument(text: string, kind: PolicyKind): string {
  try {
    parsePolicy(text, { kind })
    return text
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const code = error.message.startsWith('Cannot exceed quota') ? 'LimitExceeded' : 'MalformedPolicyDocument'
    throw new QueryError(code, error.message)
  }
}

/** That all inline policies together keep within AWS's bound for the kind. @throws QueryError `LimitExceeded`. */
export function checkInline(row: IdentityRow): IdentityRow {
  const sizeMax: Readonly<Record<IdentityKind, number>> = inlineSizesMax
  const size = row.inline.reduce((sum, { document }) => sum + policySize(document, 'inline'), 0)
  if (size <= sizeMax[row.kind]) return row
  throw new QueryError(
    'LimitExceeded',
    `Maximum policy size of ${sizeMax[row.kind]} bytes exceeded for ${row.kind} ${row.name}`,
  )
}
