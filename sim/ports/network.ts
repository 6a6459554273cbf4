// A network in memory, over any Clock. Each node is a host with a name; its addresses are `host:port`. A connection is two
// pipes, each with a bounded amount of bytes under way (what the kernels of both sides hold in reality), so that a
// side that does not read stops the other one's `sent`.
//
// Like TCP: bytes arrive in order or not at all, in splits of chance, after a delay; `sent` says nothing of arrival. What can be
// done to it: delay a direction, hold a direction back (a partition, also one-way: TCP sends again after it), cut
// (connections break on both sides and none can be made), lose the tail of what was sent when a connection ends, take a host
// away with or without a sign to the others.

import { assert } from '../../src/base/assert.ts'
import { FrostError } from '../../src/base/errors.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Connection, Listener, Network } from '../../src/ports/network.ts'
import type { Random } from '../../src/ports/random.ts'
import { SimulatedConnection, connectPipes } from './network-connection.ts'

export interface SimulatedNetworkOptions {
  readonly clock: Clock
  /** The clock whose events are those of a host; default: `clock` for all. */
  readonly clockOf?: (host: string) => Clock
  /** Is told of the bytes of each piece that arrives, for a trace. */
  readonly onPiece?: (bytes: Uint8Array) => void
  /** For splits and delays. */
  readonly random: Random
  /** Bytes under way in one direction of one connection. Default 256 KiB. */
  readonly capacityBytes?: number
  /** Largest piece in which bytes arrive; smaller ones by chance. Default 64 KiB. */
  readonly pieceBytesMax?: number
}

/** One direction between two hosts. Delays are evenly spread between the two. */
export interface Link {
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** Nothing arrives until it is taken back. */
  readonly held: boolean
  /** Connections break, and none can be made. */
  readonly cut: boolean
  /** When a connection ends, bytes under way get lost instead of arriving first. */
  readonly losesTail: boolean
}

const openLink: Link = { delayMsMin: 0, delayMsMax: 0, held: false, cut: false, losesTail: false }
const firstFreePort = 40_000

interface Listening {
  readonly host: string
  readonly accept: (connection: Connection) => void
}

export class SimulatedNetwork {
  readonly #clockOf: (host: string) => Clock
  readonly #onPiece: ((bytes: Uint8Array) => void) | undefined
  readonly #random: Random
  readonly #capacityBytes: number
  readonly #pieceBytesMax: number
  /** How a direction is that nobody has changed. */
  defaultLink: Partial<Link> = {}
  readonly #links = new Map<string, Link>()
  readonly #listening = new Map<string, Listening>()
  readonly #connections = new Set<SimulatedConnection>()
  #nextPort = firstFreePort

  constructor(options: SimulatedNetworkOptions) {
    this.#clockOf = options.clockOf ?? (() => options.clock)
    this.#onPiece = options.onPiece
    this.#random = options.random
    this.#capacityBytes = options.capacityBytes ?? 256 * 1024
    this.#pieceBytesMax = options.pieceBytesMax ?? 64 * 1024
  }

  /** The network as the host of that name sees it; addresses to listen at begin with its name. */
  host(name: string): Network {
    return {
      listen: (address, accept) => this.#listen(name, address, accept),
      connect: (address, options) => this.#connect(name, address, options),
    }
  }

  /** Changes one direction. */
  setLink(from: string, to: string, change: Partial<Link>): void {
    const link = { ...this.link(from, to), ...change }
    this.#links.set(`${from}>${to}`, link)
    for (const connection of this.#connections) {
      if (connection.localHost !== from || connection.remoteHost !== to) continue
      if (link.cut) connection.break(`${from} is cut off from ${to}`)
      else connection.linkChanged()
    }
  }

  /** Breaks what is connected between the two, as a router that forgets does; they can connect again at once. */
  reset(left: string, right: string): void {
    for (const connection of this.#connections) {
      const isBetween = connection.localHost === left && connection.remoteHost === right
      if (isBetween) connection.break(`the one between ${left} and ${right} was reset`)
    }
  }

