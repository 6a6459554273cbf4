// Spans in the JSON form of OTLP (opentelemetry-proto, trace/v1/trace.proto and the protocol's JSON mapping: ids in hex, 64-bit numbers as
// texts).

import { errorCode } from '../../base/errors.ts'
import type { SpanAttributes, SpanKind } from '../../ports/tracing.ts'

export interface FinishedSpan {
  readonly traceId: string
  readonly spanId: string
  /** `undefined`: it is the first of its trace. */
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: SpanKind
  readonly startMicros: number
  readonly endMicros: number
  readonly attributes: SpanAttributes
  /** `undefined`: it went well. */
  readonly failure: string | undefined
}

const kinds: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 }
const statusError = 2

/** The body of an export, for POST /v1/traces. `resource`: which process it is. */
export function encodeSpans(resource: SpanAttributes, spans: readonly FinishedSpan[]): string {
  const scopeSpans = [{ scope: { name: 'frostbyte' }, spans: spans.map(encodeSpan) }]
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: encodeAttributes(resource) }, scopeSpans }] })
}

/** What is told of a failure: never its text, which may name files. */
export function failureOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error ? error.name : 'unknown')
}

function encodeSpan(span: FinishedSpan): unknown {
  const { traceId, spanId, parentId, name, kind, startMicros, endMicros, attributes, failure } = span
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanos(startMicros),
    endTimeUnixNano: nanos(endMicros),
    attributes: encodeAttributes(failure === undefined ? attributes : { ...attributes, 'error.type': failure }),
    ...(failure === undefined ? {} : { status: { code: statusError, message: failure } }),
  }
}

function encodeAttributes(attributes: SpanAttributes): readonly unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: encodeValue(value) }))
}

function encodeValue(value: string | number | boolean): unknown {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

/** A number of nanoseconds since 1970 is longer than a double holds. */
function nanos(micros: number): string {
  return `${Math.round(micros)}000`
}
