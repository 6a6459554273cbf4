// The real network: TCP. The dialling side reads straight into the receiver's memory (`onread` of node:net with a buffer
// function); Node.js has no such thing for accepted sockets, so those hand over each read's slice in memory of its own.
//
// With a key, every connection is TLS (internal-tls.ts); whoever does not know the key is not handed on, and gets no answer.
//
// Either end closing ends the whole connection: half-open ones have no use here. Keepalive probes are a last resort
// behind the protocol's own pings.

import * as net from 'node:net'
import * as tls from 'node:tls'

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { Connection, Listener, Network, Receiver } from '../ports/network.ts'
import { joinHostPort } from './host-port.ts'
import { clientOptions, serverOptions } from './internal-tls.ts'

const keepAliveDelayMs = 30_000
const backlogMax = 511

export interface NodeNetworkOptions {
  /** Of all nodes (`internalTlsKey`). Default: connections are not encrypted. */
  readonly tlsKey?: Uint8Array | undefined
}

export class NodeNetwork implements Network {
  #tlsKey: Uint8Array | undefined

  constructor({ tlsKey }: NodeNetworkOptions = {}) {
    this.#tlsKey = tlsKey
  }

  /** From here on; before anything is dialled or listened at. */
  encrypt(tlsKey: Uint8Array): void {
    this.#tlsKey = tlsKey
  }

  async listen(address: string, accept: (connection: Connection) => void): Promise<Listener> {
    const { host, port } = parseAddress(address)
    const server = this.#createServer(accept)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen({ host, port, backlog: backlogMax }, resolve)
    try {
      await promise
    } catch (error) {
      throw listenError(address, error)
    }
    // From here on an error is one failed accept (too many open files); the listener goes on.
    server.off('error', reject)
    server.on('error', () => {})
    return new TcpListener(server)
  }

