// The keys that sign: four HMACs from a secret, a day, a region and a service, so they are kept. Bounded: only keys of secrets that
// exist are made, for days that a request may be of; the oldest goes first.

import type { Compute, HmacKey } from '../../../ports/compute.ts'
import type { SigningScope } from './credential-scope.ts'

export type KeyCompute = Pick<Compute, 'hmacSha256' | 'createHmacKey' | 'equalsConstantTime'>

interface KeptKey {
  readonly secret: Uint8Array
  readonly key: HmacKey
}

const keptMax = 1_024
const encoder = new TextEncoder()

export class SigningKeys {
  readonly #compute: KeyCompute
  readonly #kept = new Map<string, KeptKey>()

  constructor(compute: KeyCompute) {
    this.#compute = compute
  }

  get keptCount(): number {
    return this.#kept.size
  }

  /** `secret` is not kept beyond a copy. One that has changed makes a new key. */
  keyOf(accessKeyId: string, secret: Uint8Array, scope: SigningScope): HmacKey {
    const name = `${scope.text}/${accessKeyId}`
    const kept = this.#kept.get(name)
    if (kept !== undefined && this.#compute.equalsConstantTime(kept.secret, secret)) return kept.key
    const key = this.#compute.createHmacKey(deriveKey(this.#compute, secret, scope))
    this.#kept.delete(name)
    if (this.#kept.size >= keptMax) {
      const [oldest] = this.#kept.keys()
      if (oldest !== undefined) this.#kept.delete(oldest)
    }
    this.#kept.set(name, { secret: new Uint8Array(secret), key })
    return key
  }
}

function deriveKey(compute: KeyCompute, secret: Uint8Array, scope: SigningScope): Uint8Array {
  const start = new Uint8Array(4 + secret.length)
  start.set(encoder.encode('AWS4'))
  start.set(secret, 4)
  let key: Uint8Array = start
  for (const step of [scope.date, scope.region, scope.service, scope.terminator])
    key = compute.hmacSha256(key, encoder.encode(step))
  return key
}
