// CRC-32C (Castagnoli; RFC 3720, appendix B.4). Long runs of bytes go through `Compute.createDigest`, whose real form is native.

import { byteTableOf, multiply, powerOf } from './crc-polynomial.ts'

/** x^32 + x^28 + x^27 + x^26 + x^25 + x^23 + x^22 + x^20 + x^19 + x^18 + x^14 + x^13 + x^11 + x^10 + x^9 + x^8 + x^6 + 1, reflected. */
const polynomial = 0x82f6_3b78

const byteTable = byteTableOf(polynomial)

/** Byte by byte, 0.3 GiB/s: for the simulation, which has no native modules. */
export function crc32cShort(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous
  for (const byte of bytes) crc = (byteTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}

/** The check of left ‖ right from the checks of both, for any length of the right part (about 1 µs). */
export function joinCrc32c(left: number, right: number, rightBytes: number): number {
  return (multiply(powerOf(rightBytes, polynomial), left, polynomial) ^ right) >>> 0
}
