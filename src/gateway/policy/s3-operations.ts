// What each operation of S3 needs leave for. Some need more than one action; all must be allowed.
//
// Source: Amazon S3 API Reference (the permissions of each operation); Amazon S3 User Guide, "Required permissions for Amazon S3 API
// operations"; AWS Service Authorization Reference.

/** What of a request decides which actions it needs. */
export interface S3RequestShape {
  /** The request names a version. */
  readonly hasVersionId?: boolean
  /** The copy's source names a version. */
  readonly hasSourceVersionId?: boolean
  /** The request sets an ACL (`x-amz-acl`, `x-amz-grant-…`). */
  readonly setsAcl?: boolean
  /** The request sets tags (`x-amz-tagging`), or copies them. */
  readonly setsTags?: boolean
  /** The request copies the tags of the source. */
  readonly copiesTags?: boolean
  readonly setsRetention?: boolean
  readonly setsLegalHold?: boolean
  /** `x-amz-bypass-governance-retention: true`. */
  readonly bypassesGovernance?: boolean
  /** The bucket is made with object lock. */
  readonly setsObjectLock?: boolean
  /** `x-amz-object-ownership` of CreateBucket. */
  readonly setsOwnership?: boolean
}

export interface NeededAction {
  readonly action: string
  /** `source`: the object that is copied. */
  readonly on: 'account' | 'bucket' | 'object' | 'source'
}

/** A name, or two: of the object as it is, and of a version that the request names. */
type ActionName = string | readonly [plain: string, ofVersion: string]

const onAccount: Readonly<Record<string, ActionName>> = {
  ListBuckets: 'ListAllMyBuckets',
}

const onBucket: Readonly<Record<string, ActionName>> = {
  CreateBucket: 'CreateBucket',
  HeadBucket: 'ListBucket',
  DeleteBucket: 'DeleteBucket',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  GetBucketLocation: 'GetBucketLocation',
  GetBucketVersioning: 'GetBucketVersioning',
  PutBucketVersioning: 'PutBucketVersioning',
  GetBucketTagging: 'GetBucketTagging',
  PutBucketTagging: 'PutBucketTagging',
  DeleteBucketTagging: 'PutBucketTagging',
  GetBucketCors: 'GetBucketCORS',
  PutBucketCors: 'PutBucketCORS',
  DeleteBucketCors: 'PutBucketCORS',
  GetBucketPolicy: 'GetBucketPolicy',
  PutBucketPolicy: 'PutBucketPolicy',
  DeleteBucketPolicy: 'DeleteBucketPolicy',
  GetBucketPolicyStatus: 'GetBucketPolicyStatus',
  GetBucketAcl: 'GetBucketAcl',
  PutBucketAcl: 'PutBucketAcl',
  GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
  DeletePublicAccessBlock: 'PutBucketPublicAccessBlock',
  GetBucketOwnershipControls: 'GetBucketOwnershipControls',
  PutBucketOwnershipControls: 'PutBucketOwnershipControls',
  DeleteBucketOwnershipControls: 'PutBucketOwnershipControls',
  GetBucketLifecycle: 'GetLifecycleConfiguration',
  PutBucketLifecycle: 'PutLifecycleConfiguration',
  GetBucketLifecycleConfiguration: 'GetLifecycleConfiguration',
  PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
  DeleteBucketLifecycle: 'PutLifecycleConfiguration',
  GetBucketEncryption: 'GetEncryptionConfiguration',
  PutBucketEncryption: 'PutEncryptionConfiguration',
  DeleteBucketEncryption: 'PutEncryptionConfiguration',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
  GetBucketNotification: 'GetBucketNotification',
  PutBucketNotification: 'PutBucketNotification',
  GetBucketNotificationConfiguration: 'GetBucketNotification',
  PutBucketNotificationConfiguration: 'PutBucketNotification',
  GetBucketLogging: 'GetBucketLogging',
  PutBucketLogging: 'PutBucketLogging',
  GetBucketWebsite: 'GetBucketWebsite',
  PutBucketWebsite: 'PutBucketWebsite',
  DeleteBucketWebsite: 'DeleteBucketWebsite',
  GetBucketRequestPayment: 'GetBucketRequestPayment',
  PutBucketRequestPayment: 'PutBucketRequestPayment',
  GetBucketAccelerateConfiguration: 'GetAccelerateConfiguration',
  PutBucketAccelerateConfiguration: 'PutAccelerateConfiguration',
  GetBucketReplication: 'GetReplicationConfiguration',
  PutBucketReplication: 'PutReplicationConfiguration',
  DeleteBucketReplication: 'PutReplicationConfiguration',
  GetBucketAnalyticsConfiguration: 'GetAnalyticsConfiguration',
  ListBucketAnalyticsConfigurations: 'GetAnalyticsConfiguration',
  PutBucketAnalyticsConfiguration: 'PutAnalyticsConfiguration',
  DeleteBucketAnalyticsConfiguration: 'PutAnalyticsConfiguration',
  GetBucketInventoryConfiguration: 'GetInventoryConfiguration',
  ListBucketInventoryConfigurations: 'GetInventoryConfiguration',
  PutBucketInventoryConfiguration: 'PutInventoryConfiguration',
  DeleteBucketInventoryConfiguration: 'PutInventoryConfiguration',
  GetBucketMetricsConfiguration: 'GetMetricsConfiguration',
  ListBucketMetricsConfigurations: 'GetMetricsConfiguration',
  PutBucketMetricsConfiguration: 'PutMetricsConfiguration',
  DeleteBucketMetricsConfiguration: 'PutMetricsConfiguration',
  GetBucketIntelligentTieringConfiguration: 'GetIntelligentTieringConfiguration',
  ListBucketIntelligentTieringConfigurations: 'GetIntelligentTieringConfiguration',
  PutBucketIntelligentTieringConfiguration: 'PutIntelligentTieringConfiguration',
  DeleteBucketIntelligentTieringConfiguration: 'PutIntelligentTieringConfiguration',
}

