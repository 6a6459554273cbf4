// Links by which anybody reads one file: GET /share/CODE. The code names a row of metadata and proves that this cluster made it, so
// that a code that was made up costs a comparison and no look-up.
//
// code, in base64url without padding: u8 version 1 · 16 id (u48 expiry in milliseconds, 80 random bits) · 16, the beginning of
// HMAC-SHA-256 over all before it, under a key derived from the cluster's secret.

import { FrostError } from '../../base/errors.ts'
import { fromHex, toHex } from '../../base/ids.ts'
import { DAY_MS } from '../../base/units.ts'
import type { AccessMutations, AccessReads } from '../../meta/contract/access-metadata.ts'
import type { ShareLinkRow } from '../../meta/contract/access-rows.ts'
import { checkShareLink } from '../../meta/decisions/share-link-decisions.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Random } from '../../ports/random.ts'
import { deriveKey } from './secret-box.ts'

export interface ShareLinkParts {
  readonly metadata: AccessReads & AccessMutations
  readonly clock: Clock
  readonly random: Random
  readonly compute: Compute
}

export interface NewShareLink {
  /** Empty: nobody that is known, while access is open. */
  readonly user: string
  /** Of that user. */
  readonly canonicalId?: string | undefined
  readonly bucket: string
  readonly key: string
  readonly expiresMs: number
  readonly usesMax?: number | undefined
}

const version = 1
const idBytes = 16
const signatureBytes = 16
const codePattern = /^[A-Za-z0-9_-]{44}$/
const lifeMaxMs = 3_650 * DAY_MS
const usesMaxMax = 1_000_000_000

export class ShareLinks {
  readonly #parts: ShareLinkParts
  readonly #key: Uint8Array

  constructor(parts: ShareLinkParts, secret: Uint8Array) {
    this.#parts = parts
    this.#key = deriveKey(secret, 'share link, version 1', parts.compute)
  }

  /** @throws FrostError `bad-request`. */
  async create(given: NewShareLink): Promise<{ readonly row: ShareLinkRow; readonly code: string }> {
    const { clock, random, metadata } = this.#parts
    const { user, canonicalId, bucket, key, expiresMs, usesMax } = given
    const nowMs = clock.wallMs()
    if (!Number.isSafeInteger(expiresMs) || expiresMs <= nowMs || expiresMs > nowMs + lifeMaxMs)
      throw new FrostError('bad-request', 'A share link expires in the future, in 3,650 days at the latest.')
    if (usesMax !== undefined && !(Number.isSafeInteger(usesMax) && usesMax >= 1 && usesMax <= usesMaxMax))
      throw new FrostError('bad-request', `A share link is used 1 to ${usesMaxMax} times, or without limit.`)
    const id = expiresMs.toString(16).padStart(12, '0') + toHex(random.bytes(10))
    const maker = { user, ...(canonicalId === undefined ? {} : { canonicalId }) }
    const limit = usesMax === undefined ? {} : { usesMax }
    const row = { id, ...maker, bucket, key, createdMs: nowMs, expiresMs, ...limit, uses: 0, revoked: false }
    await metadata.createShareLink(row)
    return { row, code: this.#codeOf(id) }
  }

  #codeOf(id: string): string {
    const signed = new Uint8Array(1 + idBytes + signatureBytes)
    signed[0] = version
    signed.set(fromHex(id), 1)
    signed.set(this.#sign(signed.subarray(0, 1 + idBytes)), 1 + idBytes)
    return Buffer.from(signed).toString('base64url')
  }

  /** The row of a code, which can still be used. @throws FrostError `share-link-invalid`, `share-link-ended`. */
  async find(code: string): Promise<ShareLinkRow> {
    const id = this.#idOf(code)
    if (id === undefined) throw new FrostError('share-link-invalid', 'The share link is not valid.')
    const nowMs = this.#parts.clock.wallMs()
    if (nowMs >= Number.parseInt(id.slice(0, 12), 16)) throw ended(id)
    const row = await this.#parts.metadata.getShareLink(id)
    if (row === undefined) throw ended(id)
    checkShareLink(row, nowMs)
    return row
  }

  /** Counts a use, where uses are limited. @throws FrostError `share-link-ended`. */
  async use(row: ShareLinkRow): Promise<void> {
    if (row.usesMax === undefined) return
    await this.#parts.metadata.useShareLink({ id: row.id, wallMs: this.#parts.clock.wallMs() })
  }

  /** @throws FrostError `share-link-not-found`. */
  async revoke(id: string): Promise<void> {
    await this.#parts.metadata.revokeShareLink({ id })
  }

  #idOf(code: string): string | undefined {
    if (!codePattern.test(code)) return undefined
    const bytes = Buffer.from(code, 'base64url')
    const end = 1 + idBytes
    const isOurs =
      bytes[0] === version &&
      this.#parts.compute.equalsConstantTime(bytes.subarray(end), this.#sign(bytes.subarray(0, end)))
    return isOurs ? toHex(bytes.subarray(1, end)) : undefined
  }

  #sign(bytes: Uint8Array): Uint8Array {
    return this.#parts.compute.hmacSha256(this.#key, bytes).subarray(0, signatureBytes)
  }
}

function ended(id: string): FrostError {
  return new FrostError('share-link-ended', `The share link ${id} has ended.`)
}
