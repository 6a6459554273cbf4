// The handshake, four frames: hello →, answer ←, the dialler's proof →, the acceptor's proof ←. Each proof is an HMAC with
// the cluster's secret over its role and over hello and answer whole: both nonces (so a recorded one is worth nothing), both
// identities, both clusters, the version and the limits. The dialler proves first, so that whoever merely connects gets
// nothing to guess the secret by. A refusal names its reason and ends the connection.
//
// Faults: whatever the other side sends or leaves out, it ends in `done` once or in `failed` once, at the latest when its time
// is over; before that it takes only frames of at most 1 KiB without a body.

import { FrostError } from '../base/errors.ts'
import type { Timer } from '../ports/clock.ts'
import type { Connection } from '../ports/network.ts'
import { decodeError, encodeError } from './error-message.ts'
import { frameType, handshakeLimits } from './frame.ts'
import type { FrameHead, FrameType } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import type { FrameSink } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import {
  computeProof,
  decodeAnswer,
  decodeHello,
  decodeVersions,
  encodeAnswer,
  encodeHello,
  isProof,
  nonceBytes,
  versionMax,
  versionMin,
} from './handshake-messages.ts'
import type { Introduction } from './handshake-messages.ts'
import type { PeerInfo } from './peer.ts'
import type { RpcLimits, RpcNode } from './rpc-node.ts'

export interface HandshakeOptions {
  readonly node: RpcNode
  readonly limits: RpcLimits
  readonly connection: Connection
  readonly role: 'dialler' | 'acceptor'
  /** May refuse one whose proof was right, by throwing a FrostError. */
  readonly admit?: (info: PeerInfo) => void
  /** Called from inside a frame: what follows in the same bytes is the new sink's. */
  readonly done: (result: HandshakeResult) => void
  readonly failed: (error: FrostError) => void
}

export interface HandshakeResult {
  readonly info: PeerInfo
  /** What the peer takes at once. */
  readonly requestsMax: number
  readonly requestBodyBytesMax: number
  readonly reader: FrameReader
}

/** How long a refusal has to reach the other side before the connection is cut. */
const lingerMs = 1000

export class Handshake implements FrameSink {
  readonly #options: HandshakeOptions
  readonly #reader: FrameReader
  readonly #writer: FrameWriter
  readonly #timer: Timer
  /** The next frame that may come; `undefined` when it is over. */
  #expected: FrameType | undefined
  #hello: Uint8Array = nothing
  #answer: Uint8Array = nothing
  #other: (Introduction & { readonly version: number }) | undefined

  constructor(options: HandshakeOptions) {
    this.#options = options
    const { node, connection, role, limits } = options
    const { clock, compute } = node.ports
    this.#writer = new FrameWriter({ connection, clock, compute, onProgress: () => {} })
    this.#reader = new FrameReader({ connection, compute, sink: this, limits: handshakeLimits })
    this.#expected = role === 'dialler' ? frameType.answer : frameType.hello
    this.#timer = clock.startTimer(limits.handshakeTimeoutMs, () => this.#expire(), { background: true })
  }

  start(): void {
    if (this.#options.role === 'dialler') {
      this.#hello = encodeHello({ ...this.#introduce(), versionMin, versionMax })
      this.#send(frameType.hello, this.#hello)
    }
    this.#options.connection.receive(this.#reader)
  }

  /** Gives the handshake up. */
  stop(reason: FrostError): void {
    this.#fail(reason)
  }

  heard(): void {}

  failed(error: FrostError): void {
    this.#fail(error)
  }

  ended(error: Error | undefined): void {
    const cause = error === undefined ? {} : { cause: error }
    this.#fail(new FrostError('peer-unreachable', `${this.#name} ended the connection in the handshake.`, cause))
  }

  frame(head: FrameHead): undefined {
    if (this.#expected === undefined) return
    try {
      if (head.type === frameType.refusal) this.#hearRefusal(head.header)
      else if (head.type === this.#expected) this.#step(head.type, head.header)
      else throw new FrostError('protocol-error', `${this.#name} sent frame ${head.type} in the handshake.`)
    } catch (error) {
      if (!(error instanceof FrostError)) throw error
      this.#refuse(error)
    }
  }

  #step(type: FrameType, header: Uint8Array): void {
    switch (type) {
      case frameType.hello:
        this.#hearHello(header.slice())
        return
      case frameType.answer:
        this.#hearAnswer(header.slice())
        return
      case frameType.diallerProof:
        this.#checkProof('dialler', header)
        this.#options.admit?.(this.#info())
        this.#send(frameType.acceptorProof, this.#proof('acceptor'))
        this.#finish()
        return
      case frameType.acceptorProof:
        this.#checkProof('acceptor', header)
        this.#finish()
        return
      default:
        throw new FrostError('protocol-error', `Frame ${type} is no part of a handshake.`)
    }
  }

  #hearHello(bytes: Uint8Array): void {
    const offered = decodeVersions(bytes)
    const version = Math.min(offered.versionMax, versionMax)
    if (version < Math.max(offered.versionMin, versionMin)) {
      const theirs = `${offered.versionMin} to ${offered.versionMax}`
      const message = `The dialling node speaks versions ${theirs} of the protocol, this one ${versionMin} to ${versionMax}.`
      throw new FrostError('version-unsupported', message, { remedy: 'Upgrade the older of the two nodes.' })
    }
    this.#hello = bytes
    this.#other = { ...decodeHello(bytes), version }
    this.#checkCluster()
    this.#answer = encodeAnswer({ ...this.#introduce(), version })
    this.#send(frameType.answer, this.#answer)
    this.#expected = frameType.diallerProof
  }

