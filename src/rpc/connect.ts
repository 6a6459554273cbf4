// Makes peers: dials one, or listens for them.

import { FrostError, errorCode } from '../base/errors.ts'
import type { Connection, Listener } from '../ports/network.ts'
import { Handshake } from './handshake.ts'
import type { HandshakeResult } from './handshake.ts'
import { PeerConnection } from './peer-connection.ts'
import type { PeerInfo, RpcPeer } from './peer.ts'
import { limitsOf } from './rpc-node.ts'
import type { RpcLimits, RpcNode } from './rpc-node.ts'
import { SmallBodies } from './small-bodies.ts'

export type { RpcLimits, RpcNode } from './rpc-node.ts'

/**
 * Dials `address` and shakes hands. `timeoutMs` is for the dialling; the handshake has its own limit.
 * @throws FrostError `peer-unreachable`, `peer-refused` (either side did not prove the secret), `foreign-cluster`,
 * `version-unsupported`, `protocol-error`, `deadline-exceeded` (handshake); or `signal.reason` when it aborts.
 */
export async function connectPeer(
  node: RpcNode,
  options: { readonly address: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<RpcPeer> {
  const limits = limitsOf(node)
  const { signal } = options
  const connection = await node.ports.network.connect(options.address, options)
  const { promise, resolve, reject } = Promise.withResolvers<RpcPeer>()
  const smallBodies = new SmallBodies()
  const handshake = new Handshake({
    node,
    limits,
    connection,
    role: 'dialler',
    done: (result) => resolve(new PeerConnection({ node, limits, connection, handshake: result, smallBodies })),
    failed: reject,
  })
  const onAbort = (): void => handshake.stop(new FrostError('cancelled', `Dialling ${options.address} was cancelled.`))
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal?.aborted === true) onAbort()
    else handshake.start()
    return await promise
  } catch (error) {
    if (errorCode(error) === 'cancelled') signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

export interface ListenOptions {
  readonly address: string
  /** Called with each peer after its handshake, before its first request is handled. */
  readonly onPeer: (peer: RpcPeer) => void
  /** May refuse a peer whose proof was right, by throwing a FrostError, which is told to it. */
  readonly admit?: (info: PeerInfo) => void
  /** Connections at once, those in their handshake included. Default 1,024. */
  readonly connectionsMax?: number
}

export interface RpcListener {
  /** `host:port` as bound. */
  readonly address: string
  /** Stops accepting and drops handshakes in progress; peers stay. Can be called twice. */
  close(): Promise<void>
}

/** Accepts peers. @throws FrostError `address-in-use`. */
export async function listenForPeers(node: RpcNode, options: ListenOptions): Promise<RpcListener> {
  const acceptor = new Acceptor(node, options)
  const listener = await node.ports.network.listen(options.address, (connection) => acceptor.accept(connection))
  return { address: listener.address, close: () => acceptor.close(listener) }
}

const connectionsMaxDefault = 1024
/** Handshakes at once: nobody has proved anything yet, so they are few. */
const handshakesMax = 64

class Acceptor {
  readonly #node: RpcNode
  readonly #options: ListenOptions
  readonly #limits: RpcLimits
  /** One for all peers of a listener: they rarely all need it at once. */
  readonly #smallBodies = new SmallBodies()
  readonly #handshakes = new Set<Handshake>()
  #peerCount = 0
  #isClosed = false

  constructor(node: RpcNode, options: ListenOptions) {
    this.#node = node
    this.#options = options
    this.#limits = limitsOf(node)
  }

  accept(connection: Connection): void {
    const { connectionsMax = connectionsMaxDefault, admit } = this.#options
    const { log } = this.#node.ports
    if (this.#isClosed) {
      connection.destroy()
      return
    }
    if (this.#handshakes.size >= handshakesMax || this.#peerCount + this.#handshakes.size >= connectionsMax) {
      log.warn('A connection was refused: there are too many.', { remote: connection.remoteAddress })
      connection.destroy()
      return
    }
    const handshake = new Handshake({
      node: this.#node,
      limits: this.#limits,
      connection,
      role: 'acceptor',
      ...(admit === undefined ? {} : { admit }),
      done: (result) => {
        this.#handshakes.delete(handshake)
        this.#open(connection, result)
      },
      failed: (error) => {
        this.#handshakes.delete(handshake)
        log.warn('A handshake failed.', { remote: connection.remoteAddress, code: error.code, why: error.message })
      },
    })
    this.#handshakes.add(handshake)
    handshake.start()
  }

  async close(listener: Listener): Promise<void> {
    await listener.close()
    this.#isClosed = true
    for (const handshake of this.#handshakes) {
      handshake.stop(new FrostError('peer-unreachable', 'The node stops listening.'))
    }
  }

  #open(connection: Connection, handshake: HandshakeResult): void {
    const peer = new PeerConnection({
      node: this.#node,
      limits: this.#limits,
      connection,
      handshake,
      smallBodies: this.#smallBodies,
    })
    this.#peerCount++
    const onClosed = (): void => {
      this.#peerCount--
    }
    peer.closed.then(onClosed, onClosed)
    this.#options.onPeer(peer)
  }
}
