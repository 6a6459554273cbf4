// Which handler answers each operation that is done. Total by its type: an operation that the table calls supported has one.

import type { Handler } from './s3-call.ts'
import type { OperationName, SupportedOperation } from './operations-table.ts'
import { handleCreateBucket } from './operations/create-bucket.ts'
import { handleDeleteBucket, handleGetBucketLocation, handleHeadBucket } from './operations/buckets.ts'
import { handleDeleteObject } from './operations/delete-object.ts'
import { handleGetObject, handleHeadObject } from './operations/get-object.ts'
import { handleListBuckets } from './operations/list-buckets.ts'
import { handleListObjects, handleListObjectsV2 } from './operations/list-objects.ts'
import { handlePostObject } from './operations/post-object.ts'
import { handlePutObject } from './operations/put-object.ts'
import { handleCompleteMultipartUpload } from './operations/complete-multipart.ts'
import { handleCopyObject } from './operations/copy-object.ts'
import { handleAbortMultipartUpload, handleCreateMultipartUpload } from './operations/create-multipart.ts'
import { handleListMultipartUploads, handleListParts } from './operations/list-parts.ts'
import { handleUploadPart, handleUploadPartCopy } from './operations/upload-part.ts'
import { handleListObjectVersions } from './operations/list-versions.ts'
import { handleDeleteObjects } from './operations/delete-objects.ts'
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from './operations/acls.ts'
import { deletePolicy, getPolicy, getPolicyStatus, putPolicy } from './operations/bucket-policy.ts'
import { getObjectAttributes } from './operations/object-attributes.ts'
import {
  getObjectLegalHold,
  getObjectRetention,
  putObjectLegalHold,
  putObjectRetention,
} from './operations/object-locks.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './operations/object-tagging.ts'
import { restoreObject } from './operations/restore-object.ts'
import { emptyList, noConfiguration } from './operations/bucket-reports.ts'
import { bucketSettings, ofBucket } from './operations/bucket-settings.ts'
import { getObjectLock, getVersioning, putObjectLock, putVersioning } from './operations/bucket-versioning.ts'

