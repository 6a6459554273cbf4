// The requests that this side sends to one peer: at most as many, and with as many bytes in their bodies, as the peer said in
// the handshake that it takes; the others wait here, in order, up to a bound. The peer holds us to it, so that nobody can
// make it keep more than it wants. A request gives its share back when its answer begins to arrive.
//
// Requests without a body have a queue of their own: a read does not stand behind megabytes that wait to be written. Of the
// two the older request goes first, if it fits.
//
// Deadlines need one timer, not one for each request: it is set to the earliest, and looks through all when it fires. Most
// requests were answered long before.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { Clock, Timer } from '../ports/clock.ts'
import { bodyBytesMax } from './body-pool.ts'
import { decodeError } from './error-message.ts'
import { encodeExtension } from './extension.ts'
import { frameType, headerBytesMax } from './frame.ts'
import type { FrameHead } from './frame.ts'
import type { BodyPlace, FrameReader } from './frame-reader.ts'
import { lengthOf } from './frame-writer.ts'
import type { FrameWriter } from './frame-writer.ts'
import { OutgoingCall } from './outgoing-call.ts'
import type { CallMemory } from './outgoing-call.ts'
import type { RequestOptions, RpcResponse } from './peer.ts'

export interface OutgoingOptions {
  readonly clock: Clock
  readonly writer: FrameWriter
  readonly reader: FrameReader
  readonly memory: CallMemory
  /** What the peer takes at once. */
  readonly requestsMax: number
  readonly requestBodyBytesMax: number
  readonly waitingMax: number
  readonly writeHighWaterBytes: number
  /** Names the peer in errors. */
  readonly peerName: string
}

const deadlineMaxMs = 3_600_000

export class OutgoingCalls {
  readonly #options: OutgoingOptions
  /** All that wait or whose answer has not begun to arrive, in the order of asking. */
  readonly #calls = new Map<number, OutgoingCall>()
  readonly #withBody = new WaitingCalls()
  readonly #withoutBody = new WaitingCalls()
  /** The answer whose body comes now: one at a time. It has given its place back. */
  #arriving: OutgoingCall | undefined
  #nextId = 0
  #sequence = 0
  #inFlight = 0
  #inFlightBodyBytes = 0
  #timer: Timer | undefined
  #timerDueMs = Number.POSITIVE_INFINITY
  #closedBy: FrostError | undefined

