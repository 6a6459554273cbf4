// Whether a bucket's policy is public: whether it allows something to everybody, without a condition that holds to fixed values who or
// whence. For BlockPublicPolicy, RestrictPublicBuckets and GetBucketPolicyStatus.
//
// Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage: The meaning of 'public'". Ranges of addresses that are
// too wide to be fixed are, as there, shorter than /8 (IPv4) and /32 (IPv6).

import { parseNetwork } from './networks.ts'
import type { Condition, PolicyDocument, Statement } from './policy-document.ts'

export function isPublicPolicy({ statements }: PolicyDocument): boolean {
  return statements.some(isPublicStatement)
}

function isPublicStatement({ effect, principal, conditions }: Statement): boolean {
  if (effect === 'Deny') return false
  const isForAnybody =
    principal?.isNot === true || principal?.items.some(({ type, value }) => type === '*' || value === '*') === true
  return isForAnybody && !conditions.some(isFixing)
}

/** Each names somebody, or somewhere. */
const fixingKeys = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  'aws:username',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
])

function isFixing({ operator, quantifier, ifExists, key, values }: Condition): boolean {
  if (ifExists || quantifier === 'ForAllValues') return false
  if (key === 'aws:sourceip') return operator === 'IpAddress' && values.every(isNarrow)
  if (!fixingKeys.has(key)) return false
  const isPositive = ['StringEquals', 'StringEqualsIgnoreCase', 'StringLike', 'ArnEquals', 'ArnLike'].includes(operator)
  return isPositive && values.every((value) => isFixedValue(value))
}

function isFixedValue(value: string): boolean {
  return !/[*?]|\$\{/.test(value)
}

function isNarrow(value: string): boolean {
  const network = parseNetwork(value)
  return network !== undefined && network.prefixBits >= (network.address.bits === 32 ? 8 : 32)
}
