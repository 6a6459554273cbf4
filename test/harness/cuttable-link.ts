// A TCP proxy on loopback that can be cut like a cable: nothing goes through, in one direction or both, and nobody is told. What was sent
// meanwhile arrives once it is mended, as TCP would have it, unless one side has given the connection up.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** `to`: from those who dial to the server behind. */
export type Direction = 'to' | 'from'

interface Pair {
  readonly dialler: Socket
  readonly server: Socket
}

export class CuttableLink {
  readonly address: string
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #cut = new Set<Direction>()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.address = `127.0.0.1:${port}`
  }

  /** `target`: host and port. */
  static async open(target: string): Promise<CuttableLink> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('no port')
    const link = new CuttableLink(server, bound.port)
    const at = target.lastIndexOf(':')
    server.on('connection', (socket) => link.#accept(socket, target.slice(0, at), Number(target.slice(at + 1))))
    return link
  }

  cut(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#cut.add(direction)
    for (const pair of this.#pairs) this.#apply(pair)
  }

  mend(): void {
    this.#cut.clear()
    for (const pair of this.#pairs) this.#apply(pair)
  }

  close(): void {
    for (const { dialler, server } of this.#pairs) {
      dialler.destroy()
      server.destroy()
    }
    this.#server.close()
  }

  #accept(dialler: Socket, host: string, port: number): void {
    const server = connect({ host, port, noDelay: true })
    const pair = { dialler, server }
    this.#pairs.add(pair)
    this.#forward(dialler, server, pair)
    this.#forward(server, dialler, pair)
    this.#apply(pair)
  }

  #forward(from: Socket, to: Socket, pair: Pair): void {
    from.on('data', (bytes: Buffer) => {
      if (to.write(bytes)) return
      from.pause()
      to.once('drain', () => this.#apply(pair))
    })
    // What ends one side ends the other, also while the link is cut: it is a proxy after all, and a closed port is not silence.
    from.on('close', () => {
      to.destroy()
      this.#pairs.delete(pair)
    })
    from.on('error', () => to.destroy())
  }

  #apply({ dialler, server }: Pair): void {
    if (this.#cut.has('to')) dialler.pause()
    else dialler.resume()
    if (this.#cut.has('from')) server.pause()
    else server.resume()
  }
}
