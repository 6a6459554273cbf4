// The condition keys that a policy may name, in lower case. AWS refuses a bucket policy with a key of S3 that there is not.
//
// Source: AWS Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; AWS IAM User Guide, "AWS global
// condition context keys", "IAM and AWS STS condition context keys".

const s3Names = `authType ResourceAccount TlsVersion signatureAge signatureversion x-amz-content-sha256 prefix delimiter max-keys
  VersionId x-amz-acl x-amz-copy-source x-amz-grant-full-control x-amz-grant-read x-amz-grant-read-acp x-amz-grant-write
  x-amz-grant-write-acp x-amz-metadata-directive x-amz-server-side-encryption x-amz-server-side-encryption-aws-kms-key-id
  x-amz-server-side-encryption-customer-algorithm x-amz-storage-class x-amz-website-redirect-location x-amz-object-ownership
  object-lock-legal-hold object-lock-mode object-lock-remaining-retention-days object-lock-retain-until-date
  LocationConstraint
  RequestObjectTagKeys if-none-match if-match ObjectCreationOperation InventoryAccessibleOptionalFields DataAccessPointAccount
  DataAccessPointArn AccessPointNetworkOrigin AccessGrantsInstanceArn destinationRegion isReplicationPauseRequest`

const s3Keys: ReadonlySet<string> = new Set(s3Names.split(/\s+/).map((name) => `s3:${name.toLowerCase()}`))

/** These go on with the name of a tag. */
const s3Prefixes = ['s3:existingobjecttag/', 's3:requestobjecttag/', 's3:buckettag/']

/** Of any service; `key` in lower case. */
export function isConditionKey(key: string): boolean {
  if (key.startsWith('s3:')) return s3Keys.has(key) || s3Prefixes.some((prefix) => key.startsWith(prefix))
  return /^[a-z0-9-]+:[^:]/.test(key)
}

export const existingTagPrefix = 's3:existingobjecttag/'
