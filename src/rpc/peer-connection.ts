// One peer after the handshake: hands frames to the requests that they belong to, and watches over the connection's life.
//
// Life is judged on the monotonic clock, in ticks of `pingAfterMs`. Any byte from the peer is a sign of life. A tick without
// one asks for it (ping; the answer is a pong); `silenceMaxMs` of such ticks end the connection. A peer that takes none of the
// bytes queued for it for `silenceMaxMs` is ended too. A side that has stopped reading, because a body waits for memory, cannot
// hear and does not count silence meanwhile; and it says so each tick (`stopped`), so that the other side neither counts
// silence nor that its bytes are not taken. Ticks count, not differences of time: a process that was stopped and goes on
// finds its peers alive.
//
// However the connection ends, every request settles exactly once, every `sent` is called, all memory goes back.

import { FrostError } from '../base/errors.ts'
import type { Clock, Timer } from '../ports/clock.ts'
import type { Connection } from '../ports/network.ts'
import { frameType, openLimits } from './frame.ts'
import type { FrameHead } from './frame.ts'
import type { BodyPlace, FrameReader, FrameSink } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import type { HandshakeResult } from './handshake.ts'
import { HeaderMemory } from './header-memory.ts'
import { IncomingRequests } from './incoming-requests.ts'
import { OutgoingCalls } from './outgoing-calls.ts'
import type { HandledRequest, PeerInfo, PeerStats, RequestOptions, RpcPeer, RpcResponse } from './peer.ts'
import type { RpcLimits, RpcNode } from './rpc-node.ts'
import type { SmallBodies } from './small-bodies.ts'

export interface PeerConnectionOptions {
  readonly node: RpcNode
  readonly limits: RpcLimits
  readonly connection: Connection
  readonly handshake: HandshakeResult
  readonly smallBodies: SmallBodies
}

export class PeerConnection implements RpcPeer, FrameSink {
  readonly info: PeerInfo
  readonly closed: Promise<FrostError>
  readonly #clock: Clock
  readonly #limits: RpcLimits
  readonly #connection: Connection
  readonly #reader: FrameReader
  readonly #writer: FrameWriter
  readonly #outgoing: OutgoingCalls
  readonly #incoming: IncomingRequests
  readonly #headers = new HeaderMemory()
  readonly #copy = (bytes: Uint8Array): Uint8Array => this.#headers.copy(bytes)
  readonly #resolveClosed: (error: FrostError) => void
  #tick: Timer
  #isOpen = true
  #isOver = false
  #wasHeard = true
  #silentTicks = 0
  #stalledTicks = 0
  #lastProgress = 0
  /** Called whenever something ended, while `close` waits. */
  #onQuiet: (() => void) | undefined

  /** Takes the connection over from inside the last frame of the handshake. */
  constructor({ node, limits, connection, handshake, smallBodies }: PeerConnectionOptions) {
    const { clock, compute, log } = node.ports
    const { reader, info } = handshake
    this.info = info
    this.#clock = clock
    this.#limits = limits
    this.#connection = connection
    this.#reader = reader
    const writer = new FrameWriter({ connection, clock, compute, onProgress: () => this.#pump() })
    this.#writer = writer
    const memory = { bodies: node.bodies, smallBodies }
    const peerName = `${info.identity.kind} ${info.identity.id} at ${info.remoteAddress}`
    const { waitingMax, handlersMax, writeHighWaterBytes, requestsMax, requestBodyBytesMax } = limits
    const common = { clock, writer, reader, memory, writeHighWaterBytes }
    this.#outgoing = new OutgoingCalls({
      ...common,
      requestsMax: handshake.requestsMax,
      requestBodyBytesMax: handshake.requestBodyBytesMax,
      waitingMax,
      peerName,
    })
    const { handlers, meter } = node
    const serving = { ...common, log, handlers, meter, requestsMax, requestBodyBytesMax, handlersMax }
    this.#incoming = new IncomingRequests(this, serving)
    const { promise, resolve } = Promise.withResolvers<FrostError>()
    this.closed = promise
    this.#resolveClosed = resolve
    reader.sink = this
    reader.limits = openLimits
    this.#tick = this.#startTick()
  }

  get open(): boolean {
    return this.#isOpen
  }

  get stats(): PeerStats {
    return {
      inFlight: this.#outgoing.inFlight,
      waiting: this.#outgoing.waiting,
      handling: this.#incoming.count,
      queuedBytes: this.#writer.queuedBytes,
    }
  }

  handled(): Iterable<HandledRequest> {
    return this.#incoming.requests()
  }

