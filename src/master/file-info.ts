import type { ListEntry } from '../meta/contract/file-metadata.ts'
import type { VersionRow } from '../meta/contract/version-row.ts'
import type { FileInfo, FileName } from './file-service.ts'

/** What the faces show of a version, or of a line of a listing. */
export function fileInfo({ bucket, key }: FileName, row: VersionRow | ListEntry): FileInfo {
  return {
    bucket,
    key,
    version: row.version,
    sizeBytes: row.sizeBytes,
    etag: row.etag ?? row.version,
    contentType: row.contentType,
    modifiedMs: row.modifiedMs,
    crc32: row.crc32,
  }
}
