// The port for those who run a node: opened before anything else, so that a start that takes long can be watched too. What answers there
// is loaded when somebody asks.

import { errorCode } from './base/errors.ts'
import { SECOND_MS } from './base/units.ts'
import type { ActiveRequest, ObservedNode } from './gateway/observe/observed-node.ts'
import type { Exchange } from './gateway/http/exchange.ts'
import { LazyListener } from './node/lazy-listener.ts'
import type { TakeOver } from './node/lazy-listener.ts'
import { NodeProfiler } from './node/profiling/profiler.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import { methods } from './rpc/messages/methods.ts'
import type { RpcPeer } from './rpc/peer.ts'

export interface ObserveConfig {
  readonly observeHost: string
  readonly observePort: number
  readonly openProfiling: boolean
}

export interface ObservePorts {
  readonly clock: Clock
  readonly log: Log
}

export interface Observing {
  /** `host:port`. */
  readonly address: string
  close(): Promise<void>
}

const closeGraceMs = SECOND_MS

export async function startObserving(
  config: ObserveConfig,
  { clock, log }: ObservePorts,
  node: ObservedNode,
): Promise<Observing> {
  const profiler = new NodeProfiler()
  profiler.start()
  const { observeHost: host } = config
  const isLoopback = host === 'localhost' || host === '::1' || host.startsWith('127.')
  let close: () => Promise<void> = async () => undefined
  const load = async (): Promise<TakeOver> => {
    const { ObserveGateway } = await import('./gateway/observe/observe-gateway.ts')
    const gateway = new ObserveGateway(
      { clock, log, node, profiler: isLoopback || config.openProfiling ? profiler : undefined },
      { hosts: isLoopback ? [] : 'any' },
    )
    close = async () => await gateway.close(closeGraceMs)
    return async (listening, waiting) => await gateway.takeOver(listening, waiting)
  }
  const listener = new LazyListener(log, load)
  return {
    address: await listenAnywhere(listener, config, log),
    close: async () => {
      listener.close()
      await close()
    },
  }
}

/** That another program has the port must not keep files from being served. */
async function listenAnywhere(listener: LazyListener, config: ObserveConfig, log: Log): Promise<string> {
  const { observeHost: host, observePort: port } = config
  try {
    return await listener.listen(host, port)
  } catch (error) {
    if (errorCode(error) !== 'address-in-use') throw error
    const address = await listener.listen(host, 0)
    log.warn('The port for metrics, health and profiles is in use; another one was taken.', { port, address })
    return address
  }
}

/** Requests over HTTP that are under way. */
export function activeExchanges(face: string, exchanges: Iterable<Exchange>, nowMs: number): readonly ActiveRequest[] {
  return Array.from(exchanges, (exchange) => ({
    face,
    name: `${exchange.method} ${exchange.routeName}`,
    peer: exchange.remoteAddress,
    ageMs: nowMs - exchange.startedMs,
    details: { received: String(exchange.bytesReceived), sent: String(exchange.bytesSent) },
  }))
}

/** Requests of other nodes that are under way. */
export function activeCalls(peers: Iterable<RpcPeer>, nowMs: number): readonly ActiveRequest[] {
  const active: ActiveRequest[] = []
  for (const { info, handled } of Array.from(peers, (peer) => ({ info: peer.info, handled: [...peer.handled()] }))) {
    for (const { method, arrivedMonotonicMs, bodyLength, extension } of handled) {
      active.push({
        face: 'rpc',
        name: methodName(method),
        peer: `${info.identity.kind} ${info.remoteAddress}`,
        ageMs: nowMs - arrivedMonotonicMs,
        details: {
          body: String(bodyLength),
          ...(extension.requestId === undefined ? {} : { request: extension.requestId }),
        },
      })
    }
  }
  return active
}

/** Of the internal protocol. */
export function methodName(method: number): string {
  return methodNames.get(method) ?? 'other'
}

const methodNames: ReadonlyMap<number, string> = new Map(
  Object.entries(methods).map(([name, number]) => [number, name]),
)