  /** Changes both directions. */
  setLinks(left: string, right: string, change: Partial<Link>): void {
    this.setLink(left, right, change)
    this.setLink(right, left, change)
  }

  link(from: string, to: string): Link {
    return this.#links.get(`${from}>${to}`) ?? { ...openLink, ...this.defaultLink }
  }

  /**
   * The host is gone, and what it listened at. `silent`: power loss, nobody is told and what others send goes nowhere;
   * otherwise (a killed process) its connections end for the others, after the bytes that were under way.
   */
  crash(host: string, options: { readonly silent: boolean }): void {
    for (const [address, listening] of this.#listening) {
      if (listening.host === host) this.#listening.delete(address)
    }
    for (const connection of this.#connections) {
      if (connection.localHost === host) connection.vanish(options.silent)
    }
  }

  /** Connections that are open now, for tests. */
  get connectionCount(): number {
    return this.#connections.size / 2
  }

  #listen(host: string, asked: string, accept: (connection: Connection) => void): Promise<Listener> {
    const [name = '', port = ''] = asked.split(':')
    assert(name === host && /^\d+$/.test(port), `${host} cannot listen at ${asked}`)
    const address = port === '0' ? `${host}:${this.#nextPort++}` : asked
    if (this.#listening.has(address)) {
      return Promise.reject(new FrostError('address-in-use', `${address} is in use by another process.`))
    }
    const listening = { host, accept }
    this.#listening.set(address, listening)
    const close = (): Promise<void> => {
      if (this.#listening.get(address) === listening) this.#listening.delete(address)
      return Promise.resolve()
    }
    return Promise.resolve({ address, close })
  }

  async #connect(
    from: string,
    address: string,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Connection> {
    const to = address.split(':')[0] ?? ''
    options.signal?.throwIfAborted()
    const isDark = this.link(from, to).held || this.link(to, from).held
    await this.#clockOf(from).sleep(isDark ? options.timeoutMs : this.#roundTripMs(from, to), options.signal)
    const listening = this.#listening.get(address)
    const isCut = this.link(from, to).cut || this.link(to, from).cut
    if (isDark || isCut || listening === undefined) {
      throw new FrostError('peer-unreachable', `Nobody answers at ${address}.`)
    }
    const fromAddress = `${from}:${this.#nextPort++}`
    const dialled = this.#createConnection({ localHost: from, remoteHost: to, remoteAddress: address, isDialled: true })
    const accepted = this.#createConnection({
      localHost: to,
      remoteHost: from,
      remoteAddress: fromAddress,
      isDialled: false,
    })
    connectPipes(dialled, accepted)
    this.#clockOf(to).endOfTurn(() => {
      if (!accepted.isOver) listening.accept(accepted)
    })
    return dialled
  }

  #createConnection(ends: {
    readonly localHost: string
    readonly remoteHost: string
    readonly remoteAddress: string
    readonly isDialled: boolean
  }): SimulatedConnection {
    const connection = new SimulatedConnection({
      ...ends,
      clock: this.#clockOf(ends.localHost),
      remoteClock: this.#clockOf(ends.remoteHost),
      onPiece: this.#onPiece,
      random: this.#random,
      capacityBytes: this.#capacityBytes,
      pieceBytesMax: this.#pieceBytesMax,
      link: () => this.link(ends.localHost, ends.remoteHost),
      ended: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
    return connection
  }

  #roundTripMs(from: string, to: string): number {
    return this.#delayMs(from, to) + this.#delayMs(to, from)
  }

  #delayMs(from: string, to: string): number {
    const { delayMsMin, delayMsMax } = this.link(from, to)
    return delayMsMin + this.#random.float() * (delayMsMax - delayMsMin)
  }
}
