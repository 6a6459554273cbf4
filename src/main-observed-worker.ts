// What a worker shows of itself, from before its start on.

import { Histogram } from './base/histogram.ts'
import type { NodeReadiness } from './gateway/http/health-answers.ts'
import type { MetricsText } from './gateway/http/metrics-text.ts'
import type { ActiveRequest, ObservedNode } from './gateway/observe/observed-node.ts'
import { metricsText, syncTimeBounds } from './main-metrics.ts'
import { workerFamilies } from './main-metrics-worker.ts'
import { activeCalls } from './main-observe.ts'
import type { Clock } from './ports/clock.ts'
import { RequestMeter } from './rpc/request-meter.ts'
import type { Worker } from './worker/worker.ts'

export class ObservedWorker implements ObservedNode {
  readonly role = 'worker'
  readonly meter = new RequestMeter()
  readonly syncTimes = new Histogram(syncTimeBounds)
  readonly indexCommitTimes = new Histogram(syncTimeBounds)
  readonly process = '1'
  readonly ownMetricsText = metricsText(async () => {
    const { meter, syncTimes, indexCommitTimes } = this
    const worker = this.#worker
    const shown = { readiness: this.readiness(), meter, syncTimes, indexCommitTimes }
    return Promise.resolve(workerFamilies({ ...shown, peers: worker?.peers() ?? [], store: worker?.store }))
  })
  readonly #clock: Clock
  #worker: Worker | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async metricsText(): Promise<MetricsText> {
    return await this.ownMetricsText()
  }

  others(): readonly [] {
    return []
  }

  /** The worker has started. */
  show(worker: Worker): void {
    this.#worker = worker
  }

  readiness(): NodeReadiness {
    return this.#worker?.readiness() ?? { canRead: false, canWrite: false, reason: 'The worker is starting.' }
  }

  activeRequests(): readonly ActiveRequest[] {
    return activeCalls(this.#worker?.peers() ?? [], this.#clock.monotonicMs())
  }
}
