// One side of a connection of the simulated network: what it writes waits in `#queue`, moves into the pipe as far as the
// pipe has room (`sent`), and arrives at the other side piece by piece.

import { assert } from '../../src/base/assert.ts'
import { FrostError } from '../../src/base/errors.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Connection, Receiver } from '../../src/ports/network.ts'
import type { Random } from '../../src/ports/random.ts'

interface ConnectionOptions {
  readonly localHost: string
  readonly remoteHost: string
  readonly remoteAddress: string
  /** This side dialled, and so places bytes itself. */
  readonly isDialled: boolean
  readonly clock: Clock
  /** Of the other side, where what this side sends arrives. */
  readonly remoteClock: Clock
  readonly onPiece: ((bytes: Uint8Array) => void) | undefined
  readonly random: Random
  readonly capacityBytes: number
  readonly pieceBytesMax: number
  /** From this side to the other. */
  readonly link: () => {
    readonly delayMsMin: number
    readonly delayMsMax: number
    readonly held: boolean
    readonly losesTail: boolean
  }
  /** This side is over. */
  readonly ended: () => void
}

interface Queued {
  readonly bytes: Uint8Array
  offset: number
  readonly sent: ((error?: Error) => void) | undefined
}

/** Bytes under way; `undefined`: the end of the connection behind them. */
interface Piece {
  readonly dueMs: number
  readonly bytes: Uint8Array<ArrayBuffer> | undefined
  offset: number
}

export class SimulatedConnection implements Connection {
  readonly remoteAddress: string
  readonly localHost: string
  readonly remoteHost: string
  readonly #options: ConnectionOptions
  #other: SimulatedConnection | undefined
  #receiver: Receiver | undefined
  #paused = false
  #queuedBytes = 0
  readonly #queue: Queued[] = []
  /** From this side to the other, in order. */
  readonly #underWay: Piece[] = []
  #underWayBytes = 0
  #pumping = false
  #delivering = false
  /** This side was ended: nothing is sent or received any more. */
  #over = false
  #gone = false
  #closedWith: { readonly error: Error | undefined } | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.remoteAddress = options.remoteAddress
    this.localHost = options.localHost
    this.remoteHost = options.remoteHost
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get isOver(): boolean {
    return this.#over
  }

  pairWith(other: SimulatedConnection): void {
    this.#other = other
  }

