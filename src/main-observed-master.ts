// What a process of a master shows of itself, from before its start on.

import type { ActiveRequest, ObservedNode } from './gateway/observe/observed-node.ts'
import { RestCounters } from './gateway/rest/rest-counters.ts'
import type { RestGateway } from './gateway/rest/rest-gateway.ts'
import type { NodeReadiness } from './gateway/http/health-answers.ts'
import { metricsText } from './main-metrics.ts'
import { masterFamilies } from './main-metrics-master.ts'
import { activeCalls, activeExchanges } from './main-observe.ts'
import { noCounts } from './master/master.ts'
import type { Master } from './master/master.ts'
import type { Clock } from './ports/clock.ts'

export class ObservedMaster implements ObservedNode {
  readonly role = 'master'
  readonly rest = new RestCounters()
  readonly metricsText = metricsText(async () =>
    masterFamilies({ rest: this.rest, master: this.#master?.counts() ?? noCounts }),
  )
  readonly #clock: Clock
  #master: Master | undefined
  #gateway: RestGateway | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The master has started. */
  show(master: Master, gateway: RestGateway): void {
    this.#master = master
    this.#gateway = gateway
  }

  readiness(): NodeReadiness {
    return this.#master?.files.readiness() ?? { canRead: false, canWrite: false, reason: 'The master is starting.' }
  }

  activeRequests(): readonly ActiveRequest[] {
    const nowMs = this.#clock.monotonicMs()
    return [
      ...activeExchanges('rest', this.#gateway?.exchanges ?? [], nowMs),
      ...activeCalls(this.#master?.peers ?? [], nowMs),
    ]
  }
}
