// Data keys wrapped under a master key, or under the customer's key. Each wrapping has a random salt and a key derived from it and
// the master, so that one master wraps any number of data keys without a nonce ever meeting itself.
//
// wrapped: 16 salt · AES-256-GCM of the data key (32 · tag 16), nonce zero, under HMAC-SHA-256(master, label · salt), with the
// context (whose object it is) authenticated. A wrong master and another object's context fail alike: nothing else checks the key.

import { assert } from '../../base/assert.ts'
import { dataKeyBytes, saltBytes, tagBytes } from './stream-format.ts'
import type { EncryptionPorts } from './encrypting-upload.ts'

export const wrappedKeyBytes = saltBytes + dataKeyBytes + tagBytes

const label = new TextEncoder().encode('frostbyte data key, version 1')
const nonce = new Uint8Array(12)

export function wrapKey(
  ports: EncryptionPorts,
  master: Uint8Array,
  dataKey: Uint8Array,
  context: Uint8Array,
): Uint8Array<ArrayBuffer> {
  assert(dataKey.length === dataKeyBytes, 'a data key has 32 bytes')
  const salt = ports.random.bytes(saltBytes)
  const wrapped = new Uint8Array(wrappedKeyBytes)
  wrapped.set(salt)
  wrapped.set(ports.vault.seal(dataKey, { key: wrappingKey(ports, master, salt), nonce, context }), saltBytes)
  return wrapped
}

/** `undefined`: another master, another context, or damaged. */
export function unwrapKey(
  ports: Pick<EncryptionPorts, 'compute' | 'vault'>,
  master: Uint8Array,
  wrapped: Uint8Array,
  context: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  if (wrapped.length !== wrappedKeyBytes) return undefined
  const key = wrappingKey(ports, master, wrapped.subarray(0, saltBytes))
  return ports.vault.open(wrapped.subarray(saltBytes), { key, nonce, context })
}

function wrappingKey({ compute }: Pick<EncryptionPorts, 'compute'>, master: Uint8Array, salt: Uint8Array): Uint8Array {
  const message = new Uint8Array(label.length + salt.length)
  message.set(label)
  message.set(salt, label.length)
  return compute.hmacSha256(master, message)
}