const handlers: Readonly<Record<SupportedOperation, Handler>> = {
  ListBuckets: handleListBuckets,
  CreateBucket: handleCreateBucket,
  HeadBucket: handleHeadBucket,
  DeleteBucket: handleDeleteBucket,
  GetBucketLocation: handleGetBucketLocation,
  ListObjects: handleListObjects,
  ListObjectsV2: handleListObjectsV2,
  PutObject: handlePutObject,
  CopyObject: handleCopyObject,
  CreateMultipartUpload: handleCreateMultipartUpload,
  UploadPart: handleUploadPart,
  UploadPartCopy: handleUploadPartCopy,
  CompleteMultipartUpload: handleCompleteMultipartUpload,
  AbortMultipartUpload: handleAbortMultipartUpload,
  ListParts: handleListParts,
  ListMultipartUploads: handleListMultipartUploads,
  PostObject: ofBucket(handlePostObject),
  GetObject: handleGetObject,
  HeadObject: handleHeadObject,
  DeleteObject: handleDeleteObject,
  ListObjectVersions: handleListObjectVersions,
  DeleteObjects: ofBucket(handleDeleteObjects),
  GetBucketAcl: ofBucket(getBucketAcl),
  PutBucketAcl: ofBucket(putBucketAcl),
  GetObjectAcl: ofBucket(getObjectAcl),
  PutObjectAcl: ofBucket(putObjectAcl),
  GetObjectTagging: getObjectTagging,
  PutObjectTagging: putObjectTagging,
  DeleteObjectTagging: deleteObjectTagging,
  GetObjectRetention: ofBucket(getObjectRetention),
  PutObjectRetention: ofBucket(putObjectRetention),
  GetObjectLegalHold: ofBucket(getObjectLegalHold),
  PutObjectLegalHold: ofBucket(putObjectLegalHold),
  GetObjectAttributes: getObjectAttributes,
  RestoreObject: restoreObject,
  GetBucketVersioning: ofBucket(getVersioning),
  PutBucketVersioning: ofBucket(putVersioning),
  GetObjectLockConfiguration: ofBucket(getObjectLock),
  PutObjectLockConfiguration: ofBucket(putObjectLock),
  GetBucketPolicy: ofBucket(getPolicy),
  PutBucketPolicy: ofBucket(putPolicy),
  DeleteBucketPolicy: ofBucket(deletePolicy),
  GetBucketPolicyStatus: ofBucket(getPolicyStatus),
  GetBucketTagging: ofBucket(bucketSettings.tagging.get),
  PutBucketTagging: ofBucket(bucketSettings.tagging.put),
  DeleteBucketTagging: ofBucket(bucketSettings.tagging.remove),
  GetBucketCors: ofBucket(bucketSettings.cors.get),
  PutBucketCors: ofBucket(bucketSettings.cors.put),
  DeleteBucketCors: ofBucket(bucketSettings.cors.remove),
  GetBucketLifecycleConfiguration: ofBucket(bucketSettings.lifecycle.get),
  PutBucketLifecycleConfiguration: ofBucket(bucketSettings.lifecycle.put),
  DeleteBucketLifecycle: ofBucket(bucketSettings.lifecycle.remove),
  GetBucketEncryption: ofBucket(bucketSettings.encryption.get),
  PutBucketEncryption: ofBucket(bucketSettings.encryption.put),
  DeleteBucketEncryption: ofBucket(bucketSettings.encryption.remove),
  GetPublicAccessBlock: ofBucket(bucketSettings.publicAccessBlock.get),
  PutPublicAccessBlock: ofBucket(bucketSettings.publicAccessBlock.put),
  DeletePublicAccessBlock: ofBucket(bucketSettings.publicAccessBlock.remove),
  GetBucketOwnershipControls: ofBucket(bucketSettings.ownershipControls.get),
  PutBucketOwnershipControls: ofBucket(bucketSettings.ownershipControls.put),
  DeleteBucketOwnershipControls: ofBucket(bucketSettings.ownershipControls.remove),
  GetBucketNotificationConfiguration: ofBucket(bucketSettings.notification.get),
  PutBucketNotificationConfiguration: ofBucket(bucketSettings.notification.put),
  GetBucketLogging: ofBucket(bucketSettings.logging.get),
  PutBucketLogging: ofBucket(bucketSettings.logging.put),
  GetBucketWebsite: ofBucket(bucketSettings.website.get),
  PutBucketWebsite: ofBucket(bucketSettings.website.put),
  DeleteBucketWebsite: ofBucket(bucketSettings.website.remove),
  GetBucketRequestPayment: ofBucket(bucketSettings.requestPayment.get),
  PutBucketRequestPayment: ofBucket(bucketSettings.requestPayment.put),
  GetBucketAccelerateConfiguration: ofBucket(bucketSettings.accelerate.get),
  PutBucketAccelerateConfiguration: ofBucket(bucketSettings.accelerate.put),
  GetBucketReplication: ofBucket(bucketSettings.replication.get),
  PutBucketReplication: ofBucket(bucketSettings.replication.put),
  DeleteBucketReplication: ofBucket(bucketSettings.replication.remove),
  ListBucketAnalyticsConfigurations: ofBucket(emptyList('ListBucketAnalyticsConfigurationResult')),
  GetBucketAnalyticsConfiguration: ofBucket(noConfiguration),
  DeleteBucketAnalyticsConfiguration: ofBucket(noConfiguration),
  ListBucketInventoryConfigurations: ofBucket(emptyList('ListInventoryConfigurationsResult')),
  GetBucketInventoryConfiguration: ofBucket(noConfiguration),
  DeleteBucketInventoryConfiguration: ofBucket(noConfiguration),
  ListBucketMetricsConfigurations: ofBucket(emptyList('ListMetricsConfigurationsResult')),
  GetBucketMetricsConfiguration: ofBucket(noConfiguration),
  DeleteBucketMetricsConfiguration: ofBucket(noConfiguration),
  ListBucketIntelligentTieringConfigurations: ofBucket(emptyList('ListBucketIntelligentTieringConfigurationsOutput')),
  GetBucketIntelligentTieringConfiguration: ofBucket(noConfiguration),
  DeleteBucketIntelligentTieringConfiguration: ofBucket(noConfiguration),
}

export function handlerOf(operation: OperationName): Handler | undefined {
  return Object.hasOwn(handlers, operation) ? handlers[operation as SupportedOperation] : undefined
}
