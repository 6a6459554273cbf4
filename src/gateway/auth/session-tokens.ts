// Temporary credentials, as STS gives them: an access key, its secret, and a session token that carries everything else. The token is
// sealed (authenticated encryption under the cluster's secret, bound to the access key), so nothing is stored, every master takes it at
// once, and nobody but the cluster can make or read one. It ends by itself; and with the user, the role, or the cluster's secret.
//
// token: base64url of a sealed JSON text (secret-box.ts) with the fields of `SessionClaims`, after its version.

import type { Random } from '../../ports/random.ts'
import type { SecretBox } from './secret-box.ts'

export interface SessionClaims {
  /** Whose session it is: for a role, who took it. */
  readonly user: string
  /** Of that user: who has his name later is another one. */
  readonly canonicalId: string
  readonly kind: 'token' | 'role' | 'federated'
  /** Of the session. */
  readonly name: string
  readonly role?: { readonly name: string; readonly id: string }
  /** The text of a policy beyond which nothing is allowed. */
  readonly policy?: string
  readonly issuedMs: number
  readonly expiresMs: number
}

export interface SessionCredentials {
  readonly accessKeyId: string
  readonly secret: string
  readonly token: string
}

const version = 1
const idPrefix = 'ASIA'
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** A token with the longest policy stays below. */
const tokenLengthMax = 8_192

export function isSessionKeyId(accessKeyId: string): boolean {
  return accessKeyId.startsWith(idPrefix)
}

/** An id as AWS's: a prefix for the kind, then 16 letters and digits. */
export function drawKeyId(prefix: 'AKIA' | 'ASIA', random: Random): string {
  return prefix + [...random.bytes(16)].map((byte) => base32.charAt(byte & 31)).join('')
}

/** As long as AWS's: 40 characters. */
export function drawKeySecret(random: Random): string {
  return Buffer.from(random.bytes(30)).toString('base64')
}

export function makeSession(
  claims: SessionClaims,
  { box, random }: { readonly box: SecretBox; readonly random: Random },
): SessionCredentials {
  const accessKeyId = drawKeyId(idPrefix, random)
  const secret = drawKeySecret(random)
  const sealed = box.seal(JSON.stringify({ version, secret, ...claims }), contextOf(accessKeyId))
  return { accessKeyId, secret, token: Buffer.from(sealed).toString('base64url') }
}

/** `undefined`: the token was not made here, or for another access key. Whether it has ended is not asked. */
export function openSession(
  accessKeyId: string,
  token: string,
  box: SecretBox,
): (SessionClaims & { readonly secret: string }) | undefined {
  if (token.length > tokenLengthMax) return undefined
  const sealed = Buffer.from(token, 'base64url')
  // One text for one token: not what a lenient decoder takes for the same bytes.
  if (sealed.toString('base64url') !== token) return undefined
  const opened = box.tryOpen(sealed, contextOf(accessKeyId))
  if (opened === undefined) return undefined
  // Only this program can have sealed it, so it is what it made.
  const { version: found, ...claims } = JSON.parse(Buffer.from(opened).toString()) as StoredClaims
  return found === version ? claims : undefined
}

type StoredClaims = SessionClaims & { readonly version: number; readonly secret: string }

/** With a space, which no access key of its own has: a sealed secret of a key is no token. */
function contextOf(accessKeyId: string): string {
  return `session ${accessKeyId}`
}