  constructor(options: OutgoingOptions) {
    this.#options = options
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get waiting(): number {
    return this.#calls.size - this.#inFlight
  }

  request(method: number, header: Uint8Array, options: RequestOptions): Promise<RpcResponse> {
    const refusal = this.#refusal(method, header, options)
    if (refusal !== undefined) {
      options.sent?.()
      options.into?.release()
      return Promise.reject(refusal)
    }
    const call = this.#createCall(method, options)
    this.#calls.set(call.id, call)
    this.#watchDeadline(call.deadlineMonotonicMs)
    const queue = call.bodyLength > 0 ? this.#withBody : this.#withoutBody
    if (queue.isEmpty && this.#fits(call)) {
      this.#send(call, header)
    } else {
      call.keepHeader(header)
      queue.push(call)
    }
    return call.promise
  }

  /** Sends what waits and fits. */
  pump(): void {
    while (this.waiting > 0) {
      const queue = this.#nextQueue()
      const call = queue?.first()
      if (queue === undefined || call === undefined) return
      queue.shift()
      this.#send(call, call.keptHeader)
    }
  }

  /** @throws FrostError `protocol-error` for an answer that nobody asked for. */
  reply(head: FrameHead, copy: (bytes: Uint8Array) => Uint8Array): BodyPlace | undefined {
    const call = this.#answered(head)
    if (call.state === 'dropped') {
      call.state = 'over'
      return undefined
    }
    const place = call.reply(head, copy(head.header), this.#options.memory)
    this.#arriving = place === undefined ? undefined : call
    return place
  }

  /** @throws FrostError `protocol-error` for an answer that nobody asked for, or one that is none. */
  error(head: FrameHead): void {
    const error = decodeError(head.header)
    const call = this.#answered(head)
    if (call.isOpen) call.fail(error, 'over')
    else call.state = 'over'
  }

  /** No more requests; those that wait are refused, those in flight go on. */
  close(error: FrostError): void {
    this.#closedBy ??= error
    for (const call of this.#calls.values()) {
      if (call.state === 'waiting') this.#giveUpWaiting(call, error)
    }
  }

  /** The connection broke: every request settles. */
  end(error: FrostError): void {
    this.#closedBy = error
    this.#timer?.cancel()
    this.#timer = undefined
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) {
      if (call.state === 'waiting') call.options.sent?.()
      if (call.isOpen) call.fail(error, 'over')
    }
    if (this.#arriving?.state === 'arriving') this.#arriving.fail(error, 'over')
    this.#inFlight = 0
  }

  #refusal(method: number, header: Uint8Array, options: RequestOptions): FrostError | undefined {
    const { deadlineMs } = options
    assert(Number.isInteger(method) && method >= 1 && method <= 0xffff, 'a method', method)
    assert(header.length <= headerBytesMax, 'bytes of a header', header.length)
    assert(deadlineMs > 0 && deadlineMs <= deadlineMaxMs, 'a deadline in ms', deadlineMs)
    assert(options.into === undefined || options.onBody === undefined, 'either `into` or `onBody`')
    if (options.signal?.aborted === true) return this.#cancelled(options.signal)
    if (this.#closedBy !== undefined) return this.#closedBy
    if (this.waiting < this.#options.waitingMax) return undefined
    return new FrostError('overloaded', `${this.waiting} requests wait for ${this.#options.peerName} already.`)
  }

  #createCall(method: number, options: RequestOptions): OutgoingCall {
    const bodyLength = lengthOf(options.body)
    assert(bodyLength <= bodyBytesMax, 'bytes of a body', bodyLength)
    const { extension: given } = options
    const extension = given === undefined || given instanceof Uint8Array ? given : encodeExtension(given)
    const deadlineMonotonicMs = this.#options.clock.monotonicMs() + options.deadlineMs
    const sequence = this.#sequence++
    const fields = { id: this.#takeId(), sequence, method, extension, bodyLength, deadlineMonotonicMs }
    return new OutgoingCall(fields, options, (call) => this.#abort(call))
  }

  /** Ids of open requests are not used again. */
  #takeId(): number {
    do this.#nextId = (this.#nextId + 1) >>> 0
    while (this.#calls.has(this.#nextId))
    return this.#nextId
  }

  #fits(call: OutgoingCall): boolean {
    const { requestsMax, requestBodyBytesMax, writer, writeHighWaterBytes } = this.#options
    if (this.#inFlight >= requestsMax) return false
    if (call.bodyLength === 0) return true
    if (this.#inFlightBodyBytes + call.bodyLength > requestBodyBytesMax) return false
    return writer.queuedBytes < writeHighWaterBytes
  }

  /** Whose first request goes next; `undefined` where none fits. */
  #nextQueue(): WaitingCalls | undefined {
    const left = this.#withoutBody.first()
    const right = this.#withBody.first()
    const leftFits = left !== undefined && this.#fits(left)
    const rightFits = right !== undefined && this.#fits(right)
    if (leftFits && rightFits) return left.sequence < right.sequence ? this.#withoutBody : this.#withBody
    if (leftFits) return this.#withoutBody
    return rightFits ? this.#withBody : undefined
  }

  #send(call: OutgoingCall, header: Uint8Array): void {
    const { clock, writer } = this.#options
    call.state = 'sent'
    this.#inFlight++
    this.#inFlightBodyBytes += call.bodyLength
    const restMs = Math.max(1, Math.ceil(call.deadlineMonotonicMs - clock.monotonicMs()))
    const { id, method, extension } = call
    const bodyHasOwnChecks = call.options.bodyHasOwnChecks === true
    const fields = { type: frameType.request, id, method, deadlineMs: restMs, header, bodyHasOwnChecks }
    writer.frame(extension === undefined ? fields : { ...fields, extension }, call.options.body, call.options.sent)
  }

  /** Its answer has begun: its place is free. */
  #answered(head: FrameHead): OutgoingCall {
    const call = this.#calls.get(head.id)
    if (call === undefined || call.state === 'waiting') {
      throw new FrostError('protocol-error', `An answer came to request ${head.id}, which is not open.`)
    }
    this.#calls.delete(head.id)
    this.#inFlight--
    this.#inFlightBodyBytes -= call.bodyLength
    return call
  }

  #abort(call: OutgoingCall): void {
    const { signal } = call.options
    if (call.isOpen && signal !== undefined) this.#drop(call, this.#cancelled(signal))
  }

  /** Settles a request whose answer nobody waits for any more. */
  #drop(call: OutgoingCall, error: FrostError): void {
    const { reader, writer } = this.#options
    if (call.state === 'waiting') {
      this.#giveUpWaiting(call, error)
    } else if (call.state === 'arriving') {
      call.fail(error, 'over')
      reader.abandon(call)
    } else {
      call.fail(error, 'dropped')
      writer.frame({ type: frameType.cancel, id: call.id })
    }
  }

  #giveUpWaiting(call: OutgoingCall, error: FrostError): void {
    this.#calls.delete(call.id)
    call.fail(error, 'over')
    call.options.sent?.()
  }

  #watchDeadline(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return
    this.#timer?.cancel()
    this.#timerDueMs = dueMs
    const { clock } = this.#options
    const delayMs = Math.max(0, dueMs - clock.monotonicMs())
    this.#timer = clock.startTimer(delayMs, () => this.#expire(), { background: true })
  }

  #expire(): void {
    this.#timer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
    const nowMs = this.#options.clock.monotonicMs()
    let nextMs = Number.POSITIVE_INFINITY
    const calls = this.#arriving === undefined ? this.#calls.values() : [this.#arriving, ...this.#calls.values()]
    for (const call of calls) {
      if (!call.isOpen) continue
      if (call.deadlineMonotonicMs > nowMs) nextMs = Math.min(nextMs, call.deadlineMonotonicMs)
      else this.#drop(call, this.#tooLate(call))
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#watchDeadline(nextMs)
    this.pump()
  }

  #tooLate(call: OutgoingCall): FrostError {
    const message = `${this.#options.peerName} did not answer request ${call.method} in ${call.options.deadlineMs} ms.`
    return new FrostError('deadline-exceeded', message)
  }

  #cancelled(signal: AbortSignal): FrostError {
    return new FrostError('cancelled', `A request to ${this.#options.peerName} was cancelled.`, {
      cause: signal.reason,
    })
  }
}

/** A queue in which those that gave up are skipped. */
class WaitingCalls {
  readonly #calls: OutgoingCall[] = []
  #start = 0

  get isEmpty(): boolean {
    return this.first() === undefined
  }

  first(): OutgoingCall | undefined {
    for (let call = this.#calls[this.#start]; call !== undefined; call = this.#calls[this.#start]) {
      if (call.state === 'waiting') return call
      this.shift()
    }
    return undefined
  }

  push(call: OutgoingCall): void {
    this.#calls.push(call)
  }

  shift(): void {
    this.#start++
    if (this.#start < this.#calls.length && this.#start < 64) return
    this.#calls.splice(0, this.#start)
    this.#start = 0
  }
}
