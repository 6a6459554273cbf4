// A TCP proxy on loopback that keeps what goes through it, for tests that play a recording back.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** `to`: from who dials to the server behind. */
export type RecordedDirection = 'to' | 'from'

export class RecordingLink implements AsyncDisposable {
  readonly address: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #slices: Readonly<Record<RecordedDirection, Buffer[]>> = { to: [], from: [] }

  private constructor(server: Server, address: string) {
    this.#server = server
    this.address = address
  }

  /** `target`: host and port. */
  static async open(target: string): Promise<RecordingLink> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('no port')
    const link = new RecordingLink(server, `127.0.0.1:${bound.port}`)
    const [host = '', port = ''] = target.split(':')
    server.on('connection', (socket) => link.#join(socket, connect({ host, port: Number(port), noDelay: true })))
    return link
  }

  /** What went through so far, of all connections in the order of arrival. */
  recorded(direction: RecordedDirection): readonly Buffer[] {
    return this.#slices[direction]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(dialler: Socket, server: Socket): void {
    const pass = (from: Socket, to: Socket, direction: RecordedDirection): void => {
      this.#sockets.add(from)
      from.on('data', (bytes: Buffer) => {
        this.#slices[direction].push(bytes)
        to.write(bytes)
      })
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
    pass(dialler, server, 'to')
    pass(server, dialler, 'from')
  }
}
