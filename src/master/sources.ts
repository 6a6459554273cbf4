// Where a copy's bytes come from: the source is looked up, and looked up again where its data was deleted between the look and the commit.

import { errorCode, FrostError } from '../base/errors.ts'
import type { VersionId } from '../base/ids.ts'
import type { VersionRow } from '../meta/contract/version-row.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { ObjectName } from './object-service.ts'

export interface SourceRequest {
  readonly source: ObjectName
  readonly sourceVersion?: VersionId | undefined
}

/** Each means that somebody else changed the source meanwhile. */
const attemptsMax = 100

/**
 * Runs `use` with the source, again with what is the source then where its data is gone.
 * @throws FrostError `version-not-found`; whatever `use` throws.
 */
export async function withSource<T>(
  metadata: MetadataStore,
  request: SourceRequest,
  use: (row: VersionRow) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const row = await findSource(metadata, request)
    try {
      return await use(row)
    } catch (error) {
      if (errorCode(error) !== 'data-gone' || attempt >= attemptsMax) throw error
    }
  }
}

async function findSource(metadata: MetadataStore, { source, sourceVersion }: SourceRequest): Promise<VersionRow> {
  const { bucket, key, version } = source
  const row =
    version === undefined ? await metadata.getHead(bucket, key) : await metadata.getVersion(bucket, key, version)
  if (row === undefined || row.deleteMarker === true)
    throw new FrostError('version-not-found', `There is no version of "${key}" to copy.`)
  if (sourceVersion !== undefined && row.version !== sourceVersion)
    throw new FrostError('version-not-found', `"${key}" has changed since it was looked at.`)
  return row
}
