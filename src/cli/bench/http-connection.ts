// One HTTP/1.1 keep-alive connection for the load generator: a request at a time over a bare socket. It exists because
// it shares the cores with the servers that it measures: the client of `node:http` costs about as much as a small request
// costs the server. A request's head is made by the caller, the response's head is read as far as the benchmark
// needs it (status, length, chunked or not), and the body goes to a callback in slices of one read buffer that is used again
// and again.
//
// Not for anything but benchmarks: no redirects, no pipelining, no trailers, no 1xx answers.

import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { assert } from '../../base/assert.ts'

const headEnd = Buffer.from('\r\n\r\n')
const headBytesMax = 64 * 1024

export interface ResponseEnd {
  readonly status: number
  readonly bodyBytes: number
}

/** `bytes` are valid during the call only. */
export type BodyCallback = (bytes: Uint8Array, offset: number, status: number) => void

interface Pending {
  readonly resolve: (end: ResponseEnd) => void
  readonly reject: (error: Error) => void
  readonly onBody: BodyCallback | undefined
}

type Awaiting = 'head' | 'body' | 'chunk-size' | 'chunk-body' | 'chunk-end'

export interface ConnectionOptions {
  readonly host: string
  readonly port: number
  readonly readBufferBytes: number
}

export class HttpConnection {
  readonly #options: ConnectionOptions
  #socket: Socket | undefined
  #pending: Pending | undefined
  #awaiting: Awaiting = 'head'
  /** Bytes of a head or chunk size line that a read cut off. */
  #cutOff: Buffer | undefined
  #status = 0
  #bodyBytes = 0
  /** Of the body or of the chunk. */
  #bytesLeft = 0
  #lastChunk = false
  #closeAfter = false

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const { host, port, readBufferBytes } = this.#options
    const buffer = Buffer.allocUnsafeSlow(readBufferBytes)
    await new Promise<void>((resolve, reject) => {
      const onread = {
        buffer,
        callback: (count: number): boolean => {
          this.#read(buffer.subarray(0, count))
          return true
        },
      }
      const socket = connect({ host, port, noDelay: true, onread }, resolve)
      const failed = (error: Error): void => {
        reject(error)
        // The end of one that was let go comes when the next one may be open already.
        if (this.#socket === socket) this.#fail(error)
      }
      socket.on('error', failed)
      socket.on('close', () => failed(new Error('the server closed the connection')))
      this.#socket = socket
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  get isOpen(): boolean {
    return this.#socket !== undefined && !this.#socket.destroyed
  }

  /** Sends one request that is whole in memory. `bytes` must not change before the answer. */
  async request(bytes: Uint8Array, onBody?: BodyCallback): Promise<ResponseEnd> {
    return await new Promise<ResponseEnd>((resolve, reject) => {
      this.#begin({ resolve, reject, onBody })
      this.#socket?.write(bytes)
    })
  }

  /** Sends a head and then `slices`, no faster than the socket takes them; stops where the answer comes earlier. */
  async requestStream(head: Uint8Array, slices: Iterable<Uint8Array>): Promise<ResponseEnd> {
    return await new Promise<ResponseEnd>((resolve, reject) => {
      this.#begin({ resolve, reject, onBody: undefined })
      const pending = this.#pending
      const iterator = slices[Symbol.iterator]()
      const writeNext = (): void => {
        if (this.#pending !== pending) return
        const next = iterator.next()
        if (next.done !== true) this.#socket?.write(next.value, writeNext)
      }
      this.#socket?.write(head)
      writeNext()
      writeNext()
    })
  }

  #begin(pending: Pending): void {
    assert(this.#pending === undefined, 'one request at a time')
    if (!this.isOpen) {
      pending.reject(new Error('the connection is closed'))
      return
    }
    this.#pending = pending
    this.#awaiting = 'head'
    this.#bodyBytes = 0
  }

  #fail(error: Error): void {
    const pending = this.#pending
    this.#pending = undefined
    this.close()
    pending?.reject(error)
  }

  #read(bytes: Buffer): void {
    let rest = bytes
    if (this.#cutOff !== undefined) {
      rest = Buffer.concat([this.#cutOff, bytes])
      this.#cutOff = undefined
    }
    while (rest.length > 0 && this.#pending !== undefined) {
      const used =
        this.#awaiting === 'body' || this.#awaiting === 'chunk-body' ? this.#readBody(rest) : this.#readLine(rest)
      if (used === 0) {
        if (rest.length > headBytesMax) this.#fail(new Error('the head of the response is too long'))
        else this.#cutOff = Buffer.from(rest)
        return
      }
      rest = rest.subarray(used)
    }
  }

  #readBody(bytes: Buffer): number {
    const part = bytes.length > this.#bytesLeft ? bytes.subarray(0, this.#bytesLeft) : bytes
    this.#pending?.onBody?.(part, this.#bodyBytes, this.#status)
    this.#bodyBytes += part.length
    this.#bytesLeft -= part.length
    if (this.#bytesLeft === 0) {
      if (this.#awaiting === 'body') this.#end()
      else this.#awaiting = 'chunk-end'
    }
    return part.length
  }

  /** How many of the bytes were used; 0: the line or head is not whole yet. */
  #readLine(bytes: Buffer): number {
    switch (this.#awaiting) {
      case 'head': {
        const end = bytes.indexOf(headEnd)
        if (end === -1) return 0
        this.#readHead(bytes.toString('latin1', 0, end))
        return end + 4
      }
      case 'chunk-size': {
        const end = bytes.indexOf('\r\n')
        if (end === -1) return 0
        this.#bytesLeft = Number.parseInt(bytes.toString('latin1', 0, end), 16)
        this.#lastChunk = this.#bytesLeft === 0
        this.#awaiting = this.#lastChunk ? 'chunk-end' : 'chunk-body'
        return end + 2
      }
      default: {
        if (bytes.length < 2) return 0
        this.#awaiting = 'chunk-size'
        if (this.#lastChunk) this.#end()
        return 2
      }
    }
  }

  #readHead(head: string): void {
    this.#status = Number(head.slice(9, 12))
    this.#closeAfter = /\r\nconnection: *close/i.test(head)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)
    if (length !== null) {
      this.#bytesLeft = Number(length[1])
      this.#awaiting = 'body'
      if (this.#bytesLeft === 0) this.#end()
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      this.#awaiting = 'chunk-size'
    } else if (this.#status === 204 || this.#status === 304) {
      this.#end()
    } else {
      this.#fail(new Error(`the response says neither its length nor that it is chunked: ${head.slice(0, 200)}`))
    }
  }

  #end(): void {
    const pending = this.#pending
    this.#pending = undefined
    if (this.#closeAfter) this.close()
    pending?.resolve({ status: this.#status, bodyBytes: this.#bodyBytes })
  }
}
