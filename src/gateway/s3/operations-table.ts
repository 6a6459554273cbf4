// Every operation of the S3 API, by the name that AWS gives it, and by what a request is recognised as one: the method, what it is about,
// and the query parameters (or header) that name a sub-resource. What is not supported stands here too, so that it is answered with
// NotImplemented and not taken for something else: a PUT of an unknown sub-resource must never become a PutObject, nor a DELETE of one
// the end of the bucket. docs/reference/s3.md is held to this table by a test.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html

export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS'
/** What a request's address names. */
export type Target = 'service' | 'bucket' | 'object'

export interface OperationKind {
  readonly method: Method
  readonly target: Target
  /** Query parameters that must all be there, with any value; with `=`, with that one. The first one is the sub-resource. */
  readonly query?: readonly string[]
  /** A header that must be there. */
  readonly header?: string
  /** Why it is not done. Absent: it is. */
  readonly unsupported?: string
}

const directoryBuckets = 'Directory buckets are a class of storage of AWS’ own.'
const metadataTables = 'Metadata tables are a service of AWS’ own (S3 Tables).'
const configurationReports = 'FrostByte writes no such reports; lists are empty, and none can be made.'
const objectLambda = 'Object Lambda is a service of AWS’ own.'

/** More particular ones stand before more general ones. */
const table = {
  // The service
  ListDirectoryBuckets: {
    method: 'GET',
    target: 'service',
    query: ['x-id=ListDirectoryBuckets'],
    unsupported: directoryBuckets,
  },
  ListBuckets: { method: 'GET', target: 'service' },
  // Buckets: sub-resources
  GetBucketAbac: {
    method: 'GET',
    target: 'bucket',
    query: ['abac'],
    unsupported: 'Tags of buckets decide no access here.',
  },
  PutBucketAbac: {
    method: 'PUT',
    target: 'bucket',
    query: ['abac'],
    unsupported: 'Tags of buckets decide no access here.',
  },
  GetBucketAccelerateConfiguration: { method: 'GET', target: 'bucket', query: ['accelerate'] },
  PutBucketAccelerateConfiguration: { method: 'PUT', target: 'bucket', query: ['accelerate'] },
  GetBucketAcl: { method: 'GET', target: 'bucket', query: ['acl'] },
  PutBucketAcl: { method: 'PUT', target: 'bucket', query: ['acl'] },
  GetBucketAnalyticsConfiguration: { method: 'GET', target: 'bucket', query: ['analytics', 'id'] },
  ListBucketAnalyticsConfigurations: { method: 'GET', target: 'bucket', query: ['analytics'] },
  PutBucketAnalyticsConfiguration: {
    method: 'PUT',
    target: 'bucket',
    query: ['analytics'],
    unsupported: configurationReports,
  },
  DeleteBucketAnalyticsConfiguration: { method: 'DELETE', target: 'bucket', query: ['analytics'] },
  GetBucketCors: { method: 'GET', target: 'bucket', query: ['cors'] },
  PutBucketCors: { method: 'PUT', target: 'bucket', query: ['cors'] },
  DeleteBucketCors: { method: 'DELETE', target: 'bucket', query: ['cors'] },
  GetBucketEncryption: { method: 'GET', target: 'bucket', query: ['encryption'] },
  PutBucketEncryption: { method: 'PUT', target: 'bucket', query: ['encryption'] },
  DeleteBucketEncryption: { method: 'DELETE', target: 'bucket', query: ['encryption'] },
  GetBucketIntelligentTieringConfiguration: { method: 'GET', target: 'bucket', query: ['intelligent-tiering', 'id'] },
  ListBucketIntelligentTieringConfigurations: { method: 'GET', target: 'bucket', query: ['intelligent-tiering'] },
  PutBucketIntelligentTieringConfiguration: {
    method: 'PUT',
    target: 'bucket',
    query: ['intelligent-tiering'],
    unsupported: 'There is one class of storage.',
  },
  DeleteBucketIntelligentTieringConfiguration: { method: 'DELETE', target: 'bucket', query: ['intelligent-tiering'] },
  GetBucketInventoryConfiguration: { method: 'GET', target: 'bucket', query: ['inventory', 'id'] },
  ListBucketInventoryConfigurations: { method: 'GET', target: 'bucket', query: ['inventory'] },
  PutBucketInventoryConfiguration: {
    method: 'PUT',
    target: 'bucket',
    query: ['inventory'],
    unsupported: configurationReports,
  },
  DeleteBucketInventoryConfiguration: { method: 'DELETE', target: 'bucket', query: ['inventory'] },
  GetBucketLifecycleConfiguration: { method: 'GET', target: 'bucket', query: ['lifecycle'] },
  PutBucketLifecycleConfiguration: { method: 'PUT', target: 'bucket', query: ['lifecycle'] },
  DeleteBucketLifecycle: { method: 'DELETE', target: 'bucket', query: ['lifecycle'] },
  GetBucketLocation: { method: 'GET', target: 'bucket', query: ['location'] },
  GetBucketLogging: { method: 'GET', target: 'bucket', query: ['logging'] },
  PutBucketLogging: { method: 'PUT', target: 'bucket', query: ['logging'] },
  CreateBucketMetadataConfiguration: {
    method: 'POST',
    target: 'bucket',
    query: ['metadataConfiguration'],
    unsupported: metadataTables,
  },
  GetBucketMetadataConfiguration: {
    method: 'GET',
    target: 'bucket',
    query: ['metadataConfiguration'],
    unsupported: metadataTables,
  },
  DeleteBucketMetadataConfiguration: {
    method: 'DELETE',
    target: 'bucket',
    query: ['metadataConfiguration'],
    unsupported: metadataTables,
  },
  UpdateBucketMetadataInventoryTableConfiguration: {
    method: 'PUT',
    target: 'bucket',
    query: ['metadataInventoryTable'],
    unsupported: metadataTables,
  },
  UpdateBucketMetadataJournalTableConfiguration: {
    method: 'PUT',
    target: 'bucket',
    query: ['metadataJournalTable'],
    unsupported: metadataTables,
  },
  CreateBucketMetadataTableConfiguration: {
    method: 'POST',
    target: 'bucket',
    query: ['metadataTable'],
    unsupported: metadataTables,
  },
  GetBucketMetadataTableConfiguration: {
    method: 'GET',
    target: 'bucket',
    query: ['metadataTable'],
    unsupported: metadataTables,
  },
  DeleteBucketMetadataTableConfiguration: {
    method: 'DELETE',
    target: 'bucket',
    query: ['metadataTable'],
    unsupported: metadataTables,
  },
  GetBucketMetricsConfiguration: { method: 'GET', target: 'bucket', query: ['metrics', 'id'] },
  ListBucketMetricsConfigurations: { method: 'GET', target: 'bucket', query: ['metrics'] },
  PutBucketMetricsConfiguration: {
    method: 'PUT',
    target: 'bucket',
    query: ['metrics'],
    unsupported: 'Metrics of FrostByte are at /metrics, in Prometheus’ form.',
  },
  DeleteBucketMetricsConfiguration: { method: 'DELETE', target: 'bucket', query: ['metrics'] },
  GetBucketNotificationConfiguration: { method: 'GET', target: 'bucket', query: ['notification'] },
  PutBucketNotificationConfiguration: { method: 'PUT', target: 'bucket', query: ['notification'] },
  GetObjectLockConfiguration: { method: 'GET', target: 'bucket', query: ['object-lock'] },
  PutObjectLockConfiguration: { method: 'PUT', target: 'bucket', query: ['object-lock'] },
  GetBucketOwnershipControls: { method: 'GET', target: 'bucket', query: ['ownershipControls'] },
  PutBucketOwnershipControls: { method: 'PUT', target: 'bucket', query: ['ownershipControls'] },
  DeleteBucketOwnershipControls: { method: 'DELETE', target: 'bucket', query: ['ownershipControls'] },
  GetBucketPolicy: { method: 'GET', target: 'bucket', query: ['policy'] },
  PutBucketPolicy: { method: 'PUT', target: 'bucket', query: ['policy'] },
  DeleteBucketPolicy: { method: 'DELETE', target: 'bucket', query: ['policy'] },
  GetBucketPolicyStatus: { method: 'GET', target: 'bucket', query: ['policyStatus'] },
  GetPublicAccessBlock: { method: 'GET', target: 'bucket', query: ['publicAccessBlock'] },
  PutPublicAccessBlock: { method: 'PUT', target: 'bucket', query: ['publicAccessBlock'] },
  DeletePublicAccessBlock: { method: 'DELETE', target: 'bucket', query: ['publicAccessBlock'] },
  GetBucketReplication: { method: 'GET', target: 'bucket', query: ['replication'] },
  PutBucketReplication: { method: 'PUT', target: 'bucket', query: ['replication'] },
  DeleteBucketReplication: { method: 'DELETE', target: 'bucket', query: ['replication'] },
  GetBucketRequestPayment: { method: 'GET', target: 'bucket', query: ['requestPayment'] },
  PutBucketRequestPayment: { method: 'PUT', target: 'bucket', query: ['requestPayment'] },
  CreateSession: { method: 'GET', target: 'bucket', query: ['session'], unsupported: directoryBuckets },
  GetBucketTagging: { method: 'GET', target: 'bucket', query: ['tagging'] },
  PutBucketTagging: { method: 'PUT', target: 'bucket', query: ['tagging'] },
  DeleteBucketTagging: { method: 'DELETE', target: 'bucket', query: ['tagging'] },
  GetBucketVersioning: { method: 'GET', target: 'bucket', query: ['versioning'] },
  PutBucketVersioning: { method: 'PUT', target: 'bucket', query: ['versioning'] },
  GetBucketWebsite: { method: 'GET', target: 'bucket', query: ['website'] },
  PutBucketWebsite: { method: 'PUT', target: 'bucket', query: ['website'] },
  DeleteBucketWebsite: { method: 'DELETE', target: 'bucket', query: ['website'] },
  // Buckets: what they hold
  ListObjectVersions: { method: 'GET', target: 'bucket', query: ['versions'] },
  ListMultipartUploads: { method: 'GET', target: 'bucket', query: ['uploads'] },
  ListObjectsV2: { method: 'GET', target: 'bucket', query: ['list-type=2'] },
  ListObjects: { method: 'GET', target: 'bucket' },
  DeleteObjects: { method: 'POST', target: 'bucket', query: ['delete'] },
  WriteGetObjectResponse: {
    method: 'POST',
    target: 'bucket',
    header: 'x-amz-request-route',
    unsupported: objectLambda,
  },
  PostObject: { method: 'POST', target: 'bucket' },
  // Buckets themselves
  CreateBucket: { method: 'PUT', target: 'bucket' },
  HeadBucket: { method: 'HEAD', target: 'bucket' },
  DeleteBucket: { method: 'DELETE', target: 'bucket' },
  // Objects: sub-resources
  GetObjectAcl: { method: 'GET', target: 'object', query: ['acl'] },
  PutObjectAcl: { method: 'PUT', target: 'object', query: ['acl'] },
  GetObjectAttributes: { method: 'GET', target: 'object', query: ['attributes'] },
  UpdateObjectEncryption: {
    method: 'PUT',
    target: 'object',
    query: ['encryption'],
    unsupported: 'The encryption of an object is changed by copying it.',
  },
  GetObjectLegalHold: { method: 'GET', target: 'object', query: ['legal-hold'] },
  PutObjectLegalHold: { method: 'PUT', target: 'object', query: ['legal-hold'] },
  RenameObject: { method: 'PUT', target: 'object', query: ['renameObject'], unsupported: directoryBuckets },
  RestoreObject: { method: 'POST', target: 'object', query: ['restore'] },
  GetObjectRetention: { method: 'GET', target: 'object', query: ['retention'] },
  PutObjectRetention: { method: 'PUT', target: 'object', query: ['retention'] },
  SelectObjectContent: {
    method: 'POST',
    target: 'object',
    query: ['select'],
    unsupported: 'AWS has closed it to new users; queries belong into engines that read ranges.',
  },
  GetObjectTagging: { method: 'GET', target: 'object', query: ['tagging'] },
  PutObjectTagging: { method: 'PUT', target: 'object', query: ['tagging'] },
  DeleteObjectTagging: { method: 'DELETE', target: 'object', query: ['tagging'] },
  GetObjectTorrent: {
    method: 'GET',
    target: 'object',
    query: ['torrent'],
    unsupported: 'AWS has ended it.',
  },
  // Objects: multipart uploads
  CreateMultipartUpload: { method: 'POST', target: 'object', query: ['uploads'] },
  UploadPartCopy: { method: 'PUT', target: 'object', query: ['uploadId', 'partNumber'], header: 'x-amz-copy-source' },
  UploadPart: { method: 'PUT', target: 'object', query: ['uploadId', 'partNumber'] },
  ListParts: { method: 'GET', target: 'object', query: ['uploadId'] },
  CompleteMultipartUpload: { method: 'POST', target: 'object', query: ['uploadId'] },
  AbortMultipartUpload: { method: 'DELETE', target: 'object', query: ['uploadId'] },
  // Objects themselves
  CopyObject: { method: 'PUT', target: 'object', header: 'x-amz-copy-source' },
  PutObject: { method: 'PUT', target: 'object' },
  GetObject: { method: 'GET', target: 'object' },
  HeadObject: { method: 'HEAD', target: 'object' },
  DeleteObject: { method: 'DELETE', target: 'object' },
} as const satisfies Record<string, OperationKind>

export type OperationName = keyof typeof table

/** Those that are done. */
export type SupportedOperation = {
  [Name in OperationName]: (typeof table)[Name] extends { readonly unsupported: string } ? never : Name
}[OperationName]

export const operations: Readonly<Record<OperationName, OperationKind>> = table
