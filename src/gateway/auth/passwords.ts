// Hashing and verifying passwords within bounds: so many at once, so many waiting, and a password that was right is not hashed again
// with every request. What is remembered of a right one is its HMAC under a key that this process drew at its start, beside the
// stored hash that it fitted; a changed password no longer fits it. Passwords themselves are not kept.

import { FrostError } from '../../base/errors.ts'
import { toHex } from '../../base/ids.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Random } from '../../ports/random.ts'
import type { PasswordCost, Vault } from '../../ports/vault.ts'
import { formatPasswordHash, parsePasswordHash, passwordCost, saltBytes } from './password-hash.ts'
import type { PasswordHash } from './password-hash.ts'

export interface PasswordPorts {
  readonly vault: Vault
  readonly random: Random
  readonly compute: Compute
}

const runningMaxDefault = 2
const waitingMaxDefault = 64
const rememberedMax = 4_096
const text = new TextEncoder()

export class Passwords {
  readonly #ports: PasswordPorts
  readonly #cost: PasswordCost
  readonly #rememberKey: Uint8Array
  /** By user: what a right password looks like now. */
  readonly #right = new Map<string, { readonly stored: string; readonly proof: string }>()
  /** Verifications under way, by user and proof: who asks the same waits for the same. */
  readonly #verifying = new Map<string, Promise<boolean>>()
  readonly #gate = new Gate(runningMaxDefault, waitingMaxDefault)
  /** What is hashed with for a user who does not exist, so that he takes as long as others. */
  readonly #decoy: PasswordHash

  constructor(ports: PasswordPorts, cost: PasswordCost = passwordCost) {
    this.#ports = ports
    this.#cost = cost
    this.#rememberKey = ports.random.bytes(32)
    this.#decoy = { cost, salt: ports.random.bytes(saltBytes), hash: new Uint8Array(32) }
  }

  /** @throws FrostError `overloaded`: too many wait. */
  async hash(password: string): Promise<string> {
    const salt = this.#ports.random.bytes(saltBytes)
    const hash = await this.#gate.run(() => this.#ports.vault.argon2id(text.encode(password), salt, this.#cost))
    return formatPasswordHash({ cost: this.#cost, salt, hash })
  }

  /** Whether it is known to be right; costs a microsecond. */
  isKnownRight(user: string, password: string, stored: string | undefined): boolean {
    const known = this.#right.get(user)
    return known !== undefined && known.stored === stored && this.#isSame(known.proof, this.#proofOf(user, password))
  }

  /** `stored` absent: there is no such user, or it has no password; then it is never right. @throws FrostError `overloaded`. */
  async verify(user: string, password: string, stored: string | undefined): Promise<boolean> {
    const proof = this.#proofOf(user, password)
    const key = `${proof} ${stored ?? ''}`
    const verifying =
      this.#verifying.get(key) ?? this.#verify(password, stored).finally(() => this.#verifying.delete(key))
    this.#verifying.set(key, verifying)
    const isRight = await verifying
    if (isRight && stored !== undefined) this.remember(user, password, stored)
    return isRight
  }

  /** Whether a verification of the very same is under way. */
  isVerifying(user: string, password: string, stored: string | undefined): boolean {
    return this.#verifying.has(`${this.#proofOf(user, password)} ${stored ?? ''}`)
  }

  async #verify(password: string, stored: string | undefined): Promise<boolean> {
    const parsed = stored === undefined ? undefined : parsePasswordHash(stored)
    const known = parsed ?? this.#decoy
    const { vault, compute } = this.#ports
    const hash = await this.#gate.run(() => vault.argon2id(text.encode(password), known.salt, known.cost))
    return compute.equalsConstantTime(hash, known.hash) && parsed !== undefined
  }

  #proofOf(user: string, password: string): string {
    return toHex(this.#ports.compute.hmacSha256(this.#rememberKey, text.encode(`${user}\0${password}`)))
  }

  #isSame(left: string, right: string): boolean {
    return this.#ports.compute.equalsConstantTime(text.encode(left), text.encode(right))
  }

  /** From here on it is known to be right, as long as the same is stored. */
  remember(user: string, password: string, stored: string): void {
    if (this.#right.size >= rememberedMax) {
      const [oldest] = this.#right.keys()
      if (oldest !== undefined) this.#right.delete(oldest)
    }
    this.#right.delete(user)
    this.#right.set(user, { stored, proof: this.#proofOf(user, password) })
  }
}

/** Lets so many run at once, and so many wait. */
class Gate {
  readonly #runningMax: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(runningMax: number, waitingMax: number) {
    this.#runningMax = runningMax
    this.#waitingMax = waitingMax
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#runningMax) await this.#wait()
    else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next() // its turn passes on
    }
  }

  async #wait(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      throw new FrostError('overloaded', 'Too many passwords wait to be verified.', { retryAfterSeconds: 5 })
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
