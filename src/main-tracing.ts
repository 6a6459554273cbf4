// Puts tracing together, where it is switched on: what does it is loaded only then.

import { hostname } from 'node:os'

import type { Log } from './ports/log.ts'
import type { Tracer } from './ports/tracing.ts'

export interface TracingConfig {
  readonly otlpEndpoint: string | undefined
  readonly traceOneIn: number
}

export interface Tracing {
  readonly tracer: Tracer
  /** Sends what is left. */
  close(): Promise<void>
}

/** `undefined`: it is off. The standard's variables of the environment count where the option is not given. */
export async function startTracing(config: TracingConfig, role: string, log: Log): Promise<Tracing | undefined> {
  const { env } = process
  const endpoint = config.otlpEndpoint ?? (env['OTEL_EXPORTER_OTLP_ENDPOINT'] || undefined)
  if (endpoint === undefined) return undefined
  const [{ OtlpTracer }, { SpanExporter }] = await Promise.all([
    import('./node/tracing/otlp-tracer.ts'),
    import('./node/tracing/span-exporter.ts'),
  ])
  const exporter = new SpanExporter(log, {
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: parseHeaders(env['OTEL_EXPORTER_OTLP_HEADERS'] ?? ''),
    resource: {
      'service.name': env['OTEL_SERVICE_NAME'] || `frostbyte-${role}`,
      'service.instance.id': `${hostname()}:${process.pid}`,
      'host.name': hostname(),
      'process.pid': process.pid,
    },
  })
  log.info('Traces are sent to a collector.', { endpoint: withoutCredentials(endpoint) })
  return {
    tracer: new OtlpTracer({ oneIn: config.traceOneIn, ended: (span) => exporter.add(span) }),
    close: async () => await exporter.close(),
  }
}

/** `name=value,name=value`, the values percent-encoded, as the OpenTelemetry specification has it (protocol/exporter). */
function parseHeaders(text: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const part of text.split(',')) {
    const equals = part.indexOf('=')
    if (equals > 0) headers[part.slice(0, equals).trim()] = decodeURIComponent(part.slice(equals + 1).trim())
  }
  return headers
}

function withoutCredentials(endpoint: string): string {
  return endpoint.replace(/\/\/[^/@]*@/, '//')
}
