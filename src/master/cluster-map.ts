// This process's copy of the placement groups, brought up to date from metadata: differences only, and again on every epoch refusal.

import type { GroupId } from '../base/ids.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { GroupRow } from '../meta/contract/group-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'

export class ClusterMap {
  readonly #metadata: MetadataStore
  readonly #groups = new Map<GroupId, GroupRow>()
  #writable: readonly GroupRow[] = []
  #version = 0
  #refreshing: Promise<void> | undefined

  constructor(metadata: MetadataStore) {
    this.#metadata = metadata
  }

  group(id: GroupId): GroupRow | undefined {
    return this.#groups.get(id)
  }

  get groups(): readonly GroupRow[] {
    return [...this.#groups.values()]
  }

  get writable(): readonly GroupRow[] {
    return this.#writable
  }

  /** Of the whole map, as far as it is known here. */
  get version(): number {
    return this.#version
  }

  changedSince(version: number): readonly GroupRow[] {
    return this.groups.filter((group) => group.mapVersion > version)
  }

  /** Calls that come while one is under way share the next one. */
  async refresh(): Promise<void> {
    if (this.#refreshing !== undefined) await this.#refreshing.catch(() => undefined)
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    await this.#refreshing
  }

  async #refresh(): Promise<void> {
    const before = this.#version
    for (;;) {
      const page = await this.#metadata.listGroups({ since: this.#version, limit: pageLimitMax })
      for (const group of page.groups) this.#groups.set(group.group, group)
      this.#version = page.version
      if (!page.truncated) break
    }
    if (this.#version > before) this.#writable = this.groups.filter((group) => group.state === 'writable')
  }
}
