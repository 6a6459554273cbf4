// Keeps the lease of the background work: takes it when it is free or its holder has stood still for long enough on this process's own
// clock, renews it while it is held. What is done under it carries the fencing token.

import type { ProcessId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Fence } from '../meta/contract/conventions.ts'
import type { LeaseRow } from '../meta/contract/lease-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { BackgroundTask } from './background-task.ts'

export const leaseName = 'background'
const renewEveryMs = 2 * SECOND_MS
/** A holder that has not renewed for so long is replaced. */
const standstillMs = 10 * SECOND_MS

export class LeaseKeeper implements BackgroundTask {
  readonly name = 'lease'
  readonly retryMaxMs = renewEveryMs
  readonly #metadata: MetadataStore
  readonly #clock: Clock
  readonly #process: ProcessId
  #held: { readonly token: number; renewedAtMs: number } | undefined
  #abstains = false
  #watched: { readonly row: LeaseRow; readonly sinceMs: number } | undefined

  constructor(ports: { readonly metadata: MetadataStore; readonly clock: Clock }, process: ProcessId) {
    this.#metadata = ports.metadata
    this.#clock = ports.clock
    this.#process = process
  }

  /** The fence while the lease is held and was renewed lately; background tasks do nothing without it. */
  get fence(): Fence | undefined {
    const held = this.#held
    if (held === undefined || this.#clock.monotonicMs() - held.renewedAtMs > standstillMs / 2) return undefined
    return { lease: leaseName, token: held.token }
  }

  /** From now on it is not taken, and given up where it is held; or taken again. */
  async abstain(abstains: boolean): Promise<void> {
    this.#abstains = abstains
    if (abstains) await this.release()
  }

  async step(): Promise<number> {
    if (this.#abstains) return renewEveryMs
    if (this.#held === undefined) await this.#tryToTake()
    else await this.#renew(this.#held.token)
    return renewEveryMs
  }

  async release(): Promise<void> {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) await this.#metadata.releaseLease({ name: leaseName, token: held.token })
  }

  async #renew(token: number): Promise<void> {
    const askedAtMs = this.#clock.monotonicMs()
    const row = await this.#metadata.renewLease({ name: leaseName, token })
    this.#held = row === undefined ? undefined : { token, renewedAtMs: askedAtMs }
  }

  async #tryToTake(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const row = await this.#metadata.getLease(leaseName)
    if (row?.holder !== undefined) {
      const watched = this.#watched
      if (watched === undefined || watched.row.token !== row.token || watched.row.renewals !== row.renewals) {
        this.#watched = { row, sinceMs: nowMs }
        return
      }
      if (nowMs - watched.sinceMs < standstillMs) return
    }
    const watched = row?.holder === undefined ? {} : { watched: { token: row.token, renewals: row.renewals } }
    const taken = await this.#metadata.takeLease({ name: leaseName, process: this.#process, ...watched })
    if (taken !== undefined) this.#held = { token: taken.token, renewedAtMs: nowMs }
  }
}
