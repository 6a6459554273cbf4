import type { VersionRow } from '../meta/contract/version-row.ts'
import { fileInfo } from './file-info.ts'
import type { FileName } from './file-service.ts'
import type { ObjectInfo } from './object-service.ts'

/** What the S3 face sees of a version. */
export function objectInfo(name: FileName, row: VersionRow): ObjectInfo {
  const { checksums, parts, owner, headers, userMetadata, tags, lock, transform, extra } = row
  return {
    ...fileInfo(name, row),
    isDeleteMarker: row.deleteMarker === true,
    isVersioned: row.versioned === true,
    storedSizeBytes: row.storedSizeBytes ?? row.sizeBytes,
    ...(checksums === undefined ? {} : { checksums }),
    ...(parts === undefined ? {} : { parts }),
    ...(owner === undefined ? {} : { owner }),
    ...(headers === undefined ? {} : { headers }),
    ...(userMetadata === undefined ? {} : { userMetadata }),
    ...(tags === undefined ? {} : { tags }),
    ...(lock === undefined ? {} : { lock }),
    ...(transform === undefined ? {} : { transform }),
    ...(extra === undefined ? {} : { extra }),
  }
}