  request(method: number, header: Uint8Array, options: RequestOptions): Promise<RpcResponse> {
    return this.#outgoing.request(method, header, options)
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#isOpen) {
      this.#stopAsking('this node ends the connection')
      this.#writer.frame({ type: frameType.goodbye })
    }
    this.#incoming.close()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onQuiet = resolve
    const timer = this.#clock.startTimer(timeoutMs, resolve, { background: true })
    this.#tellQuiet()
    await promise
    timer.cancel()
    this.#end(new FrostError('peer-unreachable', `The connection to ${this.#name} was closed.`))
  }

  destroy(reason: string): void {
    this.#end(new FrostError('peer-unreachable', `The connection to ${this.#name} was ended: ${reason}.`))
  }

  /** FrameSink. */
  frame(head: FrameHead): BodyPlace | 'later' | undefined {
    switch (head.type) {
      case frameType.request:
        return this.#incoming.request(head, this.#copy)
      case frameType.reply: {
        const place = this.#outgoing.reply(head, this.#copy)
        this.#afterAnswer()
        return place
      }
      case frameType.error:
        this.#outgoing.error(head)
        this.#afterAnswer()
        return undefined
      case frameType.cancel:
        this.#incoming.cancel(head.id)
        return undefined
      case frameType.ping:
        this.#writer.frame({ type: frameType.pong, id: head.id })
        return undefined
      case frameType.pong:
        return undefined
      case frameType.stopped:
        this.#stalledTicks = 0
        return undefined
      case frameType.goodbye:
        this.#stopAsking('the peer ends the connection')
        return undefined
      default:
        throw new FrostError('protocol-error', `${this.#name} sent a frame of type ${head.type}.`)
    }
  }

  /** FrameSink. */
  heard(): void {
    this.#wasHeard = true
  }

  /** FrameSink. */
  failed(error: FrostError): void {
    this.#end(error)
  }

  /** FrameSink. */
  ended(error: Error | undefined): void {
    const options = error === undefined ? {} : { cause: error }
    this.#end(new FrostError('peer-unreachable', `The connection to ${this.#name} is over.`, options))
  }

  #pump(): void {
    if (this.#isOver) return
    this.#outgoing.pump()
    this.#incoming.pump()
    this.#tellQuiet()
  }

  #afterAnswer(): void {
    this.#outgoing.pump()
    this.#tellQuiet()
  }

  #tellQuiet(): void {
    if (this.#onQuiet === undefined) return
    if (this.#outgoing.inFlight + this.#incoming.count + this.#writer.queuedBytes === 0) this.#onQuiet()
  }

  #stopAsking(why: string): void {
    this.#isOpen = false
    this.#outgoing.close(new FrostError('peer-unreachable', `No more requests go to ${this.#name}: ${why}.`))
  }

  #startTick(): Timer {
    return this.#clock.startTimer(this.#limits.pingAfterMs, () => this.#onTick(), { background: true })
  }

  #onTick(): void {
    const { pingAfterMs, silenceMaxMs } = this.#limits
    const isDeaf = this.#reader.isWaiting
    this.#silentTicks = this.#wasHeard || isDeaf ? 0 : this.#silentTicks + 1
    const isStalled = this.#writer.queuedBytes > 0 && this.#writer.progress === this.#lastProgress
    this.#stalledTicks = isStalled ? this.#stalledTicks + 1 : 0
    this.#lastProgress = this.#writer.progress
    if (this.#silentTicks * pingAfterMs >= silenceMaxMs) {
      this.destroy(`nothing was heard of it for ${silenceMaxMs} ms`)
      return
    }
    if (this.#stalledTicks * pingAfterMs >= silenceMaxMs) {
      this.destroy(`it read nothing for ${silenceMaxMs} ms`)
      return
    }
    if (isDeaf) this.#writer.frame({ type: frameType.stopped })
    else if (!this.#wasHeard) this.#writer.frame({ type: frameType.ping })
    this.#wasHeard = false
    this.#tick = this.#startTick()
  }

  /** Whatever comes first decides why; nothing happens afterwards. */
  #end(error: FrostError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isOpen = false
    this.#tick.cancel()
    this.#reader.stop()
    this.#connection.destroy(error)
    const settled =
      error.code === 'peer-unreachable' ? error : new FrostError('peer-unreachable', error.message, { cause: error })
    this.#outgoing.end(settled)
    this.#incoming.end(settled)
    this.#resolveClosed(error)
    this.#onQuiet?.()
  }

  get #name(): string {
    const { identity, remoteAddress } = this.info
    return `${identity.kind} ${identity.id} at ${remoteAddress}`
  }
}
