// One port of a TLS server, and a clear answer to who speaks plain HTTP to it. The first byte tells: a TLS connection begins with that of a
// handshake record (RFC 8446, section 5.1), an HTTP request with a letter. The server's own way of taking a connection is put
// behind a look at that byte; what has been read is put back before it goes there.

import type { Server } from 'node:http'
import type { Socket } from 'node:net'

import type { Clock } from '../../ports/clock.ts'

const handshakeRecord = 0x16

export interface TlsOrPlainOptions {
  readonly clock: Clock
  /** For the first byte. */
  readonly timeoutMs: number
  /** What is said to who speaks plain HTTP, before the connection ends. */
  readonly plainAnswer: () => string
}

/** `server`: of node:https, not listening yet. */
export function lookAtFirstByte(server: Server, options: TlsOrPlainOptions): void {
  const accept = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const timer = options.clock.startTimer(options.timeoutMs, () => socket.destroy(), { background: true })
    const onError = (): void => {
      socket.destroy()
    }
    const look = (): void => {
      const byte: unknown = socket.read(1)
      if (!(byte instanceof Uint8Array)) {
        socket.once('readable', look)
        return
      }
      timer.cancel()
      socket.removeListener('error', onError).removeListener('close', onClose)
      socket.unshift(byte)
      if (byte[0] === handshakeRecord) for (const listener of accept) Reflect.apply(listener, server, [socket])
      else refuse(socket, options.plainAnswer())
    }
    const onClose = (): void => timer.cancel()
    socket.on('error', onError).on('close', onClose)
    look()
  })
}

function refuse(socket: Socket, answer: string): void {
  socket.on('error', () => socket.destroy())
  socket.resume() // What it sends is read, so that the answer is not lost to a reset.
  socket.end(answer)
  socket.setTimeout(1_000, () => socket.destroy())
}