  receive(receiver: Receiver): void {
    assert(this.#receiver === undefined, 'a connection has one receiver')
    this.#receiver = receiver
    if (this.#closedWith === undefined) this.#other?.linkChanged()
    else this.#tellClosed()
  }

  write(buffers: readonly Uint8Array[], sent?: (error?: Error) => void): void {
    if (this.#over) {
      if (sent !== undefined) this.#later(() => sent(broken(this.remoteAddress)))
      return
    }
    const parts = buffers.length === 0 ? [new Uint8Array(0)] : buffers
    for (const [index, bytes] of parts.entries()) {
      this.#queue.push({ bytes, offset: 0, sent: index === parts.length - 1 ? sent : undefined })
      this.#queuedBytes += bytes.length
    }
    this.#pumpSoon()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#other?.linkChanged()
  }

  destroy(error?: Error): void {
    if (this.#over) return
    this.#putEnd()
    this.#end(error)
    this.#deliverSoon()
  }

  /** Both sides see it break now; what was under way is lost. */
  break(reason: string): void {
    const other = this.#other
    const error = new FrostError('peer-unreachable', `The connection broke: ${reason}.`)
    for (const side of [this, other]) {
      if (side === undefined) continue
      side.#underWay.length = 0
      side.#end(error)
    }
  }

  /** This side's host is gone. */
  vanish(silent: boolean): void {
    if (this.#gone) return
    this.#gone = true
    if (!silent) this.#putEnd()
    this.#over = true
    this.#queue.length = 0
    this.#options.ended()
    this.#deliverSoon()
  }

  /** Something that may let bytes move again has changed. */
  linkChanged(): void {
    this.#pumpSoon()
    this.#deliverSoon()
  }

  /** Moves what was written into the pipe, as far as there is room. */
  #pumpSoon(): void {
    if (this.#pumping || this.#over) return
    this.#pumping = true
    this.#later(() => {
      this.#pumping = false
      this.#pump()
    })
  }

  #pump(): void {
    while (!this.#over) {
      const first = this.#queue[0]
      const roomBytes = this.#options.capacityBytes - this.#underWayBytes
      if (first === undefined) break
      const restBytes = first.bytes.length - first.offset
      // Not a few bytes whenever a few were taken: pieces would only get smaller.
      if (roomBytes < Math.min(restBytes, this.#options.capacityBytes / 4)) break
      const wanted = Math.min(roomBytes, restBytes, this.#pieceBytes())
      if (wanted > 0) this.#put(first.bytes.slice(first.offset, first.offset + wanted))
      first.offset += wanted
      if (first.offset < first.bytes.length) continue
      this.#queue.shift()
      first.sent?.()
    }
    this.#deliverSoon()
  }

  #put(bytes: Uint8Array<ArrayBuffer>): void {
    this.#queuedBytes -= bytes.length
    this.#underWayBytes += bytes.length
    this.#underWay.push({ dueMs: this.#dueMs(), bytes, offset: 0 })
  }

  /** The end of the connection, behind what is under way, or what of it is not lost. */
  #putEnd(): void {
    const { link, random } = this.#options
    if (link().losesTail) this.#underWay.length = random.below(this.#underWay.length + 1)
    this.#underWay.push({ dueMs: this.#dueMs(), bytes: undefined, offset: 0 })
  }

  #deliverSoon(): void {
    const first = this.#underWay[0]
    if (this.#delivering || first === undefined) return
    this.#delivering = true
    const { remoteClock } = this.#options
    const deliver = (): void => {
      this.#delivering = false
      this.#deliver()
    }
    later(remoteClock, deliver, Math.max(0, first.dueMs - remoteClock.monotonicMs()))
  }

  /** Hands one piece to the other side, if it takes any. */
  #deliver(): void {
    const piece = this.#underWay[0]
    const other = this.#other
    if (piece === undefined || other === undefined || this.#options.link().held) return
    if (other.#gone || other.#over) {
      this.#underWay.length = 0
      return
    }
    if (other.#paused || other.#receiver === undefined) return
    if (piece.bytes === undefined) {
      this.#underWay.length = 0
      other.#end(undefined)
      return
    }
    this.#options.onPiece?.(piece.bytes)
    const taken = other.#accept(piece.bytes.subarray(piece.offset))
    piece.offset += taken
    this.#underWayBytes -= taken
    if (piece.offset === piece.bytes.length && this.#underWay[0] === piece) this.#underWay.shift()
    this.linkChanged()
  }

  /** How many of the bytes the receiver took. */
  #accept(bytes: Uint8Array): number {
    const receiver = this.#receiver
    assert(receiver !== undefined, 'bytes are handed to a receiver')
    if (!this.#options.isDialled) {
      receiver.chunk(bytes.slice())
      return bytes.length
    }
    const target = receiver.target()
    assert(target.length > 0, 'a target has room for a byte')
    const count = Math.min(target.length, bytes.length)
    target.set(bytes.subarray(0, count))
    receiver.received(count)
    return count
  }

  #end(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#options.ended()
    const waiting = this.#queue.splice(0)
    this.#queuedBytes = 0
    this.#closedWith = { error }
    this.#later(() => {
      for (const { sent } of waiting) sent?.(broken(this.remoteAddress))
      if (this.#receiver !== undefined) this.#tellClosed()
    })
  }

  #tellClosed(): void {
    const closed = this.#closedWith
    this.#closedWith = undefined
    if (closed !== undefined) this.#later(() => this.#receiver?.closed(closed.error))
  }

  #later(callback: () => void): void {
    this.#options.clock.endOfTurn(callback)
  }

  #dueMs(): number {
    const { delayMsMin, delayMsMax } = this.#options.link()
    const dueMs =
      this.#options.clock.monotonicMs() + delayMsMin + this.#options.random.float() * (delayMsMax - delayMsMin)
    return Math.max(dueMs, this.#underWay.at(-1)?.dueMs ?? 0)
  }

  #pieceBytes(): number {
    const { random, pieceBytesMax } = this.#options
    // Mostly large pieces, as on a fast network; sometimes tiny ones.
    return random.below(8) === 0 ? 1 + random.below(16) : 1 + random.below(pieceBytesMax)
  }
}

/** Makes two sides into one connection. */
export function connectPipes(left: SimulatedConnection, right: SimulatedConnection): void {
  left.pairWith(right)
  right.pairWith(left)
}

function later(clock: Clock, callback: () => void, delayMs: number): void {
  if (delayMs === 0) clock.endOfTurn(callback)
  else clock.startTimer(delayMs, callback)
}

function broken(address: string): FrostError {
  return new FrostError('peer-unreachable', `The connection to ${address} broke.`)
}
