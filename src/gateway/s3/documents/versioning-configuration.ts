// Whether a bucket keeps versions. A bucket that never had a setting writes an empty document.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html

import { S3Error } from '../s3-error.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { optional, record } from './shape/record.ts'
import { choice } from './shape/scalars.ts'

const configuration = record({
  status: optional('Status', choice('Enabled', 'Suspended')),
  mfaDelete: optional('MfaDelete', choice('Enabled', 'Disabled')),
})
export type VersioningConfiguration = ValueOf<typeof configuration>

/** MFA delete cannot be enabled, because there is no second factor. */
export const versioningConfiguration = s3Document<VersioningConfiguration>({
  root: 'VersioningConfiguration',
  content: configuration,
  refine: ({ status, mfaDelete }) => {
    if (mfaDelete === 'Enabled') {
      throw new S3Error('NotImplemented', 'MFA delete is not supported: leave out MfaDelete, or disable it.')
    }
    if (status === undefined) {
      throw new S3Error('IllegalVersioningConfigurationException', 'The Versioning element must be specified')
    }
    return { status }
  },
})
