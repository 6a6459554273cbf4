// Slows down who tries credentials: a bucket of attempts for each address and one for each account, which fill up again with time.
// An attempt is taken before it is verified and given back when it was right, so that many at once are no way around. An address from
// which an account signed in lately is not held up by what others try with that account.
//
// Bounds: so many addresses and accounts are remembered; the one that was touched longest ago is forgotten first.

import { FrostError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'

interface Limit {
  readonly attemptsMax: number
  /** In which one attempt comes back. */
  readonly refillMs: number
}

export interface FailedLoginLimits {
  readonly address: Limit
  readonly account: Limit
  readonly entriesMax: number
}

export const failedLoginLimits: FailedLoginLimits = {
  address: { attemptsMax: 30, refillMs: 2_000 },
  account: { attemptsMax: 10, refillMs: 30_000 },
  entriesMax: 10_000,
}

export class FailedLogins {
  readonly #clock: Clock
  readonly #addresses: Buckets
  readonly #accounts: Buckets
  /** Address and account together, of those that signed in. */
  readonly #trusted = new Set<string>()
  readonly #limits: FailedLoginLimits

  constructor(clock: Clock, limits: FailedLoginLimits = failedLoginLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#addresses = new Buckets(limits.address, limits.entriesMax)
    this.#accounts = new Buckets(limits.account, limits.entriesMax)
  }

  /** Takes an attempt. `account`: what was tried, as it was given. @throws FrostError `too-many-attempts`. */
  begin(address: string, account: string): void {
    const nowMs = this.#clock.monotonicMs()
    const isTrusted = this.#trusted.has(pair(address, account))
    const waitMs = Math.max(
      this.#addresses.waitMs(networkOf(address), nowMs),
      isTrusted ? 0 : this.#accounts.waitMs(account, nowMs),
    )
    if (waitMs > 0) {
      throw new FrostError('too-many-attempts', 'Too many wrong credentials were sent.', {
        remedy: 'Wait, and look at what your clients send.',
        retryAfterSeconds: Math.ceil(waitMs / 1_000),
      })
    }
    this.#addresses.take(networkOf(address), nowMs)
    if (!isTrusted) this.#accounts.take(account, nowMs)
  }

  /** What was tried could not be verified: it is no attempt. */
  cancel(address: string, account: string): void {
    this.#addresses.giveBack(networkOf(address))
    if (!this.#trusted.has(pair(address, account))) this.#accounts.giveBack(account)
  }

  /** The attempt was right. */
  succeed(address: string, account: string): void {
    const trusted = pair(address, account)
    this.cancel(address, account)
    if (this.#trusted.has(trusted)) return
    const [oldest] = this.#trusted
    if (this.#trusted.size >= this.#limits.entriesMax && oldest !== undefined) this.#trusted.delete(oldest)
    this.#trusted.add(trusted)
  }
}

class Buckets {
  readonly #limit: Limit
  readonly #entriesMax: number
  /** How many attempts are taken, and when that was right; the longest untouched first. */
  readonly #taken = new Map<string, { readonly count: number; readonly atMs: number }>()

  constructor(limit: Limit, entriesMax: number) {
    this.#limit = limit
    this.#entriesMax = entriesMax
  }

  /** Until there is an attempt; 0: now. */
  waitMs(key: string, nowMs: number): number {
    const over = this.#countAt(key, nowMs) - (this.#limit.attemptsMax - 1)
    return over <= 0 ? 0 : over * this.#limit.refillMs
  }

  take(key: string, nowMs: number): void {
    const count = this.#countAt(key, nowMs) + 1
    this.#taken.delete(key)
    const [oldest] = this.#taken.keys()
    if (this.#taken.size >= this.#entriesMax && oldest !== undefined) this.#taken.delete(oldest)
    this.#taken.set(key, { count, atMs: nowMs })
  }

  giveBack(key: string): void {
    const entry = this.#taken.get(key)
    if (entry === undefined) return
    if (entry.count <= 1) this.#taken.delete(key)
    else this.#taken.set(key, { ...entry, count: entry.count - 1 })
  }

  #countAt(key: string, nowMs: number): number {
    const entry = this.#taken.get(key)
    return entry === undefined ? 0 : Math.max(0, entry.count - (nowMs - entry.atMs) / this.#limit.refillMs)
  }
}

/** Of an IPv6 address the first 64 bits: who has one has all of them. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail === undefined) return groups.slice(0, 4).join(':')
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':')
}

function pair(address: string, account: string): string {
  return `${address} ${account}`
}