  async connect(
    address: string,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Connection> {
    const { signal } = options
    signal?.throwIfAborted()
    const { host, port } = parseAddress(address)
    const placement = new Placement()
    const socket = this.#dial({ host, port }, placement)
    socket.pause()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => reject(signal?.reason)
    const timer = setTimeout(() => reject(new Error(`no answer in ${options.timeoutMs} ms`)), options.timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('error', reject)
    socket.once(this.#tlsKey === undefined ? 'connect' : 'secureConnect', resolve)
    try {
      await promise
      return new TcpConnection(socket, address, placement)
    } catch (cause) {
      socket.on('error', () => {})
      socket.destroy()
      signal?.throwIfAborted()
      throw unreachable(address, cause, this.#tlsKey !== undefined)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.off('error', reject)
    }
  }

  #createServer(accept: (connection: Connection) => void): net.Server {
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelayMs, pauseOnConnect: true }
    const take = (socket: net.Socket): void => accept(new TcpConnection(socket, remoteOf(socket)))
    if (this.#tlsKey === undefined) return net.createServer(options).on('connection', take)
    return tls.createServer({ ...options, ...serverOptions(this.#tlsKey) }).on('secureConnection', take)
  }

  #dial(to: { readonly host: string | undefined; readonly port: number }, placement: Placement): net.Socket {
    const onread = { buffer: () => placement.next(), callback: (count: number) => placement.filled(count) }
    const options = { ...to, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelayMs, onread }
    return this.#tlsKey === undefined
      ? net.connect(options)
      : tls.connect({ ...options, ...clientOptions(this.#tlsKey) })
  }
}

function unreachable(address: string, cause: unknown, isTls: boolean): FrostError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (!isTls || !/SSL|TLS|ECONNRESET/.test(code))
    return new FrostError('peer-unreachable', `Nobody answers at ${address}.`, { cause })
  return new FrostError('peer-unreachable', `The node at ${address} did not end the TLS handshake.`, {
    cause,
    remedy: 'Give all nodes the same cluster secret, and internal-tls to all of them or to none.',
  })
}

/**
 * Gives node:net the memory for each next read. It asks for the first one when the socket is made, when there is no receiver
 * yet: that is one byte of its own, and so is what a TLS socket, which reads for its handshake, decrypts before there is one.
 */
class Placement {
  readonly #own = new Uint8Array(1)
  readonly #early: number[] = []
  #receiver: Receiver | undefined
  /** Whether the memory that was given last is our own. */
  #isOwn = true

  start(receiver: Receiver): void {
    this.#receiver = receiver
    queueMicrotask(() => {
      for (const byte of this.#early.splice(0)) this.#hand(receiver, byte)
    })
  }

  next(): Uint8Array {
    this.#isOwn = this.#receiver === undefined
    return this.#receiver?.target() ?? this.#own
  }

  /** `false` stops the reading, until the socket is resumed. */
  filled(count: number): boolean {
    const receiver = this.#receiver
    if (receiver === undefined) {
      this.#early.push(this.#own[0] ?? 0)
      return false
    }
    if (this.#isOwn) this.#hand(receiver, this.#own[0] ?? 0)
    else receiver.received(count)
    return true
  }

  #hand(receiver: Receiver, byte: number): void {
    receiver.target()[0] = byte
    receiver.received(1)
  }
}

class TcpConnection implements Connection {
  readonly remoteAddress: string
  readonly #socket: net.Socket
  readonly #placement: Placement | undefined
  #receiver: Receiver | undefined
  #reason: Error | undefined
  #isClosed = false

  /** `placement`: of a socket that was dialled. The socket is paused. */
  constructor(socket: net.Socket, remoteAddress: string, placement?: Placement) {
    this.#socket = socket
    this.remoteAddress = remoteAddress
    this.#placement = placement
    socket.on('error', (cause) => {
      this.#reason ??= new FrostError('peer-unreachable', `The connection to ${remoteAddress} broke.`, { cause })
    })
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#close())
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  receive(receiver: Receiver): void {
    assert(this.#receiver === undefined, 'a connection has one receiver')
    this.#receiver = receiver
    if (this.#isClosed) {
      queueMicrotask(() => receiver.closed(this.#reason))
      return
    }
    if (this.#placement === undefined) this.#socket.on('data', (chunk) => receiver.chunk(bytesOf(chunk)))
    else this.#placement.start(receiver)
    this.#socket.resume()
  }

  write(buffers: readonly Uint8Array[], sent?: (error?: Error) => void): void {
    const socket = this.#socket
    const last = buffers.length - 1
    const onSent = sent === undefined ? undefined : (error?: Error | null) => this.#sent(sent, error)
    if (last < 0 || socket.destroyed) {
      queueMicrotask(() => onSent?.(socket.destroyed ? new Error('closed') : undefined))
      return
    }
    if (last > 0) socket.cork()
    for (let index = 0; index < last; index++) socket.write(buffers[index] ?? '')
    socket.write(buffers[last] ?? '', onSent)
    if (last > 0) socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(error?: Error): void {
    this.#reason ??= error
    this.#socket.destroy()
  }

  #sent(sent: (error?: Error) => void, cause: Error | null | undefined): void {
    if (cause === undefined || cause === null) sent()
    else sent(new FrostError('peer-unreachable', `The connection to ${this.remoteAddress} broke.`, { cause }))
  }

  #close(): void {
    this.#isClosed = true
    this.#receiver?.closed(this.#reason)
  }
}

class TcpListener implements Listener {
  readonly address: string
  readonly #server: net.Server

  constructor(server: net.Server) {
    this.#server = server
    const bound = server.address()
    assert(bound !== null && typeof bound === 'object', 'a TCP server is bound to an address')
    this.address = joinHostPort(bound.address, bound.port)
  }

  /** Its callback would wait for all open connections, which stay; the port is free at once. */
  close(): Promise<void> {
    if (this.#server.listening) this.#server.close()
    return Promise.resolve()
  }
}

/** Without an encoding, what a socket reads is bytes. Not as a `Buffer`, whose `slice` would be no copy. */
function bytesOf(chunk: string | Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  assert(typeof chunk !== 'string', 'a socket without an encoding gives bytes')
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

function remoteOf(socket: net.Socket): string {
  return joinHostPort(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0)
}

/** `host:port`, `[::1]:port`; a host left out (`:7000`) means all addresses to listen, and this machine to dial. */
function parseAddress(address: string): { readonly host: string | undefined; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:\s]*)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new FrostError(
      'config-invalid',
      `"${address}" is not an address; one looks like 127.0.0.1:7000 or [::1]:7000.`,
    )
  }
  const host = match[1] ?? match[2]
  return { host: host === '' ? undefined : host, port }
}

function listenError(address: string, cause: unknown): FrostError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') {
    const remedy = 'Stop what listens there, or choose another port.'
    return new FrostError('address-in-use', `${address} is in use by another process.`, { cause, remedy })
  }
  return new FrostError('config-invalid', `${address} cannot be listened at: ${String(code)}.`, { cause })
}
