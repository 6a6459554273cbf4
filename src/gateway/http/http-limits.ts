// The bounds of an HTTP face. Each has a default that suits a server on the open network behind nothing.

import { MIB, KIB, SECOND_MS } from '../../base/units.ts'

export interface HttpLimits {
  /** Connections at once; further ones are answered with 503. Default 4,096; 1 to 1,000,000. */
  readonly connectionsMax: number
  /** Request line and headers. Default 16 KiB, which holds a name of 1,024 bytes, each of them encoded; 8 KiB to 1 MiB. */
  readonly headBytesMax: number
  /** For the head of a request to arrive. Default 30 s. */
  readonly headTimeoutMs: number
  /** How long a connection without a request is kept. Default 65 s. */
  readonly keepAliveTimeoutMs: number
  /** After this time without a byte an upload is ended with 408; while the server itself holds it back, the time stands. Default 30 s. */
  readonly uploadStallTimeoutMs: number
  /** After this time in which the client takes nothing, its connection is closed. Default 60 s. */
  readonly downloadStallTimeoutMs: number
  /** Of a body that nobody wants, so much is read before the connection closes. Default 16 MiB. */
  readonly drainBytesMax: number
  /** And for so long. Default 5 s. */
  readonly drainTimeoutMs: number
}

export const defaultHttpLimits: HttpLimits = {
  connectionsMax: 4096,
  headBytesMax: 16 * KIB,
  headTimeoutMs: 30 * SECOND_MS,
  keepAliveTimeoutMs: 65 * SECOND_MS,
  uploadStallTimeoutMs: 30 * SECOND_MS,
  downloadStallTimeoutMs: 60 * SECOND_MS,
  drainBytesMax: 16 * MIB,
  drainTimeoutMs: 5 * SECOND_MS,
}
