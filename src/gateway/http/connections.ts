// The connections of a listener: how many there are, which ones carry a request now, and which one gives way when there
// are too many. The longest idle one goes first, as every client of HTTP/1.1 must be ready for; only where none is idle
// is a new connection told that the server is full.

import type { Duplex } from 'node:stream'

export class Connection {
  readonly socket: Duplex
  /** Beyond the limit: each request on it is refused. */
  readonly isSurplus: boolean
  /** Requests begun and not ended; more than one where the client sends them without waiting. */
  openExchanges = 0
  /** In the middle of an answer: an error told on it would become a part of that. */
  isStreaming = false

  constructor(socket: Duplex, isSurplus: boolean) {
    this.socket = socket
    this.isSurplus = isSurplus
  }
}

export class Connections {
  readonly #connectionsMax: number
  readonly #open = new Map<Duplex, Connection>()
  /** Those between two requests, the longest idle first. A new one, whose first request is on its way, is none of them. */
  readonly #idle = new Set<Connection>()

  constructor(connectionsMax: number) {
    this.#connectionsMax = connectionsMax
  }

  get count(): number {
    return this.#open.size
  }

  add(socket: Duplex): void {
    const connection = new Connection(socket, this.#open.size >= this.#connectionsMax && !this.#makeRoom())
    this.#open.set(socket, connection)
  }

  remove(socket: Duplex): void {
    const connection = this.#open.get(socket)
    if (connection === undefined) return
    this.#open.delete(socket)
    this.#idle.delete(connection)
  }

  find(socket: Duplex): Connection | undefined {
    return this.#open.get(socket)
  }

  /** Notes that a request came on it. */
  begin(connection: Connection): void {
    if (connection.openExchanges++ === 0) this.#idle.delete(connection)
  }

  /** Notes that the request was answered. */
  end(connection: Connection): void {
    connection.isStreaming = false
    if (--connection.openExchanges === 0 && this.#open.has(connection.socket)) this.#idle.add(connection)
  }

  #makeRoom(): boolean {
    const [longestIdle] = this.#idle
    if (longestIdle === undefined) return false
    this.remove(longestIdle.socket)
    longestIdle.socket.destroy()
    return true
  }
}
