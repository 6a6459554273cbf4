// What a process of a master shows of itself, from before its start on.

import { Histogram } from './base/histogram.ts'
import { SECOND_MS } from './base/units.ts'
import type { NodeReadiness } from './gateway/http/health-answers.ts'
import type { MetricsText } from './gateway/http/metrics-text.ts'
import type { ActiveRequest, ObservedNode, ProcessTarget } from './gateway/observe/observed-node.ts'
import { RestCounters } from './gateway/rest/rest-counters.ts'
import type { RestGateway } from './gateway/rest/rest-gateway.ts'
import type { LifecycleCounts } from './gateway/s3/lifecycle/lifecycle-counts.ts'
import type { Webhooks } from './gateway/s3/events/webhooks.ts'
import type { S3Gateway } from './gateway/s3/s3-gateway.ts'
import { metricsText, syncTimeBounds } from './main-metrics.ts'
import { masterFamilies } from './main-metrics-master.ts'
import type { LmdbFigures } from './main-metrics-master.ts'
import { activeCalls, activeExchanges } from './main-observe.ts'
import { Siblings } from './main-siblings.ts'
import type { ClusterState } from './master/file-service.ts'
import type { Master } from './master/master.ts'
import type { Clock } from './ports/clock.ts'
import { RequestMeter } from './rpc/request-meter.ts'

/** A scrape does not wait longer for metadata. */
const clusterStateWithinMs = 3 * SECOND_MS
/** Scrapes of several Prometheus servers share a look at the cluster. */
const clusterStateKeptMs = 2 * SECOND_MS

export class ObservedMaster implements ObservedNode {
  readonly role = 'master'
  readonly rest = new RestCounters()
  readonly s3 = new RestCounters()
  /** Absent: the master has not started. */
  events: Pick<Webhooks, 'counts'> | undefined
  readonly meter = new RequestMeter()
  readonly lmdb: LmdbFigures = {
    commitTimes: new Histogram(syncTimeBounds),
    commitSizes: new Histogram([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096]),
  }
  readonly siblings = new Siblings()
  readonly ownMetricsText = metricsText(async () => {
    const cluster = await this.#clusterState()
    const { rest, s3, meter, lmdb } = this
    const master = this.#master?.counts()
    return masterFamilies({
      nowMs: this.#clock.wallMs(),
      readiness: this.readiness(),
      rest,
      s3,
      events: this.events?.counts() ?? [],
      meter,
      master,
      cluster,
      lmdb,
      lifecycle: this.#lifecycle,
    })
  })
  readonly #clock: Clock
  #master: Master | undefined
  #gateway: RestGateway | undefined
  #s3Gateway: S3Gateway | undefined
  #lifecycle: LifecycleCounts | undefined
  #looked: { readonly atMs: number; readonly state: Promise<ClusterState | undefined> } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async metricsText(): Promise<MetricsText> {
    return await this.siblings.metrics(this.ownMetricsText)
  }

  get process(): string {
    return this.siblings.own
  }

  others(): readonly ProcessTarget[] {
    return this.siblings.targets()
  }

  /** The master has started. */
  show(
    master: Master,
    parts: { readonly rest: RestGateway; readonly s3: S3Gateway | undefined; readonly lifecycle: LifecycleCounts },
  ): void {
    this.#master = master
    this.#gateway = parts.rest
    this.#s3Gateway = parts.s3
    this.#lifecycle = parts.lifecycle
  }

  readiness(): NodeReadiness {
    return this.#master?.files.readiness() ?? { canRead: false, canWrite: false, reason: 'The master is starting.' }
  }

  activeRequests(): readonly ActiveRequest[] {
    const nowMs = this.#clock.monotonicMs()
    return [
      ...activeExchanges('rest', this.#gateway?.exchanges ?? [], nowMs),
      ...activeExchanges('s3', this.#s3Gateway?.exchanges ?? [], nowMs),
      ...activeCalls(this.#master?.peers ?? [], nowMs),
    ]
  }

  /** `undefined`: it is not known now. */
  async #clusterState(): Promise<ClusterState | undefined> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#looked === undefined || nowMs - this.#looked.atMs > clusterStateKeptMs)
      this.#looked = { atMs: nowMs, state: this.#look() }
    return await this.#looked.state
  }

  async #look(): Promise<ClusterState | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const timer = this.#clock.startTimer(clusterStateWithinMs, () => resolve(undefined))
    try {
      return await Promise.race([this.#master?.files.cluster(), promise])
    } catch {
      return undefined // metadata is not reachable: the figures of the cluster are left out, and frostbyte_metadata_up says why
    } finally {
      timer.cancel()
    }
  }
}
