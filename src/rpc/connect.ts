// Makes peers: dials one, or listens for them.

import type { ClusterId } from '../base/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { Log } from '../ports/log.ts'
import type { Network } from '../ports/network.ts'
import type { Random } from '../ports/random.ts'
import type { BodyPool } from './body-pool.ts'
import type { NodeIdentity, PeerInfo, RpcHandlers, RpcPeer } from './peer.ts'

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
}

export interface RpcLimits {
  /** Requests of the peer that this side handles at once. Default 1,024; 1 to 65,536. */
  readonly requestsMax: number
  /** Bytes of the bodies of those requests. Default 16 MiB; at least 2 MiB. */
  readonly requestBodyBytesMax: number
  /** Own requests that wait for the peer's limits; more are refused with `overloaded`. Default 4,096. */
  readonly waitingMax: number
  /** Handlers are started only while less than this waits to be sent. Default 4 MiB. */
  readonly writeHighWaterBytes: number
  /** After so long without a byte from the peer, it is asked for a sign of life. Default 2,000. */
  readonly pingAfterMs: number
  /** After so long without one, or without taking a byte of what is queued for it, it counts as gone. Default 10,000. */
  readonly silenceMaxMs: number
  /** For the whole handshake. Default 5,000. */
  readonly handshakeTimeoutMs: number
}

/**
 * Dials `address` and shakes hands.
 * @throws FrostError `peer-unreachable`, `peer-refused` (either side did not prove the secret), `foreign-cluster`,
 * `version-unsupported`, `protocol-error`, `deadline-exceeded` (handshake).
 */
export function connectPeer(
  _node: RpcNode,
  _options: { readonly address: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<RpcPeer> {
  throw new Error('not built yet')
}

/**
 * Accepts peers. `onPeer` is called with each one after its handshake; `admit`, where given, may refuse one whose proof was
 * right (by throwing a FrostError, which is told to it).
 * @throws FrostError `address-in-use`.
 */
export function listenForPeers(
  _node: RpcNode,
  _options: {
    readonly address: string
    readonly onPeer: (peer: RpcPeer) => void
    readonly admit?: (info: PeerInfo) => void
    /** Default 1,024. */
    readonly connectionsMax?: number
  },
): Promise<RpcListener> {
  throw new Error('not built yet')
}

export interface RpcListener {
  /** `host:port` as bound. */
  readonly address: string
  /** Stops accepting and drops handshakes in progress; peers stay. Can be called twice. */
  close(): Promise<void>
}
