// The request to delete many objects.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html

import { parseHttpDate } from '../../http/http-date.ts'
import { largeXmlBytesMax, malformedXml } from '../xml/xml-reader.ts'
import type { Content, ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { many, optional, record, required } from './shape/record.ts'
import type { Field } from './shape/record.ts'
import { flag, integer, text, textOf, timestamp } from './shape/scalars.ts'
import { parseTimestamp } from './timestamps.ts'

const objectsMax = 1000

/** SDKs write it as an HTTP date, the reference's text as ISO 8601. */
const eitherTime: Content<number> = {
  ...timestamp,
  read(element) {
    const written = textOf(element).trim()
    // A year of two digits is in this century: `nowMs` is any time in it.
    const value = parseTimestamp(written) ?? parseHttpDate(written, Date.UTC(2026, 0))
    if (value === undefined) throw malformedXml()
    return value
  },
}

const versionId = optional('VersionId', text())
/** Some clients write <VersionId/> where they name none. */
const versionIdIfNamed: Field<string, 'maybe'> = {
  ...versionId,
  read(elements) {
    const written = versionId.read(elements)
    return written === '' ? undefined : written
  },
}

const object = record(
  {
    key: required('Key', text({ min: 1 })),
    versionId: versionIdIfNamed,
    /** Deleted only where the object's is the same. Quotes are as they were given. */
    etag: optional('ETag', text()),
    lastModifiedMs: optional('LastModifiedTime', eitherTime),
    size: optional('Size', integer({ min: 0 })),
  },
  { others: 'ignored' },
)
export type ObjectToDelete = ValueOf<typeof object>

const request = record(
  {
    objects: many('Object', object, { min: 1, max: objectsMax }),
    /** Only failures are told. */
    quiet: optional('Quiet', flag),
  },
  { others: 'ignored' },
)
export type DeleteRequest = ValueOf<typeof request>

/** A key that is too long is an error of that key alone (KeyTooLongError), which the face tells. */
export const deleteRequest = s3Document<DeleteRequest>({
  root: 'Delete',
  content: request,
  bytesMax: largeXmlBytesMax,
})
