// Traces: spans of one request on its way through the nodes, as OpenTelemetry has them. A node without tracing has no tracer, and a
// request that nobody records has no span: `undefined`, which costs nothing.

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/** `server`: handles what came from elsewhere. `client`: waits for another node. `internal`: neither. */
export type SpanKind = 'server' | 'client' | 'internal'

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: SpanKind
  readonly attributes?: SpanAttributes
}

export interface SpanOutcome {
  readonly attributes?: SpanAttributes
  /** What made it fail; only its code is told, or its name. */
  readonly error?: unknown
}

export interface Span {
  /** How the next node is told of it: W3C trace context as 50 hex digits (trace id, span id, flags). */
  readonly context: string
  child(name: string, options?: SpanOptions): Span
  /** Exactly once. Must not throw, and does not wait. */
  end(outcome?: SpanOutcome): void
}

export interface Tracer {
  /**
   * A span that begins here. `parent`: the context that came with the request, as in `Span.context`; without one a new trace begins, or
   * none where only some are taken. `undefined`: the request is not recorded.
   */
  start(name: string, options: SpanOptions & { readonly parent?: string | undefined }): Span | undefined
}
