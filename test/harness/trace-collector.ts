// A collector of traces for tests: takes OTLP over HTTP as JSON and keeps the spans.

import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code: number; readonly message: string }
  /** Of the process that sent it. */
  readonly resource: Readonly<Record<string, unknown>>
  readonly attributes: Readonly<Record<string, unknown>>
}

interface WireAttribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface WireExport {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly WireAttribute[] }
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<CollectedSpan, 'resource' | 'attributes'> & {
        readonly attributes: readonly WireAttribute[]
      })[]
    }[]
  }[]
}

export class TraceCollector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = []
  readonly headers: (string | undefined)[] = []
  /** What it answers. */
  status = 200
  requests = 0
  readonly #server: Server
  #url = ''

  private constructor() {
    this.#server = createServer((request, response) => {
      const answer = async (): Promise<void> => {
        const body = await text(request)
        this.requests++
        this.headers.push(request.headers.authorization)
        if (this.status === 200 && request.url === '/v1/traces') this.#take(JSON.parse(body) as WireExport)
        response.writeHead(request.url === '/v1/traces' ? this.status : 404).end('{}')
      }
      answer().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
    })
  }

  static async start(): Promise<TraceCollector> {
    const collector = new TraceCollector()
    collector.#server.listen(0, '127.0.0.1')
    await once(collector.#server, 'listening')
    const address = collector.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    collector.#url = `http://127.0.0.1:${address.port}`
    return collector
  }

  get url(): string {
    return this.#url
  }

  #take({ resourceSpans }: WireExport): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const { spans } of scopeSpans) {
        for (const span of spans)
          this.spans.push({ ...span, resource: plain(resource.attributes), attributes: plain(span.attributes) })
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function plain(attributes: readonly WireAttribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
