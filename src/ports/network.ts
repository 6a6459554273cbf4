/**
 * Byte streams between nodes (TCP in production). Ordered and reliable until they break; nothing says that what was written
 * has arrived.
 */
export interface Network {
  /**
   * Accepts connections at `address` (`host:port`; port 0 takes a free one).
   * @throws FrostError `address-in-use`.
   */
  listen(address: string, accept: (connection: Connection) => void): Promise<Listener>
  /** @throws FrostError `peer-unreachable` (also after `timeoutMs`), or `signal.reason` when it aborts. */
  connect(address: string, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Connection>
}

export interface Listener {
  /** `host:port` as bound. */
  readonly address: string
  /** Stops accepting; open connections stay. Can be called twice. */
  close(): Promise<void>
}

export interface Connection {
  /** `host:port` of the other side, for logs. */
  readonly remoteAddress: string
  /**
   * Starts receiving. Called once, before which nothing is read. Received bytes come in order, one call at a time.
   */
  receive(receiver: Receiver): void
  /**
   * Queues `buffers`, kept until sent and not to be changed until `sent` is called. `sent` is called once: without an
   * error when the bytes lie with the kernel, with a FrostError `peer-unreachable` when the connection broke before.
   */
  write(buffers: readonly Uint8Array[], sent?: (error?: Error) => void): void
  /** Bytes queued by `write` and not yet with the kernel. */
  readonly queuedBytes: number
  /**
   * Stops reading from the kernel (back-pressure), until `resume`: from the moment it returns nothing is received. A `target()`
   * may still be asked for, and is then filled after `resume`.
   */
  pause(): void
  resume(): void
  /** Breaks the connection at once. What is queued is lost. Can be called twice. `closed` and `sent` are called later, never from here. */
  destroy(error?: Error): void
}

export interface Receiver {
  /**
   * Where the next bytes shall go: at least 1 byte. The connection fills a part of it from its start and calls `received`. A
   * connection that cannot place bytes (the accepting side of TCP under Node.js) calls `chunk` instead.
   */
  target(): Uint8Array
  /** `count` bytes were put at the start of the last `target()`. */
  received(count: number): void
  /** Bytes in memory of their own, which the receiver owns and may free with `chunk.buffer.transfer(0)`. */
  chunk(bytes: Uint8Array<ArrayBuffer>): void
  /** Called once, at the end of the connection, with the reason where it broke. Nothing is called afterwards. */
  closed(error?: Error): void
}
