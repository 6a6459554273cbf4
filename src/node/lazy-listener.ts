// Listens at a port, and loads what answers there when the first client comes. So a node that nobody looks into pays for a socket, not
// for an HTTP server: on a worker that is several MiB.

import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { Log } from '../ports/log.ts'
import { joinHostPort } from './host-port.ts'

/** Takes a listening server over, with the connections that came meanwhile; they are paused. */
export type TakeOver = (listening: Server, waiting: readonly Socket[]) => Promise<void>

/** Connections that wait while the rest is loaded; further ones are closed. */
const waitingMax = 64

export class LazyListener {
  readonly #log: Log
  readonly #load: () => Promise<TakeOver>
  readonly #server = createServer({ pauseOnConnect: true, noDelay: true })
  readonly #waiting: Socket[] = []
  #isLoading = false
  #isTaken = false
  #isClosed = false

  /** `load` is called again with the next client where it has failed. */
  constructor(log: Log, load: () => Promise<TakeOver>) {
    this.#log = log
    this.#load = load
  }

  /** `port` 0: any free one. Resolves to `host:port`. @throws FrostError `address-in-use`. */
  async listen(host: string, port: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const server = this.#server
    server.once('error', reject)
    server.listen({ host, port, backlog: 128 }, resolve)
    try {
      await promise
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
      throw new FrostError('address-in-use', `The address ${joinHostPort(host, port)} is in use.`, { cause: error })
    }
    server.off('error', reject)
    // From here on an error is one failed accept.
    server.on('error', () => undefined)
    server.on('connection', (socket) => this.#onConnection(socket))
    const address = server.address()
    assert(typeof address === 'object' && address !== null, 'a listening TCP server has an address')
    return joinHostPort(address.address, address.port)
  }

  /** Where the server was taken over, who took it closes it. Can be called twice. */
  close(): void {
    this.#isClosed = true
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    if (!this.#isTaken && this.#server.listening) this.#server.close()
  }

  #onConnection(socket: Socket): void {
    if (this.#waiting.length >= waitingMax) {
      socket.destroy()
      return
    }
    socket.on('error', () => undefined)
    this.#waiting.push(socket)
    if (this.#isLoading) return
    this.#isLoading = true
    this.#handOver().catch((error: unknown) => {
      this.#isLoading = false
      for (const waiting of this.#waiting.splice(0)) waiting.destroy()
      this.#log.error('What answers at a port could not be loaded.', error)
    })
  }

  async #handOver(): Promise<void> {
    const takeOver = await this.#load()
    if (this.#isClosed) return
    this.#isTaken = true
    await takeOver(this.#server, this.#waiting.splice(0))
  }
}
