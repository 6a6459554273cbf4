// The Tracer port: ids, times, and which requests are recorded. A request that came with a trace context is recorded as its flags say
// (the caller decided); of others one in `oneIn`.

import { randomBytes } from 'node:crypto'

import type { Span, SpanAttributes, SpanKind, SpanOptions, SpanOutcome, Tracer } from '../../ports/tracing.ts'
import { failureOf } from './otlp-json.ts'
import type { FinishedSpan } from './otlp-json.ts'

export interface OtlpTracerOptions {
  /** 1: all. */
  readonly oneIn: number
  /** Must not throw. */
  readonly ended: (span: FinishedSpan) => void
}

const sampled = 1
const traceDigits = 32
const spanDigits = 16
const contextForm = /^[0-9a-f]{50}$/

export class OtlpTracer implements Tracer {
  readonly #options: OtlpTracerOptions
  #begun = 0

  constructor(options: OtlpTracerOptions) {
    this.#options = options
  }

  start(name: string, options: SpanOptions & { readonly parent?: string | undefined }): Span | undefined {
    const { parent } = options
    const { ended, oneIn } = this.#options
    if (parent === undefined || !contextForm.test(parent)) {
      if (this.#begun++ % oneIn !== 0) return undefined
      return new OtlpSpan(
        ended,
        { name, traceId: randomBytes(traceDigits / 2).toString('hex'), parentId: undefined },
        options,
      )
    }
    if ((Number.parseInt(parent.slice(traceDigits + spanDigits), 16) & sampled) === 0) return undefined
    const parentId = parent.slice(traceDigits, traceDigits + spanDigits)
    return new OtlpSpan(ended, { name, traceId: parent.slice(0, traceDigits), parentId }, options)
  }
}

interface Place {
  readonly name: string
  readonly traceId: string
  readonly parentId: string | undefined
}

class OtlpSpan implements Span {
  readonly #ended: (span: FinishedSpan) => void
  readonly #place: Place
  readonly #spanId = randomBytes(spanDigits / 2).toString('hex')
  readonly #kind: SpanKind
  readonly #attributes: SpanAttributes
  readonly #startMicros = nowMicros()

  constructor(ended: (span: FinishedSpan) => void, place: Place, { kind = 'internal', attributes = {} }: SpanOptions) {
    this.#ended = ended
    this.#place = place
    this.#kind = kind
    this.#attributes = attributes
  }

  get context(): string {
    return `${this.#place.traceId}${this.#spanId}01`
  }

  child(name: string, options: SpanOptions = {}): Span {
    return new OtlpSpan(this.#ended, { name, traceId: this.#place.traceId, parentId: this.#spanId }, options)
  }

  end({ attributes = {}, error }: SpanOutcome = {}): void {
    this.#ended({
      ...this.#place,
      spanId: this.#spanId,
      kind: this.#kind,
      startMicros: this.#startMicros,
      endMicros: nowMicros(),
      attributes: { ...this.#attributes, ...attributes },
      failure: error === undefined ? undefined : failureOf(error),
    })
  }
}

/** Since 1970, by the clock that does not jump. */
function nowMicros(): number {
  return (performance.timeOrigin + performance.now()) * 1000
}
