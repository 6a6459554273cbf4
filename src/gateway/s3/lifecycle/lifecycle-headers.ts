// What answers say of lifecycle rules: `x-amz-expiration` of the newest version of an object, `x-amz-abort-date` with
// `x-amz-abort-rule-id` of an unfinished upload. A bucket without rules costs a look at whether it has them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html, .../API_CreateMultipartUpload.html ("Response Elements")

import type { ObjectInfo } from '../../../master/object-service.ts'
import type { MultipartRow } from '../../../meta/contract/multipart-metadata.ts'
import { formatHttpDate } from '../../http/http-date.ts'
import { lifecycleConfiguration } from '../documents/lifecycle-configuration.ts'
import { abortOf, expirationOf, formatExpiration } from '../rules/lifecycle.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'

type DayParts = Pick<S3Parts, 'lifecycleDayMs'>

/** `info`: of the newest version; a version that was asked for by its id has no such header. */
export function addExpirationHeader(
  headers: string[],
  { state, query }: Pick<S3Call, 'state' | 'query'>,
  { lifecycleDayMs }: DayParts,
  info: ObjectInfo,
): void {
  if (state?.has('lifecycle') !== true || query.has('versionId') || info.isDeleteMarker) return
  const configuration = state.setting('lifecycle', lifecycleConfiguration)
  if (configuration === undefined) return
  const tags = Object.entries(info.tags ?? {}).map(([key, value]) => ({ key, value }))
  const due = expirationOf(configuration, { ...info, tags }, lifecycleDayMs)
  if (due !== undefined) headers.push('x-amz-expiration', formatExpiration(due))
}

export function addAbortHeaders(
  headers: string[],
  { state }: Pick<S3Call, 'state'>,
  { lifecycleDayMs }: DayParts,
  { key, createdMs: initiatedMs }: Pick<MultipartRow, 'key' | 'createdMs'>,
): void {
  if (state?.has('lifecycle') !== true) return
  const configuration = state.setting('lifecycle', lifecycleConfiguration)
  const due = configuration && abortOf(configuration, { key, initiatedMs }, lifecycleDayMs)
  if (due === undefined) return
  headers.push('x-amz-abort-date', formatHttpDate(due.dueMs), 'x-amz-abort-rule-id', due.ruleId)
}
