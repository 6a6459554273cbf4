// Who a request comes from, where a proxy stands before the server. A proxy adds the address that it was dialled from to the end
// of X-Forwarded-For; what stands before that, anybody can have written. So the header is read from its end, only where the
// connection comes from a proxy that is trusted, and only as far as trusted proxies go.

import { BlockList, isIP } from 'node:net'

const entriesMax = 32
const hostPattern = /^[A-Za-z0-9.:_[\]-]{1,255}$/

export class TrustedProxies {
  readonly #networks = new BlockList()

  /** `networks`: addresses, or networks as `10.0.0.0/8`. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', prefix] = network.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (prefix === undefined) this.#networks.addAddress(address, family)
      else this.#networks.addSubnet(address, Number(prefix), family)
    }
  }

  /** `peer`: address of the other end of the connection. `forwardedFor`: the header X-Forwarded-For. */
  clientOf(peer: string, forwardedFor: string | undefined): string {
    if (forwardedFor === undefined || !this.#isTrusted(peer)) return peer
    let client = peer
    for (const entry of forwardedFor.split(',').slice(-entriesMax).toReversed()) {
      const address = entry.trim()
      if (isIP(address) === 0) return client
      client = address
      if (!this.#isTrusted(address)) return client
    }
    return client
  }

  /**
   * The host that a client asked a proxy for, port included: the last value of the header X-Forwarded-Host, which the proxy that the
   * connection comes from has written, or has let through as its client wrote it. `undefined` where nobody trusted says so. It names a
   * bucket or website as the header Host does, and says what a client may have signed: it gives nobody leave for anything.
   */
  hostOf(peer: string, forwardedHost: string | undefined): string | undefined {
    if (forwardedHost === undefined || !this.#isTrusted(peer)) return undefined
    const host = forwardedHost.slice(forwardedHost.lastIndexOf(',') + 1).trim()
    return hostPattern.test(host) ? host : undefined
  }

  /**
   * Whether the client of a proxy came to it over TLS: the last value of the header X-Forwarded-Proto. `undefined` where nobody trusted
   * says so.
   */
  isSecure(peer: string, forwardedProto: string | undefined): boolean | undefined {
    if (forwardedProto === undefined || !this.#isTrusted(peer)) return undefined
    return (
      forwardedProto
        .slice(forwardedProto.lastIndexOf(',') + 1)
        .trim()
        .toLowerCase() === 'https'
    )
  }

  #isTrusted(address: string): boolean {
    const plain = address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
    const version = isIP(plain)
    return version !== 0 && this.#networks.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}
