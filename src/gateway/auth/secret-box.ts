// Secrets that a signature needs back, sealed under the cluster's secret: AES-256-GCM with a key derived from it, bound to what the
// secret belongs to, so that a sealed secret moved to another row does not open.
//
// sealed: u8 version 1 · 12 nonce · ciphertext · 16 tag.

import { FrostError } from '../../base/errors.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Random } from '../../ports/random.ts'
import type { Vault } from '../../ports/vault.ts'

const version = 1
const nonceBytes = 12
const text = new TextEncoder()

/** A key of its own for each purpose: HMAC-SHA-256 of the purpose's name under the cluster's secret. */
export function deriveKey(secret: Uint8Array, purpose: string, compute: Compute): Uint8Array {
  return compute.hmacSha256(secret, text.encode(`frostbyte ${purpose}`))
}

export class SecretBox {
  readonly #ports: { readonly random: Random; readonly vault: Vault }
  readonly #key: Uint8Array

  constructor(
    ports: { readonly random: Random; readonly vault: Vault; readonly compute: Compute },
    secret: Uint8Array,
  ) {
    this.#ports = ports
    this.#key = deriveKey(secret, 'sealed secret, version 1', ports.compute)
  }

  /** `context`: the id of the access key. */
  seal(secret: string, context: string): Uint8Array<ArrayBuffer> {
    const { random, vault } = this.#ports
    const nonce = random.bytes(nonceBytes)
    const sealed = vault.seal(text.encode(secret), { key: this.#key, nonce, context: text.encode(context) })
    const box = new Uint8Array(1 + nonceBytes + sealed.length)
    box[0] = version
    box.set(nonce, 1)
    box.set(sealed, 1 + nonceBytes)
    return box
  }

  /** @throws FrostError `store-corrupt`: it was sealed under another cluster secret, or is damaged. */
  open(box: Uint8Array, context: string): Uint8Array {
    const secret = this.tryOpen(box, context)
    if (secret !== undefined) return secret
    throw new FrostError('store-corrupt', `The secret of the access key ${context} cannot be opened.`, {
      remedy: 'Start the master with the cluster secret under which it was sealed, or make the key anew.',
    })
  }

  /** As `open`; `undefined` where that throws. */
  tryOpen(box: Uint8Array, context: string): Uint8Array | undefined {
    const nonce = box.subarray(1, 1 + nonceBytes)
    if (box[0] !== version || nonce.length !== nonceBytes) return undefined
    return this.#ports.vault.open(box.subarray(1 + nonceBytes), {
      key: this.#key,
      nonce,
      context: text.encode(context),
    })
  }
}
