// The stored form of a password's hash, as the Password Hashing Competition's string format has it:
// $argon2id$v=19$m=KIB,t=PASSES,p=PARALLELISM$SALT$HASH, salt and hash in base64 without padding. The cost stands in each, so that it
// can be raised without making old passwords invalid.

import type { PasswordCost } from '../../ports/vault.ts'

export interface PasswordHash {
  readonly cost: PasswordCost
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** The second recommendation of OWASP for argon2id: 19 MiB, two passes, one lane; about 50 ms of one core. */
export const passwordCost: PasswordCost = { memoryKib: 19_456, passes: 2, parallelism: 1 }
export const saltBytes = 16

const pattern = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/

export function formatPasswordHash({ cost, salt, hash }: PasswordHash): string {
  const { memoryKib, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`
}

export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, memory, passes, parallelism, salt, hash] = pattern.exec(text) ?? []
  if (salt === undefined || hash === undefined) return undefined
  const cost = { memoryKib: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  return { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
