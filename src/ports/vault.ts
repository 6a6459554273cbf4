/**
 * The slow and the secret part of access control: password hashes and sealed secrets. Behind a port because a password's hash is
 * computed on the thread pool.
 */
export interface Vault {
  /**
   * Argon2id (RFC 9106, version 0x13) on the thread pool; 32 bytes. The caller bounds how many run at once: each takes
   * `memoryKib` and a core for some 50 ms.
   */
  argon2id(password: Uint8Array, salt: Uint8Array, cost: PasswordCost): Promise<Uint8Array<ArrayBuffer>>
  /** AES-256-GCM: ciphertext, then the 16 bytes of the tag. `key` has 32 bytes, `nonce` 12, never used twice with a key. */
  seal(plain: Uint8Array, options: SealOptions): Uint8Array<ArrayBuffer>
  /** `undefined`: it was not sealed with this key, nonce and context. */
  open(sealed: Uint8Array, options: SealOptions): Uint8Array<ArrayBuffer> | undefined
}

export interface PasswordCost {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}

export interface SealOptions {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  /** Authenticated, not stored: what the secret belongs to. */
  readonly context: Uint8Array
}
