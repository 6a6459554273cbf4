// A proxy between the driver and a server that reads what goes through: it loses the reply to a command, delays, changes bytes, and
// can turn to another server.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

export class MongoProxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Where new connections go. */
  targetPort: number
  /** The reply to the next command of this name is lost, and its connection with it. */
  losesReplyTo: string | undefined
  repliesLost = 0
  /** Each way. */
  delayMs = 0
  /** Of what the server says. */
  rewrite: (chunk: Buffer) => Buffer = (chunk) => chunk

  private constructor(server: Server, port: number, targetPort: number) {
    this.#server = server
    this.port = port
    this.targetPort = targetPort
  }

  static async open(targetPort: number): Promise<MongoProxy> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('no port')
    const proxy = new MongoProxy(server, bound.port, targetPort)
    server.on('connection', (socket) => proxy.#accept(socket))
    return proxy
  }

  /** Ends all connections, as a network does that has lost them. */
  reset(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.reset()
    this.#server.close()
  }

  #accept(dialler: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.targetPort, noDelay: true })
    const pair = [dialler, server]
    let losesNext = false
    for (const socket of pair) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        for (const each of pair) each.destroy()
      })
    }
    dialler.on('data', (chunk: Buffer) => {
      const { losesReplyTo } = this
      if (losesReplyTo !== undefined && chunk.includes(losesReplyTo)) {
        losesNext = true
        this.losesReplyTo = undefined
      }
      this.#later(() => server.write(chunk))
    })
    server.on('data', (chunk: Buffer) => {
      if (!losesNext) return this.#later(() => dialler.write(this.rewrite(chunk)))
      this.repliesLost += 1
      dialler.destroy()
    })
  }

  #later(action: () => void): void {
    if (this.delayMs === 0) action()
    else setTimeout(action, this.delayMs)
  }
}
