// HMAC-SHA1 (RFC 2104), for Signature Version 2 only.

import type { Compute } from '../../../ports/compute.ts'

const blockBytes = 64

export function hmacSha1(compute: Compute, key: Uint8Array, data: Uint8Array): Uint8Array {
  const block = new Uint8Array(blockBytes)
  block.set(key.length > blockBytes ? sha1(compute, [key]) : key)
  const inner = sha1(compute, [block.map((byte) => byte ^ 0x36), data])
  return sha1(compute, [block.map((byte) => byte ^ 0x5c), inner])
}

function sha1(compute: Compute, pieces: readonly Uint8Array[]): Uint8Array {
  const digest = compute.createDigest('sha1')
  for (const piece of pieces) digest.update(piece)
  return digest.digest()
}
