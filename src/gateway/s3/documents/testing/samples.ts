// A few valid documents of each kind, as clients send them: what the tests of all parsers start from.

import { accessControlPolicy } from '../access-control-policy.ts'
import { bucketLoggingStatus } from '../bucket-logging-status.ts'
import { accelerateConfiguration, requestPaymentConfiguration } from '../bucket-settings.ts'
import { completeMultipartUpload } from '../complete-multipart-upload.ts'
import { corsConfiguration } from '../cors-configuration.ts'
import { createBucketConfiguration } from '../create-bucket-configuration.ts'
import { deleteRequest } from '../delete-objects.ts'
import { encryptionConfiguration } from '../encryption-configuration.ts'
import { lifecycleConfiguration } from '../lifecycle-configuration.ts'
import { notificationConfiguration } from '../notification-configuration.ts'
import { objectLegalHold, objectLockConfiguration, objectRetention } from '../object-lock-configuration.ts'
import { ownershipControls, policyStatus, publicAccessBlock } from '../public-access.ts'
import { replicationConfiguration } from '../replication-configuration.ts'
import { restoreRequest } from '../restore-request.ts'
import type { S3Document } from '../shape/document.ts'
import { bucketTagging, objectTagging } from '../tagging.ts'
import { versioningConfiguration } from '../versioning-configuration.ts'
import { websiteConfiguration } from '../website-configuration.ts'

export interface Sample {
  readonly name: string
  readonly document: S3Document<unknown>
  readonly xml: string
}

function samplesOf<T>(name: string, document: S3Document<T>, ...texts: readonly string[]): readonly Sample[] {
  // Whoever takes a sample gives a document only what it gave.
  return texts.map((xml) => ({ name, document: document as S3Document<unknown>, xml }))
}

