// Counts of the REST face, kept as plain numbers and read when they are scraped: a label set of a metrics library costs
// more than the rest of the bookkeeping of a small request.

import { Histogram } from '../../base/histogram.ts'
import type { FinishedExchange } from '../http/exchange.ts'

/** Where the face reports each exchange that has ended. Must not throw. */
export interface RestMetrics {
  onFinished(exchange: FinishedExchange): void
}

/** How long the requests of a route took. */
export interface RouteTimes {
  readonly route: string
  readonly method: string
  /** Seconds. */
  readonly times: Histogram
}

export interface RequestCount {
  readonly route: string
  readonly method: string
  /** 499: the client went away before an answer. */
  readonly status: number
  count: number
}

/** Seconds: from what is answered from memory to large files on slow lines. */
const timeBounds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 120]
const otherMethod = 'other'
const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']

export class RestCounters implements RestMetrics {
  /** By route, method and status, of which there are few. */
  readonly #counts = new Map<string, Map<string, Map<number, RequestCount>>>()
  readonly #times = new Map<string, Map<string, RouteTimes>>()
  #bytesReceived = 0
  #bytesSent = 0

  onFinished(exchange: FinishedExchange): void {
    this.#bytesReceived += exchange.bytesReceived
    this.#bytesSent += exchange.bytesSent
    const { routeName: route, status } = exchange
    const method = methods.includes(exchange.method) ? exchange.method : otherMethod
    this.#timesOf(route, method).observe(exchange.durationMs / 1000)
    const byMethod = this.#counts.get(route) ?? addTo(this.#counts, route, new Map<string, Map<number, RequestCount>>())
    const byStatus = byMethod.get(method) ?? addTo(byMethod, method, new Map<number, RequestCount>())
    const entry = byStatus.get(status) ?? addTo(byStatus, status, { route, method, status, count: 0 })
    entry.count++
  }

  *routeTimes(): Generator<RouteTimes> {
    for (const byMethod of this.#times.values()) yield* byMethod.values()
  }

  /** Bytes of request bodies. */
  get bytesReceived(): number {
    return this.#bytesReceived
  }

  /** Bytes of response bodies. */
  get bytesSent(): number {
    return this.#bytesSent
  }

  #timesOf(route: string, method: string): Histogram {
    const byMethod = this.#times.get(route) ?? addTo(this.#times, route, new Map<string, RouteTimes>())
    const known = byMethod.get(method)
    return (known ?? addTo(byMethod, method, { route, method, times: new Histogram(timeBounds) })).times
  }

  *requests(): Generator<Readonly<RequestCount>> {
    for (const byMethod of this.#counts.values()) {
      for (const byStatus of byMethod.values()) yield* byStatus.values()
    }
  }
}

function addTo<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  map.set(key, value)
  return value
}
