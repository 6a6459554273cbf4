// The REST face: takes requests from the listener, finds their route, and turns whatever goes wrong into a problem document. The
// routes stand in routes.ts, each call in a file of its own.

import { FrostError } from '../../base/errors.ts'
import type { FileService } from '../../master/file-service.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { FileContent } from '../encryption/encrypted-files.ts'
import type { KeyRing } from '../encryption/key-ring.ts'
import { logAccess } from '../http/access-log.ts'
import type { Exchange } from '../http/exchange.ts'
import { defaultHttpLimits } from '../http/http-limits.ts'
import type { HttpLimits } from '../http/http-limits.ts'
import { HttpListener } from '../http/http-listener.ts'
import type { ListeningAddress, TlsCredentials } from '../http/http-listener.ts'
import type { MetricsText } from '../http/metrics-text.ts'
import { isLoopbackName, OriginGuard } from '../http/origin-guard.ts'
import { parseTraceparent } from '../http/trace-context.ts'
import type { Tracer } from '../../ports/tracing.ts'
import { RequestTrail } from '../../rpc/request-trail.ts'
import { parseQuery } from '../http/query.ts'
import { StallWatch } from '../http/stall-watch.ts'
import type { RestMetrics } from './rest-counters.ts'
import type { RestParts } from './rest-parts.ts'
import type { CauseSource } from '../s3/change-cause.ts'
import type { RestAccess } from './access-parts.ts'
import { requestOf } from './access-request.ts'
import type { Query } from '../http/query.ts'
import type { Action } from '../auth/actions.ts'
import { findRoute, isSafeMethod } from './routes.ts'

export interface RestGatewayParts {
  readonly files: FileService
  /** Default: that of `files`, where nothing is encrypted. */
  readonly content?: FileContent
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: RestMetrics
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined
  /** Default: everybody may do everything, and there are no users. */
  readonly access?: RestAccess
  /** Master keys of encryption. Default: the calls about them are 404. */
  readonly keys?: KeyRing
  /** Whom changes are told. Default: nobody. */
  readonly causes?: CauseSource | undefined
  /** Text of `/metrics`. Default: `/metrics` is 404. */
  readonly metricsText?: () => Promise<MetricsText>
}

export interface RestGatewayOptions {
  /** Default: `defaultHttpLimits`, also for each that is left out. */
  readonly limits?: Partial<HttpLimits>
  /**
   * Host names that are answered, besides those of loopback; `any` for all. Default: on a loopback address none, which keeps out DNS
   * rebinding; elsewhere `any`.
   */
  readonly hosts?: readonly string[] | 'any'
  /** Origins of other pages that may change things, as `https://console.example`. Default: none. */
  readonly origins?: readonly string[]
  /** Log each request. Default: no. */
  readonly accessLog?: boolean
  /** Addresses, or networks as `10.0.0.0/8`, of proxies that say where a request comes from. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Default: plain HTTP. */
  readonly tls?: TlsCredentials
  /** Other processes listen at the same port, and the kernel deals the connections out (`SO_REUSEPORT`). Default: none do. */
  readonly sharePort?: boolean
}

/** Asked every few seconds by machines. */
const unfollowed: ReadonlySet<string> = new Set(['healthz', 'readyz', 'metrics'])

export class RestGateway {
  readonly #listener: HttpListener
  readonly #parts: RestParts
  readonly #uploadWatch: StallWatch
  readonly #options: RestGatewayOptions
  readonly #metrics: RestMetrics | undefined
  readonly #log: Log
  readonly #tracer: Tracer | undefined
  #guard: OriginGuard

