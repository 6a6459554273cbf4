// An API token as its holder has it: `fbt_` · 16 hex digits, its id · `_` · 43 characters, 256 random bits in base64url. Only a hash of
// the random part is stored, which needs no salt and no slow function: nobody guesses 256 bits. The fixed beginning lets
// scanners of leaked secrets find it.

import { toHex } from '../../base/ids.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Random } from '../../ports/random.ts'

const idBytes = 8
const secretBytes = 32
const pattern = /^fbt_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/
const hashLabel = new TextEncoder().encode('frostbyte api token, version 1')

export interface ApiToken {
  readonly id: string
  /** Of the secret part, 32 bytes: HMAC-SHA-256 under a fixed label. */
  readonly hash: Uint8Array
}

export function makeApiToken(random: Random, compute: Compute): ApiToken & { readonly text: string } {
  const id = toHex(random.bytes(idBytes))
  const secret = Buffer.from(random.bytes(secretBytes)).toString('base64url')
  return { id, hash: hashOf(secret, compute), text: `fbt_${id}_${secret}` }
}

/** `undefined`: it is no token of ours. */
export function parseApiToken(text: string, compute: Compute): ApiToken | undefined {
  const [, id, secret] = pattern.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, hash: hashOf(secret, compute) }
}

function hashOf(secret: string, compute: Compute): Uint8Array {
  return compute.hmacSha256(hashLabel, Buffer.from(secret, 'latin1'))
}
