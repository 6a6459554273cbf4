// Counts of the REST face, kept as plain numbers and read when they are scraped: a label set of a metrics library costs
// more than the rest of the bookkeeping of a small request.

import type { FinishedExchange } from '../http/exchange.ts'

/** Where the face reports each exchange that has ended. Must not throw. */
export interface RestMetrics {
  onFinished(exchange: FinishedExchange): void
}

export interface RequestCount {
  readonly route: string
  readonly method: string
  /** 499: the client went away before an answer. */
  readonly status: number
  count: number
}

const otherMethod = 'other'
const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']

export class RestCounters implements RestMetrics {
  /** By route, method and status, of which there are few. */
  readonly #counts = new Map<string, Map<string, Map<number, RequestCount>>>()
  #bytesReceived = 0
  #bytesSent = 0

  onFinished(exchange: FinishedExchange): void {
    this.#bytesReceived += exchange.bytesReceived
    this.#bytesSent += exchange.bytesSent
    const { routeName: route, status } = exchange
    const method = methods.includes(exchange.method) ? exchange.method : otherMethod
    const byMethod = this.#counts.get(route) ?? addTo(this.#counts, route, new Map<string, Map<number, RequestCount>>())
    const byStatus = byMethod.get(method) ?? addTo(byMethod, method, new Map<number, RequestCount>())
    const entry = byStatus.get(status) ?? addTo(byStatus, status, { route, method, status, count: 0 })
    entry.count++
  }

  /** Bytes of request bodies. */
  get bytesReceived(): number {
    return this.#bytesReceived
  }

  /** Bytes of response bodies. */
  get bytesSent(): number {
    return this.#bytesSent
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
