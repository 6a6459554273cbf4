// How the content of an encrypted object lies in its stored bytes; byte by byte in docs/design/encryption.md. Version 1:
//
//     object put at once:  segment 0 · segment 1 · … · last segment
//     part of a multipart: salt (16) · segment 0 · … · last segment
//     segment:             ciphertext of 65,536 bytes, the last one's of 0 to 65,536 · tag (16)
//
// This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online authenticated-encryption and its nonce-reuse
// misuse-resistance", CRYPTO 2015), as Tink's streaming AEAD has it: each segment is AES-256-GCM under a nonce of its number
// and of whether it is the last, so none can be dropped, added, moved or cut without its tag failing. Each object has a random
// data key; the key of a stream is derived from it, the part's number and the part's salt, so no segment opens in another
// object, in another part, or beside those of another upload of the same part, and no nonce is ever used twice with a key.

import { assert } from '../../base/assert.ts'
import { KIB } from '../../base/units.ts'
import type { Compute } from '../../ports/compute.ts'

export const segmentBytes = 64 * KIB
export const tagBytes = 16
export const saltBytes = 16
export const dataKeyBytes = 32
export const sealedSegmentBytes = segmentBytes + tagBytes

/** In bytes as the client sees them. `number`: 1 to 10,000. */
export interface PlainPart {
  readonly number: number
  readonly length: number
}

/** `whole`: put at once. Else the parts in the order in which they lie. */
export type PlainLayout =
  | { readonly kind: 'whole'; readonly length: number }
  | { readonly kind: 'parts'; readonly parts: readonly PlainPart[] }

const label = new TextEncoder().encode('frostbyte object stream, version 1')

/** HMAC-SHA-256 of label · part number (u32, big-endian; 0: put at once) · salt (of a part), under the data key. */
export function streamKey(
  compute: Compute,
  dataKey: Uint8Array,
  part: number,
  salt: Uint8Array,
): Uint8Array<ArrayBuffer> {
  assert(dataKey.length === dataKeyBytes, 'a data key has 32 bytes')
  assert(salt.length === (part === 0 ? 0 : saltBytes), 'a part has a salt, a whole has none')
  const message = new Uint8Array(label.length + 4 + salt.length)
  message.set(label)
  new DataView(message.buffer).setUint32(label.length, part)
  message.set(salt, label.length + 4)
  return compute.hmacSha256(dataKey, message)
}

/** u8 1 for the last segment, else 0 · three zeros · segment number (u64, big-endian). */
export function segmentNonce(segment: number, isLast: boolean): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(12)
  nonce[0] = isLast ? 1 : 0
  const view = new DataView(nonce.buffer)
  view.setUint32(4, Math.floor(segment / 2 ** 32))
  view.setUint32(8, segment >>> 0)
  return nonce
}

/** An empty stream has one segment, which is empty. */
export function segmentCount(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / segmentBytes))
}

/** Of an object that is put at once. */
export function storedSizeOfWhole(plainBytes: number): number {
  return plainBytes + tagBytes * segmentCount(plainBytes)
}

export function storedSizeOfPart(plainBytes: number): number {
  return saltBytes + storedSizeOfWhole(plainBytes)
}

/** What the client sees of `storedBytes` of an object that was put at once. `undefined`: no object has that size. */
export function plainSizeOfWhole(storedBytes: number): number | undefined {
  const segments = Math.ceil(storedBytes / sealedSegmentBytes)
  const plainBytes = storedBytes - tagBytes * segments
  return segments > 0 && plainBytes >= 0 && storedSizeOfWhole(plainBytes) === storedBytes ? plainBytes : undefined
}

/** As `plainSizeOfWhole`, of a part. */
export function plainSizeOfPart(storedBytes: number): number | undefined {
  return plainSizeOfWhole(storedBytes - saltBytes)
}

export function plainSize(layout: PlainLayout): number {
  return layout.kind === 'whole' ? layout.length : layout.parts.reduce((sum, { length }) => sum + length, 0)
}

export function storedSize(layout: PlainLayout): number {
  return layout.kind === 'whole'
    ? storedSizeOfWhole(layout.length)
    : layout.parts.reduce((sum, { length }) => sum + storedSizeOfPart(length), 0)
}
