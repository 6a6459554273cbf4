// A node as it takes part in the protocol: its ports, who it is, what it answers, and its limits.

import { assert } from '../base/assert.ts'
import type { ClusterId } from '../base/ids.ts'
import { MIB } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { Log } from '../ports/log.ts'
import type { Network } from '../ports/network.ts'
import type { Random } from '../ports/random.ts'
import { bodyBytesMax } from './body-pool.ts'
import type { BodyPool } from './body-pool.ts'
import type { RequestMeter } from './request-meter.ts'
import type { NodeIdentity, RpcHandlers } from './peer.ts'

export interface RpcPorts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly compute: Compute
  readonly log: Log
}

/** What a node says of itself to every peer. */
export interface RpcNode {
  readonly ports: RpcPorts
  readonly identity: NodeIdentity
  /** `undefined`: has not joined a cluster yet, and takes the other side's. */
  readonly clusterId: ClusterId | undefined
  /** At least 16 bytes. */
  readonly secret: Uint8Array
  readonly handlers: RpcHandlers
  /** For request bodies of 64 KiB and more, and for such response bodies without `into` or `onBody`. */
  readonly bodies: BodyPool
  readonly limits?: Partial<RpcLimits>
  /** Told of each request of a peer that a handler has answered. */
  readonly meter?: RequestMeter
}

export interface RpcLimits {
  /** Requests of the peer that this side handles at once. Default 1,024; 1 to 65,536. */
  readonly requestsMax: number
  /** Bytes of the bodies of those requests. Default 16 MiB; at least 2 MiB. */
  readonly requestBodyBytesMax: number
  /** Handlers that work for the peer at once; further requests wait. Those with a large body always start. Default 256. */
  readonly handlersMax: number
  /** Own requests that wait for the peer's limits; more are refused with `overloaded`. Default 4,096. */
  readonly waitingMax: number
  /** Requests with a body are sent, and handlers started, only while less than this waits to be sent. Default 4 MiB. */
  readonly writeHighWaterBytes: number
  /** After so long without a byte from the peer, it is asked for a sign of life. Default 2,000. */
  readonly pingAfterMs: number
  /** After so long without one, or without taking a byte of what is queued for it, it counts as gone. Default 10,000. */
  readonly silenceMaxMs: number
  /** For the whole handshake. Default 5,000. */
  readonly handshakeTimeoutMs: number
}

const defaults: RpcLimits = {
  requestsMax: 1024,
  requestBodyBytesMax: 16 * MIB,
  handlersMax: 256,
  waitingMax: 4096,
  writeHighWaterBytes: 4 * MIB,
  pingAfterMs: 2000,
  silenceMaxMs: 10_000,
  handshakeTimeoutMs: 5000,
}

const secretBytesMin = 16

/** The node's limits, checked, with defaults for those that are not given. */
export function limitsOf(node: RpcNode): RpcLimits {
  const limits = { ...defaults, ...node.limits }
  assert(node.secret.length >= secretBytesMin, `a cluster secret of ${node.secret.length} bytes`)
  assert(limits.requestsMax >= 1 && limits.requestsMax <= 65_536, `${limits.requestsMax} requests at once`)
  assert(limits.requestBodyBytesMax >= bodyBytesMax, `${limits.requestBodyBytesMax} bytes of bodies at once`)
  assert(
    limits.pingAfterMs > 0 && limits.silenceMaxMs > limits.pingAfterMs,
    'silence lasts longer than it takes to ask',
  )
  return limits
}
