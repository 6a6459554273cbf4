// A TCP proxy on loopback: joins each connection to one to the server behind. What goes through it, and what becomes of that, is its
// user's business.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** `to`: from those who dial to the server behind. */
export type Direction = 'to' | 'from'

export interface ProxiedPair {
  readonly dialler: Socket
  readonly server: Socket
}

export class TcpProxy {
  readonly port: number
  /** Those that are open. */
  readonly pairs = new Set<ProxiedPair>()
  readonly #server: Server

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  /** `target`: host and port, asked anew for each connection. `join` passes on what comes; what ends one side ends the other by itself. */
  static async open(target: () => string, join: (pair: ProxiedPair) => void): Promise<TcpProxy> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('no port')
    const proxy = new TcpProxy(server, bound.port)
    server.on('connection', (dialler) => {
      const address = target()
      const at = address.lastIndexOf(':')
      const behind = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), noDelay: true })
      const pair = { dialler, server: behind }
      proxy.#add(pair)
      dialler.resume()
      join(pair)
    })
    return proxy
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Ends all connections, as a network does that has lost them. */
  reset(): void {
    for (const { dialler, server } of this.pairs) {
      dialler.destroy()
      server.destroy()
    }
  }

  async close(): Promise<void> {
    this.reset()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #add(pair: ProxiedPair): void {
    const { dialler, server } = pair
    this.pairs.add(pair)
    for (const socket of [dialler, server]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.pairs.delete(pair)
        dialler.destroy()
        server.destroy()
      })
    }
  }
}
