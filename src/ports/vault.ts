/**
 * The slow and the secret part: password hashes, sealed secrets and encrypted content. Behind a port because a password's hash is
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
  /** As `seal`, piece by piece, for content. `key` is not kept after the call; a (key, nonce) pair is never used twice. */
  createSealer(options: SealOptions): Sealer
  /** As `open`, piece by piece. */
  createOpener(options: SealOptions): Opener
}

export interface Sealer {
  /** The ciphertext of the next bytes, as long as they are, in memory of its own that belongs to the caller. `plain` is not kept. */
  update(plain: Uint8Array): Uint8Array<ArrayBuffer>
  /** The 16 bytes of the tag; nothing may be called afterwards. */
  finish(): Uint8Array<ArrayBuffer>
}

export interface Opener {
  /** The next bytes as if they were genuine, in memory of its own: nobody may see them before `finish` said so. `sealed` is not kept. */
  update(sealed: Uint8Array): Uint8Array<ArrayBuffer>
  /** Whether all that came was sealed with this key, nonce and context, and has this tag; nothing may be called afterwards. */
  finish(tag: Uint8Array): boolean
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