const onObject: Readonly<Record<string, ActionName>> = {
  GetObject: ['GetObject', 'GetObjectVersion'],
  HeadObject: ['GetObject', 'GetObjectVersion'],
  SelectObjectContent: 'GetObject',
  GetObjectTorrent: ['GetObjectTorrent', 'GetObjectVersionTorrent'],
  PutObject: 'PutObject',
  PostObject: 'PutObject',
  CopyObject: 'PutObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  UploadPartCopy: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  AbortMultipartUpload: 'AbortMultipartUpload',
  ListParts: 'ListMultipartUploadParts',
  DeleteObject: ['DeleteObject', 'DeleteObjectVersion'],
  /** Of each object that the request names. */
  DeleteObjects: ['DeleteObject', 'DeleteObjectVersion'],
  GetObjectAcl: ['GetObjectAcl', 'GetObjectVersionAcl'],
  PutObjectAcl: ['PutObjectAcl', 'PutObjectVersionAcl'],
  GetObjectTagging: ['GetObjectTagging', 'GetObjectVersionTagging'],
  PutObjectTagging: ['PutObjectTagging', 'PutObjectVersionTagging'],
  DeleteObjectTagging: ['DeleteObjectTagging', 'DeleteObjectVersionTagging'],
  GetObjectRetention: 'GetObjectRetention',
  PutObjectRetention: 'PutObjectRetention',
  GetObjectLegalHold: 'GetObjectLegalHold',
  PutObjectLegalHold: 'PutObjectLegalHold',
  RestoreObject: 'RestoreObject',
}

const copies = new Set(['CopyObject', 'UploadPartCopy'])
const writes = new Set(['PutObject', 'PostObject', 'CopyObject', 'CreateMultipartUpload'])
const bypasses = new Set(['DeleteObject', 'DeleteObjects', 'PutObjectRetention'])

/** Names of all operations that this table has. */
export const s3OperationNames: readonly string[] = [onAccount, onBucket, onObject].flatMap((table) =>
  Object.keys(table),
)

/** In the order in which they are to be asked. `undefined`: there is no such operation. */
export function actionsOf(operation: string, shape: S3RequestShape = {}): readonly NeededAction[] | undefined {
  const ofAccount = ownOf(onAccount, operation)
  if (ofAccount !== undefined) return [{ action: nameOf(ofAccount, false), on: 'account' }]
  const ofBucket = ownOf(onBucket, operation)
  if (ofBucket !== undefined)
    return [{ action: nameOf(ofBucket, false), on: 'bucket' }, ...besidesBucket(operation, shape)]
  const ofObject = ownOf(onObject, operation)
  if (ofObject !== undefined) return [...besidesObject(operation, shape, nameOf(ofObject, shape.hasVersionId === true))]
  // GetObjectAttributes needs leave to read as well.
  if (operation !== 'GetObjectAttributes') return undefined
  const names = shape.hasVersionId
    ? ['GetObjectVersion', 'GetObjectVersionAttributes']
    : ['GetObject', 'GetObjectAttributes']
  return names.map((name) => ({ action: `s3:${name}`, on: 'object' }))
}

function* besidesBucket(operation: string, shape: S3RequestShape): Generator<NeededAction> {
  if (operation !== 'CreateBucket') return
  if (shape.setsAcl === true) yield { action: 's3:PutBucketAcl', on: 'bucket' }
  if (shape.setsOwnership === true) yield { action: 's3:PutBucketOwnershipControls', on: 'bucket' }
  if (shape.setsObjectLock !== true) return
  yield { action: 's3:PutBucketObjectLockConfiguration', on: 'bucket' }
  yield { action: 's3:PutBucketVersioning', on: 'bucket' }
}

function* besidesObject(operation: string, shape: S3RequestShape, action: string): Generator<NeededAction> {
  const isOfVersion = shape.hasSourceVersionId === true
  if (copies.has(operation)) yield { action: isOfVersion ? 's3:GetObjectVersion' : 's3:GetObject', on: 'source' }
  if (operation === 'CopyObject' && shape.copiesTags === true)
    yield { action: isOfVersion ? 's3:GetObjectVersionTagging' : 's3:GetObjectTagging', on: 'source' }
  yield { action, on: 'object' }
  if (bypasses.has(operation) && shape.bypassesGovernance === true)
    yield { action: 's3:BypassGovernanceRetention', on: 'object' }
  if (!writes.has(operation)) return
  if (shape.setsAcl === true) yield { action: 's3:PutObjectAcl', on: 'object' }
  if (shape.setsTags === true) yield { action: 's3:PutObjectTagging', on: 'object' }
  if (shape.setsRetention === true) yield { action: 's3:PutObjectRetention', on: 'object' }
  if (shape.setsLegalHold === true) yield { action: 's3:PutObjectLegalHold', on: 'object' }
}

function ownOf(table: Readonly<Record<string, ActionName>>, operation: string): ActionName | undefined {
  return Object.hasOwn(table, operation) ? table[operation] : undefined
}

function nameOf(name: ActionName, isOfVersion: boolean): string {
  return `s3:${typeof name === 'string' ? name : isOfVersion ? name[1] : name[0]}`
}
