// The names of versions: metadata finds a version by its name, so the name of one that is known by its id alone is
// looked for in the listings. Only for files that are lost: it costs a walk over all names, remembered for as long as
// the same versions are asked for.

import type { VersionId } from '../base/ids.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { FileName } from './file-service.ts'

export class LostNames {
  readonly #metadata: MetadataStore
  #known: { readonly of: string; readonly names: Promise<readonly FileName[]> } | undefined

  constructor(metadata: MetadataStore) {
    this.#metadata = metadata
  }

  /** In byte order; versions that are not the newest of their name any more are left out. */
  async find(versions: readonly VersionId[]): Promise<readonly FileName[]> {
    if (versions.length === 0) return []
    const of = [...versions].sort().join(' ')
    if (this.#known?.of !== of) this.#known = { of, names: this.#walk(new Set(versions)) }
    return await this.#known.names
  }

  async #walk(wanted: ReadonlySet<VersionId>): Promise<readonly FileName[]> {
    const names: FileName[] = []
    for (const { name: bucket } of await this.#metadata.listBuckets()) {
      for (let after: string | undefined; ;) {
        const page = await this.#metadata.list({
          bucket,
          limit: pageLimitMax,
          ...(after === undefined ? {} : { after }),
        })
        for (const { key, version } of page.entries) if (wanted.has(version)) names.push({ bucket, key })
        after = page.next
        if (names.length === wanted.size || after === undefined) break
      }
    }
    return names
  }
}
