/**
 * Arithmetic over many bytes. It lies behind a port because the fast ways are native modules, which only src/node may load:
 * the simulated one computes the same with less.
 */
export interface Compute {
  /** CRC-32 (IEEE 802.3, as zlib's), in place and at once. `previous` is the CRC of what came before; 0 at the start. */
  crc32(bytes: Uint8Array, previous?: number): number
  /** A digest under way. Any number of them can be, side by side. */
  createDigest(algorithm: DigestAlgorithm): Digest
  /** The SHA-256 of a few bytes, as hex digits in lower case: for less than a digest under way costs. */
  sha256Hex(bytes: Uint8Array): string
  /** HMAC-SHA-256. `key` and `data` are not kept. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer>
  /** A key that checks many times: each costs half of what it costs with `hmacSha256`. `key` is not kept but in a copy. */
  createHmacKey(key: Uint8Array): HmacKey
  /** Compares without telling by its time where the two differ. */
  equalsConstantTime(left: Uint8Array, right: Uint8Array): boolean
}

export interface HmacKey {
  /**
   * Whether `hex`, hex digits in lower case, spell the HMAC-SHA-256 of `data`; tells nothing by its time but the number of digits. In a
   * text, characters stand for bytes (Latin-1), so none may be above U+00FF.
   */
  matches(data: Uint8Array | string, hex: string): boolean
}

/** `crc32`: IEEE 802.3; `crc32c`: Castagnoli (RFC 3720); `crc64nvme`: NVM Express NVM Command Set Specification 1.0d. */
export type DigestAlgorithm = 'md5' | 'sha1' | 'sha256' | 'crc32' | 'crc32c' | 'crc64nvme'

export interface Digest {
  /**
   * Takes the next bytes, in place and at once; they are not kept. Slices of at most 256 KiB, so that the event loop is held up
   * for no more than half a millisecond (MD5, the slowest, costs 1.5 to 2 s per GiB).
   */
  update(bytes: Uint8Array): void
  /** Ends the digest; nothing may be called on it afterwards. CRCs come in big-endian order, 4 or 8 bytes. */
  digest(): Uint8Array<ArrayBuffer>
}
