// What a request of a client leaves on its way through the nodes: its id, in the log lines of every node, and the spans of its trace.

import type { Span } from '../ports/tracing.ts'
import { encodeExtension, encodeRequestId } from './extension.ts'

export class RequestTrail {
  /** Of 1 to 64 ASCII characters. */
  readonly requestId: string
  /** The span of the whole request, where it is recorded. */
  readonly span: Span | undefined
  #encoded: Uint8Array | undefined

  constructor(requestId: string, span?: Span) {
    this.requestId = requestId
    this.span = span
  }

  /** The extension area of a request to another node, which `span` waits for. */
  extension(span: Span | undefined): Uint8Array {
    if (span !== undefined) return encodeExtension({ trace: span.context, requestId: this.requestId })
    // The same for all that the request asks of others.
    this.#encoded ??= encodeRequestId(this.requestId)
    return this.#encoded
  }
}