  constructor(parts: RestGatewayParts, options: RestGatewayOptions = {}) {
    const { files, content = files, clock, log, metrics, metricsText, access, keys, causes } = parts
    const limits: HttpLimits = { ...defaultHttpLimits, ...options.limits }
    this.#options = options
    this.#metrics = metrics
    this.#log = log
    this.#tracer = parts.tracer
    this.#uploadWatch = new StallWatch(clock, limits.uploadStallTimeoutMs)
    const services = { files, content, keys, causes, access }
    this.#parts = { ...services, clock, uploadWatch: this.#uploadWatch, metricsText }
    this.#guard = this.#createGuard('127.0.0.1')
    this.#listener = new HttpListener({
      clock,
      log,
      limits,
      tls: options.tls,
      trustedProxies: options.trustedProxies,
      onExchange: (exchange) => this.#onExchange(exchange),
      onFinished: (exchange) => this.#onFinished(exchange),
    })
  }

  /** Connections open now. */
  get connectionCount(): number {
    return this.#listener.connectionCount
  }

  /** Requests under way. */
  get exchanges(): ReadonlySet<Exchange> {
    return this.#listener.exchanges
  }

  /** `port` 0: any free one. @throws FrostError `address-in-use`. */
  async listen(host: string, port: number): Promise<ListeningAddress> {
    this.#guard = this.#createGuard(host)
    return this.#listener.listen(host, port, this.#options.sharePort)
  }

  /** For the connections that come from now on; only where TLS was asked for. */
  setTls(credentials: TlsCredentials): void {
    this.#listener.setTls(credentials)
  }

  /** Takes no more requests; what is under way may end for up to `graceMs`, then it is cut off. Can be called twice. */
  async close(graceMs: number): Promise<void> {
    await this.#listener.close(graceMs)
    this.#uploadWatch.close()
  }

  #createGuard(host: string): OriginGuard {
    const hosts = this.#options.hosts ?? (isLoopbackName(host) ? [] : 'any')
    return new OriginGuard({ hosts, origins: this.#options.origins ?? [] })
  }

  #onExchange(exchange: Exchange): void {
    try {
      const pending = this.#dispatch(exchange)
      pending?.catch((error: unknown) => exchange.fail(error))
    } catch (error) {
      exchange.fail(error)
    }
  }

  #onFinished(exchange: Exchange): void {
    const { status } = exchange
    this.#metrics?.onFinished(exchange)
    exchange.trail?.span?.end({
      attributes: { 'http.response.status_code': status },
      ...(status >= 500 ? { error: new Error(`status ${status}`) } : {}),
    })
    if (this.#options.accessLog === true && !unfollowed.has(exchange.routeName)) logAccess(this.#log, exchange)
  }

  #follow(exchange: Exchange): void {
    const { headers, method, requestId, routeName } = exchange
    const attributes = { 'http.request.method': method, 'http.route': routeName, 'frostbyte.request_id': requestId }
    const parent = this.#tracer === undefined ? undefined : parseTraceparent(headers['traceparent'])
    const span = this.#tracer?.start(`${method} ${routeName}`, { kind: 'server', parent, attributes })
    exchange.trail = new RequestTrail(requestId, span)
  }

  #dispatch(exchange: Exchange): Promise<void> | undefined {
    const { headers, method, path } = exchange
    this.#guard.checkHost(headers.host)
    const route = findRoute(path)
    if (route === undefined) {
      if (method === 'OPTIONS' && path === '*')
        return answerOptions(exchange, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
      throw new FrostError('route-not-found', `There is nothing at ${JSON.stringify(path)}.`)
    }
    exchange.routeName = route.name
    const call = route.calls.get(method)
    if (call === undefined) {
      if (method === 'OPTIONS') return answerOptions(exchange, route.allow)
      const error = new FrostError('method-not-allowed', `${method} is not a method of ${JSON.stringify(path)}.`)
      exchange.fail(error, ['Allow', route.allow])
      return undefined
    }
    if (!unfollowed.has(route.name)) this.#follow(exchange)
    if (!isSafeMethod(method)) this.#guard.checkSite(headers)
    const query = parseQuery(exchange.rawQuery)
    const leave = call.action === 'public' ? undefined : this.#askLeave(exchange, call.action, query)
    if (leave === undefined) return call.handler(exchange, query, this.#parts) ?? undefined
    return leave.then(() => call.handler(exchange, query, this.#parts))
  }

  /** `undefined`: access is open, and the request shows nothing that could be held against it. */
  #askLeave(exchange: Exchange, action: Action, query: Query): Promise<void> | undefined {
    const control = this.#parts.access?.control
    const { authorization } = exchange.headers
    if (control === undefined || (control.isOpen && authorization === undefined)) return undefined
    return control.admit(authorization, requestOf(exchange, action, query)).then((principal) => {
      exchange.principal = principal
    })
  }
}

/** Without CORS headers: no page of another site may use the answer. */
function answerOptions(exchange: Exchange, allow: string): undefined {
  exchange.send(204, ['Allow', allow], undefined)
}
