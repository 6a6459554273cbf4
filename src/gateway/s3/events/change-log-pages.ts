// Reads the change log for those who follow it: who is at the same place as another one gets the page that was read for that one just
// before, so that many webhooks at the log's end cost one read.

import type { ChangeRecord } from '../../../meta/contract/change-metadata.ts'
import type { MetadataStore } from '../../../meta/metadata-store.ts'
import type { Clock } from '../../../ports/clock.ts'

export const pageSize = 1_000
const keptMs = 250

export class ChangeLogPages {
  readonly #metadata: Pick<MetadataStore, 'listChanges'>
  readonly #clock: Clock
  #last: { readonly after: number; readonly atMs: number; readonly page: Promise<readonly ChangeRecord[]> } | undefined

  constructor({ metadata, clock }: { readonly metadata: Pick<MetadataStore, 'listChanges'>; readonly clock: Clock }) {
    this.#metadata = metadata
    this.#clock = clock
  }

  /** At most `pageSize` records, in order. A page that is not full may be 250 ms old. */
  read(after: number): Promise<readonly ChangeRecord[]> {
    const nowMs = this.#clock.monotonicMs()
    const last = this.#last
    if (last?.after === after && nowMs - last.atMs < keptMs) return last.page
    const page = this.#metadata.listChanges({ after, limit: pageSize })
    const read = { after, atMs: nowMs, page }
    this.#last = read
    page.catch(() => {
      if (this.#last === read) this.#last = undefined
    })
    return page
  }
}
