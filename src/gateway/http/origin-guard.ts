// Keeps web pages away from a server that asks nobody who he is. A page from anywhere, opened in a browser on this machine, can
// send requests to a loopback address; two things tell it from a program:
// - DNS rebinding: the page's own host name is pointed at 127.0.0.1 and so shares our origin. Its Host header still carries
//   that name, so on loopback only loopback names (and those configured) are answered.
// - A request across sites: browsers mark it (Sec-Fetch-Site, Origin). It may not change anything; and since no answer carries
//   a CORS header, it cannot read anything either.

import { FrostError } from '../../base/errors.ts'

export interface OriginRules {
  /** Host names that are answered, besides those of loopback. `any`: no name is checked. */
  readonly hosts: readonly string[] | 'any'
  /** Other origins (`https://console.example`) whose pages may change things. */
  readonly origins: readonly string[]
}

export interface OriginHeaders {
  readonly 'host'?: string | undefined
  readonly 'origin'?: string | undefined
  readonly 'sec-fetch-site'?: string | string[] | undefined
}

/** Host headers seen to be good are remembered, up to this many. */
const hostsRememberedMax = 64

export class OriginGuard {
  readonly #rules: OriginRules
  readonly #goodHosts = new Set<string>()

  constructor(rules: OriginRules) {
    this.#rules = rules
  }

  /** @throws FrostError `host-not-allowed`. A request without Host (HTTP/1.0) comes from no browser. */
  checkHost(host: string | undefined): void {
    if (host === undefined || this.#rules.hosts === 'any' || this.#goodHosts.has(host)) return
    const name = hostName(host)
    if (!isLoopbackName(name) && !this.#rules.hosts.includes(name)) {
      throw new FrostError('host-not-allowed', `This server does not answer to the host ${JSON.stringify(name)}.`, {
        remedy: 'Use localhost or 127.0.0.1, or add the name to the allowed hosts of the configuration.',
      })
    }
    if (this.#goodHosts.size < hostsRememberedMax) this.#goodHosts.add(host)
  }

  /** For requests that change something. @throws FrostError `cross-site-refused`. */
  checkSite(headers: OriginHeaders): void {
    const { origin } = headers
    const site = headers['sec-fetch-site']
    if (origin === undefined && site === undefined) return
    if (site === 'same-origin' || site === 'none') return
    if (origin !== undefined && (this.#rules.origins.includes(origin) || isOriginOf(origin, headers.host))) return
    throw new FrostError(
      'cross-site-refused',
      `The request comes from a page of ${JSON.stringify(origin ?? 'another site')}.`,
      {
        remedy:
          'Send it from a page of this server, or add the page’s origin to the allowed origins of the configuration.',
      },
    )
  }
}

/** Whether a server bound to this address can be reached from its own machine only. */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name)
}

/** Without port and brackets, in lower case. */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)
  const name = bracketed === null ? host.replace(/:\d*$/, '') : (bracketed[1] ?? '')
  return name.toLowerCase()
}

/** The scheme is not compared: behind a proxy that speaks TLS, only the proxy knows it. */
function isOriginOf(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.replace(/^https?:\/\//, '').toLowerCase() === host.toLowerCase()
}
