// Encryption between nodes: TLS 1.3 whose two sides prove the cluster's secret (an external pre-shared key, RFC 8446, section 4.2.11), with
// a fresh Diffie–Hellman exchange for each connection, so that who records it and learns the secret later reads nothing. There are no
// certificates to make, spread or renew: the secret, which every node has, is all there is to operate
// (docs/adr/0072-internal-tls-by-the-secret.md). The handshake of the protocol above (rpc/handshake.ts) stays as it is.

import { createHmac } from 'node:crypto'
import type * as tls from 'node:tls'

const identity = 'frostbyte-node'
const cipher = 'TLS_AES_128_GCM_SHA256' // the one whose hash is that of an external key by default
const handshakeTimeoutMs = 10_000

/** The key of the connections of all nodes: HMAC-SHA-256 under the cluster's secret. */
export function internalTlsKey(secret: Uint8Array): Uint8Array {
  return createHmac('sha256', secret).update('frostbyte internal tls, version 1').digest()
}

export function serverOptions(key: Uint8Array): tls.TlsOptions {
  return {
    minVersion: 'TLSv1.3',
    ciphers: cipher,
    handshakeTimeout: handshakeTimeoutMs,
    pskIdentityHint: identity,
    pskCallback: (_socket: unknown, given: string) => (given === identity ? key : null),
  }
}

export function clientOptions(key: Uint8Array): tls.ConnectionOptions {
  return {
    minVersion: 'TLSv1.3',
    ciphers: cipher,
    pskCallback: () => ({ psk: key, identity }),
    // There is no certificate: only a node that knows the key ends the handshake.
    checkServerIdentity: () => undefined,
  }
}
