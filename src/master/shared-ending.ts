// The end of an upload of nothing but its own manifest, for a version whose bytes are there already: a copy, or the parts of a multipart
// upload. The empty record makes the version survive the loss of metadata, whose other copies of the manifest speak of other versions.

import { encodeManifest } from '../codec/manifest.ts'
import type { NewData } from '../meta/contract/file-metadata.ts'
import type { Extent, NewVersion, VersionRow } from '../meta/contract/version-row.ts'
import type { FileName } from './file-service.ts'
import type { SeenAtStart, StoredBody, UploadEnding } from './upload-ending.ts'
import { manifestOf } from './version-manifest.ts'

export interface SharedVersionEnding {
  readonly name: FileName
  readonly seen: SeenAtStart
  /** Its `extents` are not looked at. */
  readonly version: NewVersion
  /** What comes before the record; empty where `extentsOf` is given. */
  readonly extents: readonly Extent[]
  /** The last extent of a list that is another version's: its manifest has the list. */
  readonly extentsOf?: Extent | undefined
  /** `extents`: those above and the record's. `newData`: the record. */
  readonly commit: (extents: readonly Extent[], newData: readonly NewData[]) => Promise<VersionRow>
}

export class SharedEnding implements UploadEnding<VersionRow> {
  readonly #of: SharedVersionEnding

  constructor(of: SharedVersionEnding) {
    this.#of = of
  }

  manifest(body: StoredBody): Uint8Array<ArrayBuffer> {
    const { name, seen, version, extentsOf } = this.#of
    const whole = { ...version, extents: this.#extents(body) }
    const manifest = manifestOf(name, whole, { ...seen, crcBefore: version.crc32, hasOwnCrc: true })
    return encodeManifest(extentsOf === undefined ? manifest : { ...manifest, extentsOf })
  }

  async commit(body: StoredBody, newData: readonly NewData[]): Promise<VersionRow> {
    return await this.#of.commit(this.#extents(body), newData)
  }

  #extents(body: StoredBody): readonly Extent[] {
    return [...this.#of.extents, ...body.extents]
  }
}