export const samples: readonly Sample[] = [
  ...samplesOf(
    'CreateBucketConfiguration',
    createBucketConfiguration,
    '<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint><Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags></CreateBucketConfiguration>',
    '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
  ),
  ...samplesOf(
    'VersioningConfiguration',
    versioningConfiguration,
    '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
    '<VersioningConfiguration><MfaDelete>Disabled</MfaDelete><Status>Suspended</Status></VersioningConfiguration>',
  ),
  ...samplesOf(
    'Tagging of an object',
    objectTagging,
    '<Tagging><TagSet><Tag><Key>name</Key><Value>Zoë + 1</Value></Tag><Tag><Key>x</Key><Value></Value></Tag></TagSet></Tagging>',
  ),
  ...samplesOf('Tagging of a bucket', bucketTagging, '<Tagging><TagSet/></Tagging>'),
  ...samplesOf(
    'CORSConfiguration',
    corsConfiguration,
    `<CORSConfiguration><CORSRule><ID>one</ID><AllowedOrigin>https://*.example.com</AllowedOrigin><AllowedMethod>GET</AllowedMethod>
     <AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>
     <MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod>
     </CORSRule></CORSConfiguration>`,
  ),
  ...samplesOf(
    'LifecycleConfiguration',
    lifecycleConfiguration,
    `<LifecycleConfiguration><Rule><ID>logs</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status>
     <Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition><Expiration><Days>365</Days></Expiration></Rule>
     <Rule><Filter><And><Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan>
     <ObjectSizeLessThan>20</ObjectSizeLessThan></And></Filter><Status>Disabled</Status>
     <NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>5</NewerNoncurrentVersions>
     </NoncurrentVersionExpiration><NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><StorageClass>GLACIER</StorageClass>
     </NoncurrentVersionTransition></Rule>
     <Rule><Filter/><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>
     <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
     </LifecycleConfiguration>`,
    `<LifecycleConfiguration><Rule><ID>old</ID><Prefix>tmp/</Prefix><Status>Enabled</Status>
     <Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration></Rule></LifecycleConfiguration>`,
  ),
  ...samplesOf(
    'ServerSideEncryptionConfiguration',
    encryptionConfiguration,
    `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>
     <KMSMasterKeyID>arn:aws:kms:us-east-1:1:key/k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>
     <BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`,
  ),
  ...samplesOf(
    'ObjectLockConfiguration',
    objectLockConfiguration,
    `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode>
     <Years>5</Years></DefaultRetention></Rule></ObjectLockConfiguration>`,
    '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
  ),
  ...samplesOf(
    'Retention',
    objectRetention,
    '<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-02T03:04:05.678Z</RetainUntilDate></Retention>',
    '<Retention/>',
  ),
  ...samplesOf('LegalHold', objectLegalHold, '<LegalHold><Status>ON</Status></LegalHold>'),
  ...samplesOf(
    'AccessControlPolicy',
    accessControlPolicy,
    `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID><DisplayName>Owner</DisplayName></Owner>
     <AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>o</ID>
     <DisplayName>Owner</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant><Grant>
     <Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">
     <URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList>
     </AccessControlPolicy>`,
  ),
  ...samplesOf(
    'PublicAccessBlockConfiguration',
    publicAccessBlock,
    `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>TRUE</IgnorePublicAcls>
     <BlockPublicPolicy>false</BlockPublicPolicy></PublicAccessBlockConfiguration>`,
  ),
  ...samplesOf(
    'OwnershipControls',
    ownershipControls,
    '<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>',
  ),
  ...samplesOf('PolicyStatus', policyStatus, '<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>'),
  ...samplesOf(
    'NotificationConfiguration',
    notificationConfiguration,
    `<NotificationConfiguration><QueueConfiguration><Id>q</Id><Queue>arn:aws:sqs:us-east-1:1:q</Queue><Event>s3:ObjectCreated:*</Event>
     <Filter><S3Key><FilterRule><Name>prefix</Name><Value>in/</Value></FilterRule><FilterRule><Name>Suffix</Name><Value>.jpg</Value>
     </FilterRule></S3Key></Filter></QueueConfiguration><TopicConfiguration><Topic>arn:aws:sns:us-east-1:1:t</Topic>
     <Event>s3:ObjectRemoved:Delete</Event></TopicConfiguration><CloudFunctionConfiguration>
     <CloudFunction>arn:aws:lambda:us-east-1:1:function:f</CloudFunction><Event>s3:ObjectTagging:Put</Event>
     </CloudFunctionConfiguration><EventBridgeConfiguration/></NotificationConfiguration>`,
    '<NotificationConfiguration/>',
  ),
  ...samplesOf(
    'BucketLoggingStatus',
    bucketLoggingStatus,
    `<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>a/</TargetPrefix><TargetGrants><Grant>
     <Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>o</ID></Grantee>
     <Permission>READ</Permission></Grant></TargetGrants><TargetObjectKeyFormat><PartitionedPrefix>
     <PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat></LoggingEnabled>
     </BucketLoggingStatus>`,
    '<BucketLoggingStatus/>',
  ),
  ...samplesOf(
    'WebsiteConfiguration',
    websiteConfiguration,
    `<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>404.html</Key></ErrorDocument>
     <RoutingRules><RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect>
     <ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect></RoutingRule><RoutingRule><Condition>
     <HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition><Redirect><Protocol>https</Protocol>
     <HostName>example.com</HostName><ReplaceKeyWith>x</ReplaceKeyWith><HttpRedirectCode>302</HttpRedirectCode></Redirect>
     </RoutingRule></RoutingRules></WebsiteConfiguration>`,
    '<WebsiteConfiguration><RedirectAllRequestsTo><HostName>example.com</HostName></RedirectAllRequestsTo></WebsiteConfiguration>',
  ),
  ...samplesOf(
    'RequestPaymentConfiguration',
    requestPaymentConfiguration,
    '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>',
  ),
  ...samplesOf(
    'AccelerateConfiguration',
    accelerateConfiguration,
    '<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>',
  ),
  ...samplesOf(
    'ReplicationConfiguration',
    replicationConfiguration,
    `<ReplicationConfiguration><Role>arn:aws:iam::1:role/r</Role><Rule><ID>r</ID><Priority>1</Priority><Status>Enabled</Status>
     <Filter><And><Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><DeleteMarkerReplication>
     <Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::b</Bucket>
     <StorageClass>STANDARD</StorageClass><ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime>
     <Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics></Destination></Rule>
     </ReplicationConfiguration>`,
  ),
  ...samplesOf(
    'Delete',
    deleteRequest,
    `<Delete><Object><Key> a b </Key><VersionId>v</VersionId><ETag>"e"</ETag><Size>3</Size>
     <LastModifiedTime>Thu, 01 Jan 2026 12:00:00 GMT</LastModifiedTime></Object><Object><Key>&lt;&#10;&gt;</Key></Object>
     <Quiet>true</Quiet></Delete>`,
  ),
  ...samplesOf(
    'CompleteMultipartUpload',
    completeMultipartUpload,
    `<CompleteMultipartUpload><Part><ETag>"e1"</ETag><PartNumber>1</PartNumber><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>
     <Part><PartNumber>7</PartNumber><ETag>e2</ETag><ChecksumSHA256>AA</ChecksumSHA256><ChecksumCRC64NVME>BB</ChecksumCRC64NVME></Part>
     </CompleteMultipartUpload>`,
  ),
  ...samplesOf(
    'RestoreRequest',
    restoreRequest,
    '<RestoreRequest><Days>3</Days><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters></RestoreRequest>',
  ),
]
