// The condition keys that a policy may name, in lower case. AWS refuses a bucket policy with a key of S3, or a global one, that there is
// not: under a Deny, a name that is misspelt would deny nothing unseen. Keys of other services are theirs to know.
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

const globalNames = `AssumedRoot CalledVia CalledViaAWSMCP CalledViaFirst CalledViaLast ChatbotSourceArn CurrentTime
  Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc EpochTime FederatedProvider IsMcpServiceAction MultiFactorAuthAge
  MultiFactorAuthPresent PrincipalAccount PrincipalArn PrincipalIsAWSService PrincipalOrgID PrincipalOrgPaths
  PrincipalServiceName PrincipalServiceNamesList PrincipalType Referer RequestedRegion ResourceAccount ResourceOrgID
  ResourceOrgPaths SecureTransport SignInSessionArn SourceAccount SourceArn SourceIdentity SourceIp SourceOrgID SourceOrgPaths
  SourceVpc SourceVpcArn SourceVpce TagKeys TokenIssueTime UserAgent UserId UserName ViaAWSMCPService ViaAWSService
  VpceAccount VpceOrgID VpceOrgPaths VpcSourceIp`

const globalKeys: ReadonlySet<string> = new Set(globalNames.split(/\s+/).map((name) => `aws:${name.toLowerCase()}`))
const globalPrefixes = ['aws:principaltag/', 'aws:requesttag/', 'aws:resourcetag/']

/** These go on with the name of a tag. */
const s3Prefixes = ['s3:existingobjecttag/', 's3:requestobjecttag/', 's3:buckettag/']

/** Of any service; `key` in lower case. */
export function isConditionKey(key: string): boolean {
  if (key.startsWith('s3:')) return s3Keys.has(key) || s3Prefixes.some((prefix) => key.startsWith(prefix))
  return /^[a-z0-9-]+:[^:]/.test(key)
}

/** Whether a key is none of AWS' global ones, or one that there is; `key` in lower case. */
export function isGlobalKeyKnown(key: string): boolean {
  return !key.startsWith('aws:') || globalKeys.has(key) || globalPrefixes.some((prefix) => key.startsWith(prefix))
}

export const existingTagPrefix = 's3:existingobjecttag/'
