// The names of versions: metadata finds a version by its name, so the name of one that is known by its id alone is
// looked for in the listings. Only for files that are lost: it costs a walk over all versions, remembered for as long as
// the same ones are asked for.
//
// Data is known by the version, or the part of a multipart upload, that was written with it. So an object of lost parts counts once for
// each of them and has no name here, nor has a copy whose source is gone.

import type { VersionId } from '../base/ids.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { VersionPage } from '../meta/contract/version-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { FileName } from './file-service.ts'

export class LostNames {
  readonly #metadata: MetadataStore
  #known: { readonly of: string; readonly names: Promise<readonly FileName[]> } | undefined

  constructor(metadata: MetadataStore) {
    this.#metadata = metadata
  }

  /** In byte order, newest and kept versions; a name stands once for each. */
  async find(versions: readonly VersionId[]): Promise<readonly FileName[]> {
    if (versions.length === 0) return []
    const of = [...versions].sort().join(' ')
    if (this.#known?.of !== of) this.#known = { of, names: this.#walk(new Set(versions)) }
    return await this.#known.names
  }

  async #walk(wanted: ReadonlySet<VersionId>): Promise<readonly FileName[]> {
    const names: FileName[] = []
    for (const { name: bucket } of await this.#metadata.listBuckets()) {
      let at: VersionPage['next'] | undefined
      do {
        const page: VersionPage = await this.#metadata.listVersions({ bucket, limit: pageLimitMax, ...at })
        for (const { key, version } of page.entries) if (wanted.has(version)) names.push({ bucket, key })
        at = names.length === wanted.size ? undefined : page.next
      } while (at !== undefined)
    }
    return names
  }
}
