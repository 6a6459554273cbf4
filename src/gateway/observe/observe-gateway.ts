// What those who run a node ask it, at a port of its own: whether it lives and what it can serve (/healthz, /readyz), its figures
// (/metrics), and profiles (/debug/pprof/, laid out as Go's net/http/pprof, so that `go tool pprof URL` works). Everything is read,
// nothing is changed. It is loaded when the first client comes.

import type { Server, Socket } from 'node:net'

import { FrostError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { commonHeaders } from '../http/problem-answers.ts'
import type { Exchange } from '../http/exchange.ts'
import { answerLiveness, answerReadiness } from '../http/health-answers.ts'
import { defaultHttpLimits } from '../http/http-limits.ts'
import { HttpListener } from '../http/http-listener.ts'
import { OriginGuard } from '../http/origin-guard.ts'
import { parseQuery } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import type { ObserveParts, ProcessTarget } from './observed-node.ts'
import { pprofRoutes, profilesPrefix } from './pprof-routes.ts'

export interface ObserveGatewayParts extends ObserveParts {
  readonly clock: Clock
  readonly log: Log
}

export interface ObserveGatewayOptions {
  /** Names by which it may be addressed besides those of loopback; `any`: it is not bound to loopback. */
  readonly hosts: readonly string[] | 'any'
}

export type ObserveHandler = (exchange: Exchange, query: Query, parts: ObserveParts) => Promise<void> | void

/** A scraper, an operator and a load balancer, each with some to spare. */
const connectionsMax = 64

const routes: ReadonlyMap<string, ObserveHandler> = new Map<string, ObserveHandler>([
  ['/healthz', (exchange) => answerLiveness(exchange)],
  ['/readyz', (exchange, query, { node }) => answerReadiness(exchange, query, node.readiness())],
  [
    '/metrics',
    async (exchange, query, { node }) => {
      const { contentType, text } = await (query.has('process') ? node.ownMetricsText() : node.metricsText())
      exchange.send(200, ['Content-Type', contentType, ...commonHeaders], text)
    },
  ],
  ...pprofRoutes,
])

/** Ends with the client. */
async function passOn(exchange: Exchange, other: ProcessTarget): Promise<void> {
  const controller = new AbortController()
  exchange.onClose(() => controller.abort())
  const { status, contentType, body } = await other.ask(`${exchange.path}?${exchange.rawQuery}`, controller.signal)
  exchange.send(status, ['Content-Type', contentType, ...commonHeaders], body)
}

export class ObserveGateway {
  readonly #parts: ObserveGatewayParts
  readonly #guard: OriginGuard
  readonly #listener: HttpListener

  constructor(parts: ObserveGatewayParts, options: ObserveGatewayOptions) {
    const { clock, log } = parts
    this.#parts = parts
    this.#guard = new OriginGuard({ hosts: options.hosts, origins: [] })
    this.#listener = new HttpListener({
      clock,
      log,
      limits: { ...defaultHttpLimits, connectionsMax },
      onExchange: (exchange) => this.#onExchange(exchange),
      onFinished: () => undefined,
    })
  }

  async takeOver(listening: Server, waiting: readonly Socket[]): Promise<void> {
    await this.#listener.takeOver(listening, waiting)
  }

  /** What is under way may end for up to `graceMs`. Can be called twice. */
  async close(graceMs: number): Promise<void> {
    await this.#listener.close(graceMs)
  }

  #onExchange(exchange: Exchange): void {
    try {
      this.#dispatch(exchange)?.catch((error: unknown) => exchange.fail(error))
    } catch (error) {
      exchange.fail(error)
    }
  }

  #dispatch(exchange: Exchange): Promise<void> | undefined {
    const { method, path } = exchange
    this.#guard.checkHost(exchange.headers.host)
    const handler = routes.get(path)
    if (handler === undefined) {
      const paths = [...routes.keys()].join(', ')
      throw new FrostError('route-not-found', `There is nothing at ${JSON.stringify(path)}.`, {
        remedy: `Ask for one of ${paths}.`,
      })
    }
    if (method !== 'GET' && method !== 'HEAD') {
      const error = new FrostError('method-not-allowed', `${method} is not a method of ${JSON.stringify(path)}.`)
      exchange.fail(error, ['Allow', 'GET, HEAD'])
      return undefined
    }
    // A page that is open in a browser on this machine must not slow the node down.
    if (path.startsWith(profilesPrefix) && path !== profilesPrefix) this.#guard.checkSite(exchange.headers)
    exchange.routeName = path
    const query = parseQuery(exchange.rawQuery)
    const { process, others } = { process: query.get('process'), others: this.#parts.node.others() }
    if (process === undefined || process === this.#parts.node.process) {
      return handler(exchange, query, this.#parts) ?? undefined
    }
    const other = others.find((target) => target.process === process)
    if (other !== undefined) return passOn(exchange, other)
    const known = [this.#parts.node.process, ...others.map((target) => target.process)].toSorted()
    throw new FrostError('bad-request', `There is no process ${JSON.stringify(process)}.`, {
      remedy: `Ask for one of ${known.join(', ')}, or leave process= out.`,
    })
  }
}
