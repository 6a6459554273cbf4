// What a node shows of itself to those who run it.

import type { Profiler } from '../../ports/profiler.ts'
import type { NodeReadiness } from '../http/health-answers.ts'
import type { MetricsText } from '../http/metrics-text.ts'

export interface ObservedNode {
  /** For people: `master`, `worker`. */
  readonly role: string
  readiness(): NodeReadiness
  /** Of all processes of the node. */
  metricsText(): Promise<MetricsText>
  /** Of this process alone. */
  ownMetricsText(): Promise<MetricsText>
  /** By which `?process=` this process is asked for, and the others of the node. */
  readonly process: string
  others(): readonly ProcessTarget[]
  /** What is under way now, in no order. */
  activeRequests(): readonly ActiveRequest[]
}

/** What the handlers work with. */
export interface ObserveParts {
  readonly node: ObservedNode
  /** `undefined`: profiles are not given away at this address. */
  readonly profiler: Profiler | undefined
}

/** Another process of the same node. */
export interface ProcessTarget {
  readonly process: string
  /** Passes a request on. `target`: path and query. @throws FrostError `peer-unreachable`. */
  ask(target: string, signal: AbortSignal): Promise<PassedAnswer>
}

export interface PassedAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}

export interface ActiveRequest {
  /** Where it came in: `rest`, `s3`, or `rpc` between the nodes. */
  readonly face: string
  /** Route or message; for requests over HTTP with the method before it. */
  readonly name: string
  readonly peer: string
  readonly ageMs: number
  /** Further facts, as words. */
  readonly details: Readonly<Record<string, string>>
}
