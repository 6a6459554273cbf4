/**
 * Work that takes long and would stall the event loop, done on the thread pool. It lies behind a port because
 * what the thread pool finishes first is not deterministic: the simulated one computes in place.
 */
export interface Compute {
  /** CRC-32 (IEEE 802.3, as zlib's), in place and at once. `previous` is the CRC of what came before; 0 at the start. */
  crc32(bytes: Uint8Array, previous?: number): number
  /** An incremental digest. `update` copies nothing: `bytes` must not change until its promise resolves. */
  createHash(algorithm: 'md5' | 'sha1' | 'sha256'): ComputeHash
  /** HMAC-SHA-256. `key` and `data` are not kept. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer>
  /** Compares without telling by its time where the two differ. */
  equalsConstantTime(left: Uint8Array, right: Uint8Array): boolean
}

export interface ComputeHash {
  update(bytes: Uint8Array): Promise<void>
  /** Ends the hash; nothing may be called on it afterwards. */
  digest(): Promise<Uint8Array<ArrayBuffer>>
}
