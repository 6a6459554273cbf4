// How the connection of a request is encrypted, for access logs.

import type { IncomingMessage } from 'node:http'

export interface TlsSession {
  /** OpenSSL's name. */
  readonly cipherSuite: string | undefined
  /** `TLSv1.3` */
  readonly version: string | undefined
}

/** `undefined`: it is not, or not by this process. */
export function tlsSessionOf({ socket }: IncomingMessage): TlsSession | undefined {
  if (Reflect.get(socket, 'encrypted') !== true) return undefined
  const cipher: unknown = call(socket, 'getCipher')
  const name: unknown = typeof cipher === 'object' && cipher !== null ? Reflect.get(cipher, 'name') : undefined
  return { cipherSuite: textOf(name), version: textOf(call(socket, 'getProtocol')) }
}

/** A method of node:tls, which the types of a request's socket do not have. */
function call(socket: object, method: string): unknown {
  const found: unknown = Reflect.get(socket, method)
  return typeof found === 'function' ? Reflect.apply(found, socket, []) : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