  #hearAnswer(bytes: Uint8Array): void {
    this.#answer = bytes
    this.#other = decodeAnswer(bytes)
    this.#checkCluster()
    this.#send(frameType.diallerProof, this.#proof('dialler'))
    this.#expected = frameType.acceptorProof
  }

  /** A node that is in no cluster yet takes the other's. */
  #checkCluster(): void {
    const { clusterId } = this.#options.node
    const theirs = this.#other?.clusterId
    if (clusterId === undefined || theirs === undefined || clusterId === theirs) return
    const message = `The node belongs to cluster ${theirs}, its peer to cluster ${clusterId}.`
    throw new FrostError('foreign-cluster', message, {
      remedy: 'Give the node its own data directory, or the right address.',
    })
  }

  #checkProof(role: 'dialler' | 'acceptor', proof: Uint8Array): void {
    if (isProof(proof, this.#proof(role), this.#options.node.ports.compute)) return
    const side = role === 'dialler' ? 'dialling' : 'accepting'
    const message = `The ${side} node did not prove the cluster secret.`
    throw new FrostError('peer-refused', message, { remedy: 'Give both nodes the same cluster secret.' })
  }

  #proof(role: 'dialler' | 'acceptor'): Uint8Array {
    const { secret, ports } = this.#options.node
    return computeProof(role, secret, { hello: this.#hello, answer: this.#answer }, ports.compute)
  }

  #introduce(): Introduction {
    const { node, limits } = this.#options
    const { requestsMax, requestBodyBytesMax } = limits
    const nonce = node.ports.random.bytes(nonceBytes)
    return { identity: node.identity, clusterId: node.clusterId, nonce, requestsMax, requestBodyBytesMax }
  }

  #info(): PeerInfo {
    const other = this.#other
    if (other === undefined) throw new FrostError('protocol-error', 'A proof came before a hello.')
    const { identity, clusterId, version } = other
    return { identity, clusterId, protocolVersion: version, remoteAddress: this.#options.connection.remoteAddress }
  }

  #finish(): void {
    const other = this.#other
    const info = this.#info()
    if (other === undefined) return
    this.#end()
    this.#writer.flush()
    const { requestsMax, requestBodyBytesMax } = other
    this.#options.done({ info, requestsMax, requestBodyBytesMax, reader: this.#reader })
  }

  #hearRefusal(header: Uint8Array): void {
    const told = decodeError(header)
    const { connection } = this.#options
    const text = `${this.#name} refused the connection: ${told.message}`
    const options = told.remedy === undefined ? {} : { remedy: told.remedy }
    this.#fail(new FrostError(told.code, text, options))
    connection.destroy()
  }

  /** Tells the other side why, and gives it time to hear it. */
  #refuse(error: FrostError): void {
    const { connection, node } = this.#options
    this.#send(frameType.refusal, encodeError(error))
    this.#writer.flush()
    this.#end()
    node.ports.clock.startTimer(lingerMs, () => connection.destroy(), { background: true })
    this.#options.failed(error)
  }

  #expire(): void {
    const { handshakeTimeoutMs } = this.#options.limits
    this.#fail(
      new FrostError('deadline-exceeded', `${this.#name} did not finish the handshake in ${handshakeTimeoutMs} ms.`),
    )
  }

  #fail(error: FrostError): void {
    if (this.#expected === undefined) return
    this.#end()
    this.#reader.stop()
    this.#options.connection.destroy(error)
    this.#options.failed(error)
  }

  #end(): void {
    this.#expected = undefined
    this.#timer.cancel()
  }

  #send(type: FrameType, header: Uint8Array): void {
    this.#writer.frame({ type, header })
  }

  get #name(): string {
    return `The node at ${this.#options.connection.remoteAddress}`
  }
}

const nothing = new Uint8Array(0)
