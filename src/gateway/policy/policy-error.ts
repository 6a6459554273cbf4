/**
 * A document that is no policy, or none of its kind. The message is AWS's, for S3's `MalformedPolicy` and IAM's
 * `MalformedPolicyDocument`.
 */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
}
